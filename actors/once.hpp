// How actors of one node answer and share.
#pragma once

#include "libfaas/ports/admin_port.hpp"

#include <memory>
#include <utility>

namespace faas::actors {

/// Answers an admin call exactly once: dropped unanswered, it says that the
/// node could not.
template <class T>
class once {
public:
  once() = default;
  explicit once(reply_to<T> to) : state_(std::make_shared<state>()) {
    state_->to = std::move(to);
  }
  void operator()(result<T> value) const {
    if (auto to = std::exchange(state_->to, nullptr))
      to(std::move(value));
  }

private:
  struct state {
    reply_to<T> to;
    ~state() {
      if (to)
        to(error{errc::unavailable, "the call was dropped by its actor",
                 "repeat it; see the node's log"});
    }
  };
  std::shared_ptr<state> state_;
};

/// A local message: shared, immutable.
template <class T>
using local = std::shared_ptr<const T>;
template <class T>
local<std::decay_t<T>> make_local(T&& value) {
  return std::make_shared<const std::decay_t<T>>(std::forward<T>(value));
}

} // namespace faas::actors
