// Questions to a peer how busy it is, until they are answered.
#pragma once

#include "libfaas/ports/function_host.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <utility>

namespace faas::actors {

/// The last `most` questions; of more the oldest are given up, as are those
/// that get no answer. One thread.
class probe_book {
public:
  using callback = std::function<void(const host_probe&)>;
  static constexpr size_t most = 256;

  /// The number that the answer must name.
  uint64_t ask(callback answered) {
    all_[++last_ % most] = {last_, std::move(answered)};
    return last_;
  }
  /// Whom to tell; empty: nobody asked, or not lately.
  callback take(uint64_t number) {
    auto& slot = all_[number % most];
    return slot.number == number ? std::exchange(slot.answered, nullptr)
                                 : nullptr;
  }

private:
  struct question {
    uint64_t number = 0;
    callback answered;
  };
  std::array<question, most> all_;
  uint64_t last_ = 0;
};

} // namespace faas::actors
