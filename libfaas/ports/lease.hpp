// Who leads: a right for a time, which others can take over when it ends.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace faas {

/// A right that was granted. The token is higher than every one before it, so
/// that a store can refuse what a former holder still sends (fencing).
struct lease {
  std::string holder; ///< unique per process: name and boot id
  uint64_t token = 0; ///< 0: none
  bool operator==(const lease&) const = default;
};

struct lease_answer {
  std::optional<lease> granted;
  /// When not granted: who has it, and how long at most without a renewal.
  std::string held_by;
  duration left{};
};

/// Holds one lease. Blocking calls with deadlines; errc::unavailable when the
/// store cannot be reached, in which case the lease may or may not have been
/// granted. Time runs on the store's clock: a holder must count its own term
/// from before it asked (see libfaas/flow/leadership.hpp). Not thread safe.
class lease_store {
public:
  virtual ~lease_store() = default;
  /// Takes the lease when it is free, has run out or is the holder's own; each
  /// grant has a new token.
  virtual result<lease_answer> acquire(const std::string& holder,
                                       duration ttl) = 0;
  /// Another ttl from now. False: it is no longer this lease's.
  virtual result<bool> renew(const lease& held, duration ttl) = 0;
  /// Ends it at once; nothing when it is another's.
  virtual result<void> release(const lease& held) = 0;
};

/// Who leads, as one controller knows it.
struct leader_news {
  lease held;          ///< its own lease while it leads; else token 0
  std::string held_by; ///< who else has it; empty: unknown
  bool operator==(const leader_news&) const = default;
};

/// This controller's place among several, of which one leads. Any thread.
class leader_seat {
public:
  virtual ~leader_seat() = default;
  /// The lease while it may be used, by this machine's clock; token 0
  /// otherwise. Whoever acts as the leader looks here first: news may be late.
  virtual lease held() const = 0;
  /// Why there is none: errc::unavailable, and where to turn.
  virtual error trouble() const = 0;
  /// `told` gets the present state at once and each change after it, one at a
  /// time; must not block. Null ends it and waits for a call under way.
  virtual void follow(std::function<void(leader_news)> told) = 0;
};

/// The node in a holder, which is its name and something unique.
inline std::string holder_node(const std::string& holder) {
  return holder.substr(0, holder.find(' '));
}

} // namespace faas
