#include "libfaas/event/items.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

namespace faas {
namespace {

constexpr auto npos = std::string_view::npos;

// -- zip (APPNOTE.TXT 4.3) -----------------------------------------------------

constexpr std::string_view first_entry{"PK\3\4", 4};
constexpr std::string_view entry_mark{"PK\1\2", 4};
constexpr std::string_view end_mark{"PK\5\6", 4};
constexpr size_t end_bytes = 22, entry_bytes = 46, longest_comment = 65'535;

size_t number(std::string_view bytes, size_t at, size_t width) {
  size_t value = 0;
  for (size_t i = width; i-- > 0;)
    value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

/// Where the end record is: the last one whose comment reaches the end.
size_t end_record(std::string_view body) {
  if (body.size() < end_bytes)
    return npos;
  const auto last = body.size() - end_bytes;
  const auto least = last - std::min(last, longest_comment);
  for (auto at = last + 1; at-- > least;)
    if (body.compare(at, end_mark.size(), end_mark) == 0
        && number(body, at + 20, 2) == last - at)
      return at;
  return npos;
}

size_t zip_items(std::string_view body) {
  const auto end = end_record(body);
  if (end == npos)
    return 0;
  const auto entries = number(body, end + 10, 2);
  const auto length = number(body, end + 12, 4);
  if (length > end)
    return 0;
  auto left = body.substr(end - length, length); // the directory ends there
  size_t items = 0;
  for (size_t i = 0; i < entries; ++i) {
    if (left.size() < entry_bytes
        || left.compare(0, entry_mark.size(), entry_mark) != 0)
      return 0;
    const auto name = number(left, 28, 2);
    const auto whole
      = entry_bytes + name + number(left, 30, 2) + number(left, 32, 2);
    if (whole > left.size())
      return 0;
    if (name > 0 && left[entry_bytes + name - 1] != '/')
      ++items;
    left.remove_prefix(whole);
  }
  return left.empty() ? items : 0;
}

// -- multipart (RFC 2046, 5.1) -------------------------------------------------

constexpr size_t longest_boundary = 70;
constexpr size_t longest_head = 4096; ///< of a part; further lines are not read

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool begins(std::string_view text, std::string_view with) {
  return text.size() >= with.size()
         && std::equal(with.begin(), with.end(), text.begin(),
                       [](char a, char b) { return a == lower(b); });
}

/// Position of lower-case `what`, in any case; npos: not there.
size_t find_word(std::string_view text, std::string_view what) {
  const auto at
    = std::search(text.begin(), text.end(), what.begin(), what.end(),
                  [](char a, char b) { return lower(a) == b; });
  return at == text.end() ? npos : static_cast<size_t>(at - text.begin());
}

std::string_view boundary_of(std::string_view content_type) {
  const auto at = find_word(content_type, "boundary=");
  if (at == npos)
    return {};
  auto value = content_type.substr(at + 9);
  if (value.starts_with('"')) {
    const auto end = value.find('"', 1);
    return end == npos ? std::string_view{} : value.substr(1, end - 1);
  }
  return value.substr(0, value.find_first_of("; \t"));
}

/// What follows the next delimiter line; none: there is no further one. `left`
/// begins with the CRLF before a delimiter, or at the body's begin.
struct delimiter {
  std::string_view after;
  bool closing = false;
};
std::optional<delimiter> next_delimiter(std::string_view left,
                                        std::string_view boundary,
                                        bool at_begin) {
  const auto fits = [&](size_t at) {
    return left.compare(at, 2, "--") == 0
           && left.compare(at + 2, boundary.size(), boundary) == 0;
  };
  for (size_t line = at_begin ? 0 : npos;;) {
    if (line != npos && fits(line)) {
      auto rest = left.substr(line + 2 + boundary.size());
      if (rest.starts_with("--"))
        return delimiter{rest, true};
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
      if (rest.starts_with("\r\n"))
        return delimiter{rest, false};
    }
    const auto from = line == npos ? 0 : line;
    const auto next = left.find("\r\n--", from);
    if (next == npos)
      return std::nullopt;
    line = next + 2;
  }
}

/// `part` begins with the line end of its delimiter.
bool has_file_name(std::string_view part) {
  const auto begin = part.substr(0, longest_head);
  const auto head = begin.substr(0, begin.find("\r\n\r\n"));
  const auto at = find_word(head, "content-disposition:");
  return at != npos
         && find_word(head.substr(at, head.find('\r', at) - at), "filename")
              != npos;
}

size_t multipart_items(std::string_view content_type, std::string_view body) {
  const auto boundary = boundary_of(content_type);
  if (boundary.empty() || boundary.size() > longest_boundary)
    return 0;
  auto at = next_delimiter(body, boundary, true);
  size_t parts = 0, files = 0;
  while (at && !at->closing) {
    const auto part = at->after;
    at = next_delimiter(part, boundary, false);
    ++parts;
    if (at)
      files += has_file_name(part.substr(
        0, static_cast<size_t>(at->after.data() - part.data())));
  }
  if (!at) // no closing delimiter: it was cut
    return 0;
  return begins(content_type, "multipart/form-data") && files > 0 ? files
                                                                  : parts;
}

} // namespace

size_t count_items(std::string_view content_type,
                   std::string_view body) noexcept {
  content_type.remove_prefix(
    std::min(content_type.find_first_not_of(" \t"), content_type.size()));
  if (body.empty())
    return 0;
  if (begins(content_type, "multipart/"))
    return multipart_items(content_type, body);
  if (begins(content_type, "application/zip") || body.starts_with(first_entry)
      || body.starts_with(end_mark))
    return zip_items(body);
  return 1;
}

} // namespace faas
