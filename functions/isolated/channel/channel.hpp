// Questions and answers over a segment: one at a time, numbered.
#pragma once

#include "functions/isolated/channel/segment.hpp"
#include "libfaas/core/spin_budget.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace faas::isolated {

enum class wait_result : uint8_t { answered, timed_out, corrupted };

/// The node's end. Trusts no word in the segment. One thread at a time.
class node_end {
public:
  explicit node_end(const segment& memory);

  /// Asks the next question. False when head or body do not fit.
  bool ask(std::string_view head, std::string_view body) noexcept;
  /// Waits for its answer, at most until then.
  wait_result wait(time_point until) noexcept;
  /// After wait_result::answered: a copy of the answer's head, which the worker
  /// cannot change any more; nothing when its size is a lie.
  std::optional<std::string_view> answer_head();
  /// A copy of the first bytes of the answer's body; at most as much as fits.
  std::string answer_body(uint64_t bytes) const;
  void cancel() noexcept { words_.cancelled.store(asked_); }
  /// Whether the worker began with the question. It may lie.
  bool taken() const noexcept { return words_.taken.load() == asked_; }

private:
  const segment& memory_;
  shared_words& words_;
  uint32_t asked_ = 0;
  std::string head_; ///< kept for its memory
  spin_budget spin_;
};

/// The worker's end. Trusts its node.
class worker_end {
public:
  explicit worker_end(const segment& memory);

  /// The next question's head; valid until it is answered. Waits for ever: who
  /// watches whether the node is alive ends the process.
  std::string_view next() noexcept;
  std::string_view body(uint64_t bytes) const noexcept;
  /// Answers it. False when head or body do not fit: nothing was sent then.
  bool answer(std::string_view head, std::string_view body) noexcept;
  /// Any thread, during a question.
  bool cancelled() const noexcept;

private:
  const segment& memory_;
  shared_words& words_;
  std::atomic<uint32_t> asked_{0};
  spin_budget spin_;
};

} // namespace faas::isolated
