#include "libfaas/event/invocation.hpp"

#include <algorithm>

namespace faas {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

} // namespace

const std::string* find_header(const header_list& headers,
                               std::string_view name) noexcept {
  for (const auto& header : headers)
    if (header.name.size() == name.size()
        && std::equal(name.begin(), name.end(), header.name.begin(),
                      [](char a, char b) { return lower(a) == lower(b); }))
      return &header.value;
  return nullptr;
}

reply reply::failure(error what) {
  reply answer;
  answer.code = what.code;
  answer.status = http_status(what.code);
  answer.content_type = "application/json";
  answer.message = std::move(what.message);
  answer.next_step = std::move(what.next_step);
  return answer;
}

} // namespace faas
