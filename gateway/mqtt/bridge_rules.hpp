// Decisions of the bridge between topics and functions. Pure.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/event/invocation.hpp"
#include "libfaas/mqtt/effect.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas {
class random_source;
struct function_view;
} // namespace faas

namespace faas::mqtt {

/// The event that a message is for a function. Body = payload; the topic is in
/// the headers X-Topic (as OpenFaaS' connectors name it) and X-Mqtt-Topic;
/// X-Mqtt-Retain and X-Mqtt-Dup are "1" where they apply. too_large when the
/// function takes no such body.
result<invocation> make_event(const function_view& view,
                              const delivery& message, time_point now,
                              random_source& random);

/// What to do about an answer.
enum class verdict : uint8_t {
  done,    ///< the function answered: publish its reply, acknowledge
  retry,   ///< later, it may go well then
  give_up, ///< acknowledge and count as failed: it would fail for ever
  leave    ///< do not acknowledge: this node stops, the broker sends it again
};

struct attempt_state {
  bool idempotent = false; ///< the function may run twice for one event
  bool stopping = false;   ///< this node is going away
  uint32_t attempts = 1;   ///< made so far, with this one
  uint32_t max_attempts = 1;
};

/// Retried is what the function has not seen, and what an idempotent function
/// may have seen; a status of 400 and above of the function's own making is
/// its last word.
verdict judge(const reply& answer, const attempt_state& state) noexcept;

/// Topic on which the reply to a message is published; nothing when there is
/// none. `{topic}` in the function's reply topic stands for the message's;
/// `by_default` gives a function without one "<topic>/reply".
/// invalid_argument when that is no topic, or one that the function itself
/// listens to: it would then be fed its own replies.
result<std::optional<std::string>> reply_topic_for(const function_view& view,
                                                   std::string_view topic,
                                                   bool by_default);

/// What a function's change of topics means for its subscriptions.
struct topic_change {
  std::vector<std::string> added;
  std::vector<std::string> removed;
};
topic_change compare(const std::vector<std::string>& before,
                     const std::vector<std::string>& now);

} // namespace faas::mqtt
