// What the body of a test function's event says: "WORD" or "WORD NUMBER".
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

struct order {
  explicit order(std::string_view body) noexcept {
    const auto space = body.find(' ');
    word = body.substr(0, space);
    if (space != body.npos)
      std::from_chars(body.data() + space + 1, body.data() + body.size(),
                      number);
  }
  std::string_view word;
  int64_t number = 0;
};
