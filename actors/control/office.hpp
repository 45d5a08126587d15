// A controller's turns to lead.
#pragma once

#include "libfaas/ports/lease.hpp"

#include <functional>
#include <string>

namespace faas::actors {

/// Whether this controller leads, and whether it knows what the store says in
/// its term. Without a seat it is the only one and always leads. Part of the
/// controller; its thread only.
class office {
public:
  struct parts {
    leader_seat* seat = nullptr;
    uint64_t term = 0; ///< in which the state was loaded that is there; 0: none
    /// Reads the store; `taken_over`: in a term that has just begun.
    std::function<result<void>(bool taken_over)> load;
    std::function<void(const std::string&)> note;
  };

  office() = default;
  explicit office(parts with)
    : parts_(std::move(with)), term_(parts_.term), loaded_in_(parts_.term) {}

  /// By the clock, not by the news, which may be late.
  bool leads();
  /// It leads, by what the store says now; else why not.
  result<void> check();
  /// What this node remembers may be told while nobody else is known to lead.
  result<void> check_reads();

  /// The store may have moved on: refresh() reads it.
  void doubt() noexcept { in_doubt_ = true; }
  result<void> refresh();

  void heard(const leader_news& now);
  /// What is known is of the present term.
  bool is_taken() const noexcept { return loaded_in_ == term_; }
  uint64_t term() const noexcept { return term_; } ///< of the last lease
  bool by_turns() const noexcept { return parts_.seat != nullptr; }

private:
  parts parts_;
  uint64_t term_ = 0, loaded_in_ = 0;
  bool in_doubt_ = false;
  bool elsewhere_ = false; ///< another is known to lead
};

} // namespace faas::actors
