#include "tools/faas-cli/arguments.hpp"

#include "libfaas/manifest/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <cxxopts.hpp>

namespace faas::cli {
namespace {

constexpr const char* words_name = "words";

error wrong(std::string what) {
  return {errc::invalid_argument, std::move(what),
          "`faas-cli help COMMAND` lists the options"};
}

std::string short_and_long(const option& o) {
  const std::string_view names = o.names;
  const auto comma = names.find(',');
  auto text = comma == std::string_view::npos
                ? "    --" + std::string{names}
                : "-" + std::string{names.substr(0, comma)} + ", --"
                    + std::string{names.substr(comma + 1)};
  if (o.type != option::kind::flag)
    text += std::string{" "} + o.value_name;
  return text;
}

} // namespace

std::string_view option::long_name() const noexcept {
  const std::string_view all = names;
  const auto comma = all.find(',');
  return comma == std::string_view::npos ? all : all.substr(comma + 1);
}

result<arguments> arguments::parse(option_groups groups,
                                   const std::vector<std::string>& words) {
  arguments out;
  try {
    cxxopts::Options parser{"faas-cli"};
    for (const auto group : groups) {
      for (const auto& o : group) {
        if (o.type == option::kind::flag)
          parser.add_options()(o.names, o.help);
        else
          parser.add_options()(o.names, o.help, cxxopts::value<std::string>());
      }
    }
    parser.add_options()(words_name, "",
                         cxxopts::value<std::vector<std::string>>());
    parser.parse_positional({words_name});
    std::vector<const char*> argv{"faas-cli"};
    for (const auto& word : words)
      argv.push_back(word.c_str());
    const auto parsed
      = parser.parse(static_cast<int>(argv.size()), argv.data());
    for (const auto& found : parsed.arguments()) {
      if (found.key() == words_name)
        out.words_.push_back(found.value());
      else
        out.values_[found.key()].push_back(found.value());
    }
    for (const auto& rest : parsed.unmatched())
      out.words_.push_back(rest);
  } catch (const std::exception& failure) { // cxxopts reports so
    return wrong(failure.what());
  }
  return out;
}

bool arguments::has(std::string_view name) const noexcept {
  return values_.contains(name);
}

std::string arguments::get(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second.back();
}

std::vector<std::string> arguments::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

result<duration> arguments::time(std::string_view name, duration normal) const {
  if (!has(name))
    return normal;
  auto value = parse_duration(get(name));
  if (!value)
    return wrong("--" + std::string{name} + ": " + value.error().message);
  return value;
}

result<int64_t> arguments::number(std::string_view name, int64_t normal) const {
  if (!has(name))
    return normal;
  const auto text = get(name);
  int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || stop != end)
    return wrong("--" + std::string{name} + ": \"" + text
                 + "\" is not a whole number");
  return value;
}

std::string describe_options(arguments::option_groups groups) {
  size_t width = 0;
  for (const auto group : groups)
    for (const auto& o : group)
      width = std::max(width, short_and_long(o).size());
  std::string text;
  for (const auto group : groups) {
    for (const auto& o : group) {
      auto left = short_and_long(o);
      left.resize(width, ' ');
      text += "  " + left + "  " + o.help + "\n";
    }
  }
  return text;
}

} // namespace faas::cli
