// Kinds of properties, for the table of them. Private to this folder.
#pragma once

#include "tools/faas-node/config.hpp"

#include <charconv>

namespace faas::node::kinds {

inline result<void> wrong(std::string_view allowed, const std::string& got) {
  return error{errc::invalid_argument,
               "\"" + got + "\" is not allowed, expected "
                 + std::string{allowed}};
}

inline std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from <= text.size() && !text.empty()) {
    const auto comma = std::min(text.find(',', from), text.size());
    auto part = text.substr(from, comma - from);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty())
      parts.push_back(std::move(part));
    from = comma + 1;
  }
  return parts;
}

inline std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts)
    text += (text.empty() ? "" : ",") + part;
  return text;
}

inline property text(std::string_view key, std::string_view doc,
              std::string config::* field, std::string default_text) {
  property made{key, "text", "", doc, "", std::move(default_text), {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    to.*field = value;
    return {};
  };
  made.get = [field](const config& from) { return from.*field; };
  return made;
}

inline property flag(std::string_view key, std::string_view doc, bool config::* field) {
  property made{key, "yes/no", "", doc, "true or false",
                config{}.*field ? "true" : "false", {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    if (value != "true" && value != "false")
      return wrong("true or false", value);
    to.*field = value == "true";
    return {};
  };
  made.get = [field](const config& from) {
    return std::string{from.*field ? "true" : "false"};
  };
  return made;
}

template <class Number>
property number(std::string_view key, std::string_view unit,
                std::string_view doc, Number config::* field, uint64_t low,
                uint64_t high, std::string_view range) {
  property made{key, "number", unit, doc, range,
                std::to_string(config{}.*field), {}, {}};
  made.set = [=](config& to, const std::string& value) -> result<void> {
    uint64_t read = 0;
    const auto* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, read);
    if (parsed.ec != std::errc{} || parsed.ptr != end || read < low
        || read > high)
      return wrong("a whole number " + std::string{range}, value);
    to.*field = static_cast<Number>(read);
    return {};
  };
  made.get = [field](const config& from) {
    return std::to_string(from.*field);
  };
  return made;
}

/// Between 0 and 1.
inline property share(std::string_view key, std::string_view doc,
               double config::* field) {
  const auto shown = [](double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    return std::string{text, end.ptr};
  };
  property made{key, "number", "", doc, "0 to 1", shown(config{}.*field),
                {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    double read = 0;
    const auto* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, read);
    if (parsed.ec != std::errc{} || parsed.ptr != end
        || !(read >= 0 && read <= 1))
      return wrong("a number 0 to 1", value);
    to.*field = read;
    return {};
  };
  made.get = [=](const config& from) { return shown(from.*field); };
  return made;
}

inline property list(std::string_view key, std::string_view doc,
              std::vector<std::string> config::* field) {
  property made{key, "list", "", doc, "comma separated", "", {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    to.*field = split(value);
    return {};
  };
  made.get = [field](const config& from) { return joined(from.*field); };
  return made;
}

} // namespace faas::node::kinds
