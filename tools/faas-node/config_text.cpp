// Reading and writing of the configuration.
#include "tools/faas-node/config.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace faas::node {
namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const auto change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j],
                               std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row[b.size()];
}

result<void> apply(config& to, std::string_view key, const std::string& value) {
  const property* nearest = nullptr;
  for (const auto& known : properties()) {
    if (known.key == key) {
      auto done = known.set(to, value);
      if (!done)
        return error{errc::invalid_argument,
                     std::string{key} + ": " + done.error().message};
      return {};
    }
    if (nearest == nullptr
        || distance(known.key, key) < distance(nearest->key, key))
      nearest = &known;
  }
  return error{errc::invalid_argument,
               "there is no setting \"" + std::string{key} + "\"",
               "the nearest is " + std::string{nearest->key}
                 + "; see docs/configuration.md"};
}

result<void> apply_node(config& to, const std::string& prefix,
                        const YAML::Node& node);

std::string scalar_of(const YAML::Node& value) {
  if (value.IsSequence()) {
    std::string text;
    for (const auto& one : value)
      text += (text.empty() ? "" : ",") + one.as<std::string>();
    return text;
  }
  return value.IsNull() ? "" : value.as<std::string>();
}

result<void> apply_entry(config& to, const std::string& key,
                         const YAML::Node& value) {
  const bool known
    = std::any_of(properties().begin(), properties().end(),
                  [&](const property& p) { return p.key == key; });
  if (value.IsMap() && !known)
    return apply_node(to, key + ".", value);
  std::string text;
  if (value.IsMap()) { // labels as a mapping
    for (const auto& one : value)
      text += (text.empty() ? "" : ",") + one.first.as<std::string>() + "="
              + one.second.as<std::string>();
  } else {
    text = scalar_of(value);
  }
  auto done = apply(to, key, text);
  if (!done)
    return error{errc::invalid_argument,
                 "line " + std::to_string(value.Mark().line + 1) + ": "
                   + done.error().message,
                 done.error().next_step};
  return {};
}

result<void> apply_node(config& to, const std::string& prefix,
                        const YAML::Node& node) {
  for (const auto& entry : node) {
    auto done = apply_entry(to, prefix + entry.first.as<std::string>(),
                            entry.second);
    if (!done)
      return done;
  }
  return {};
}

} // namespace

result<void> apply_yaml(config& to, std::string_view text,
                        std::string_view file) {
  try {
    const auto root = YAML::Load(std::string{text});
    if (!root.IsMap() && !root.IsNull())
      return error{errc::invalid_argument,
                   std::string{file} + " is not a mapping of settings"};
    auto done = apply_node(to, "", root);
    if (!done)
      return error{errc::invalid_argument,
                   std::string{file} + ", " + done.error().message,
                   done.error().next_step};
    return done;
  } catch (const YAML::Exception& failed) {
    return error{errc::invalid_argument,
                 std::string{file} + ", line "
                   + std::to_string(failed.mark.line + 1) + ": " + failed.msg};
  }
}

result<void> apply_setting(config& to, std::string_view setting) {
  const auto equals = setting.find('=');
  if (equals == std::string_view::npos)
    return error{errc::invalid_argument,
                 "\"" + std::string{setting} + "\" is not key=value"};
  return apply(to, setting.substr(0, equals),
               std::string{setting.substr(equals + 1)});
}

namespace {

/// As a YAML scalar in single quotes, in which only the quote is special.
std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value)
    text += c == '\'' ? "''" : std::string(1, c);
  return text + "'";
}

} // namespace

std::string dump(const config& effective) {
  std::string text;
  for (const auto& one : properties())
    text += std::string{one.key} + ": " + quoted(one.get(effective)) + "\n";
  return text;
}

std::string reference() {
  std::string text
    = "# Configuration of faas-node\n\n"
      "Made by `faas-node --config-reference`. Settings come from the file "
      "given with\n`--config FILE` (YAML; `gateway: {port: 1}` and "
      "`gateway.port: 1` are the same),\nthen from `--set key=value`. An "
      "unknown key is an error. Every change needs a\nrestart. `faas-node "
      "--dump-config` prints the effective values.\n\n"
      "| key | type | unit | default | allowed | meaning |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const auto& one : properties())
    text += "| `" + std::string{one.key} + "` | " + std::string{one.type}
            + " | " + std::string{one.unit} + " | " + one.default_text + " | "
            + std::string{one.range} + " | " + std::string{one.doc} + " |\n";
  return text;
}

} // namespace faas::node
