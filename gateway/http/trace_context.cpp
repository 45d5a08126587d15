#include "gateway/http/trace_context.hpp"

#include "gateway/http/text.hpp"
#include "libfaas/core/random.hpp"

#include <algorithm>

namespace faas::http {
namespace {

constexpr size_t header_length = 55;
constexpr size_t max_members = 32;
constexpr size_t max_state = 512;
constexpr size_t long_member = 128;

/// Lower-case hex only, as the specification demands.
bool hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

bool all_zero(std::string_view text) noexcept {
  return text.find_first_not_of('0') == text.npos;
}

int digit(char c) noexcept {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

bool valid(std::string_view text) noexcept {
  if (text.size() < header_length
      || (text.size() > header_length && text[header_length] != '-'))
    return false;
  const auto version = text.substr(0, 2);
  if (!hex(version) || version == "ff"
      || (version == "00" && text.size() != header_length))
    return false;
  const auto trace = text.substr(3, 32), parent = text.substr(36, 16);
  return text[2] == '-' && text[35] == '-' && text[52] == '-' && hex(trace)
         && !all_zero(trace) && hex(parent) && !all_zero(parent)
         && hex(text.substr(53, 2));
}

size_t joined_size(const std::vector<std::string_view>& members) noexcept {
  size_t size = members.empty() ? 0 : members.size() - 1;
  for (const auto member : members)
    size += member.size();
  return size;
}

} // namespace

std::string forward_traceparent(std::string_view incoming,
                                random_source& random) {
  incoming = trim(incoming);
  if (!valid(incoming))
    return {};
  std::string out{incoming.substr(0, header_length)};
  out[0] = out[1] = '0';
  auto parent = random.next();
  while (parent == 0)
    parent = random.next();
  constexpr char digits[] = "0123456789abcdef";
  for (size_t i = 36; i < 52; ++i, parent >>= 4)
    out[i] = digits[parent & 15];
  const auto flags = digit(out[54]) & 3;
  out[53] = '0';
  out[54] = digits[flags];
  return out;
}

std::string join_tracestate(const std::vector<std::string_view>& lines) {
  std::vector<std::string_view> members;
  for (const auto line : lines)
    for_each_item(line, [&](std::string_view member) {
      if (member.find('=') != member.npos && members.size() < max_members)
        members.push_back(member);
    });
  while (joined_size(members) > max_state) {
    auto large = std::find_if(members.rbegin(), members.rend(),
                              [](auto m) { return m.size() > long_member; });
    if (large == members.rend())
      members.pop_back();
    else
      members.erase(std::next(large).base());
  }
  std::string out;
  for (const auto member : members) {
    if (!out.empty())
      out += ',';
    out += member;
  }
  return out;
}

} // namespace faas::http
