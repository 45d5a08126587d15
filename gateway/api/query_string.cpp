#include "gateway/api/query_string.hpp"

namespace faas::api {
namespace {

int hex(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text,
                                          bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size())
        return std::nullopt;
      const auto high = hex(text[i + 1]), low = hex(text[i + 2]);
      if (high < 0 || low < 0)
        return std::nullopt;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.starts_with(key)
        && (pair.size() == key.size() || pair[key.size()] == '='))
      return percent_decode(pair.substr(std::min(pair.size(), key.size() + 1)),
                            true)
        .value_or("");
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
  }
  return {};
}

} // namespace faas::api
