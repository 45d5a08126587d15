// An answer that leaves in parts, before its function has ended.
#pragma once

#include "libfaas/event/invocation.hpp"

#include <string_view>

namespace faas {

/// Takes the parts of one event's answer; implemented by whoever owes it and can
/// pass parts on (a gateway's connection). The end of the answer, with what is
/// left of its body, comes through the event's completion as ever. Thread rule:
/// one thread puts at a time; began() on any.
class answer_parts {
public:
  enum class taken : uint8_t {
    sent,  ///< it is on its way
    later, ///< too much is unsent: the same part again in a while
    gone   ///< nobody waits
  };
  virtual ~answer_parts() = default;
  /// `head`: status, content type, headers, version; of the first part only.
  /// Does not block, does not throw.
  virtual taken put(const reply& head, std::string_view part) noexcept = 0;
  /// After `later`: waits for room, or for the end of the wait; blocks.
  virtual void wait_for_room(time_point until) noexcept = 0;
  /// True once a part was taken: from then on the event must not be run again,
  /// and a failure can only cut the answer off.
  virtual bool began() const noexcept = 0;
};

} // namespace faas
