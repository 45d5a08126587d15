// Questions to a peer how busy it is, until they are answered.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/ports/function_host.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace faas::actors {

/// At most `most` at a time: what would be more is not asked, until a question
/// is answered or has waited for `patience`. One thread.
class probe_book {
public:
  using callback = std::function<void(const host_probe&)>;
  static constexpr size_t most = 1024;
  static constexpr auto patience = std::chrono::seconds{1};

  /// The number that the answer must name; 0: it is not to be asked.
  uint64_t ask(callback answered, time_point now) {
    auto& slot = all_[(last_ + 1) % most];
    if (slot.answered && now - slot.asked < patience)
      return 0;
    slot = {++last_, now, std::move(answered)};
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
    time_point asked{};
    callback answered;
  };
  std::vector<question> all_ = std::vector<question>(most);
  uint64_t last_ = 0;
};

} // namespace faas::actors
