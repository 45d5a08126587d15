#include "gateway/mqtt/bridge_rules.hpp"

#include "gateway/http/event_builder.hpp"
#include "libfaas/mqtt/topic.hpp"
#include "libfaas/ports/event_port.hpp"

#include <algorithm>

namespace faas::mqtt {

result<invocation> make_event(const function_view& view,
                              const delivery& message, time_point now,
                              random_source& random) {
  if (message.payload.size() > view.max_body_bytes)
    return error{errc::too_large,
                 std::to_string(message.payload.size())
                   + " bytes are over the function's limit of "
                   + std::to_string(view.max_body_bytes),
                 "raise max_body in the manifest or send less"};
  invocation event;
  event.id = call_id::make(random);
  event.function = view.name;
  event.content_type = "application/octet-stream";
  event.headers = {{"X-Topic", message.topic}, {"X-Mqtt-Topic", message.topic}};
  if (message.retain)
    event.headers.push_back({"X-Mqtt-Retain", "1"});
  if (message.dup)
    event.headers.push_back({"X-Mqtt-Dup", "1"});
  event.body = message.payload;
  event.accepted = now;
  event.deadline = now + view.timeout;
  event.source = trigger::mqtt;
  event.size = http::event_size(view.size, event);
  return event;
}

verdict judge(const reply& answer, const attempt_state& state) noexcept {
  if (answer.code == errc::ok)
    return verdict::done;
  if (state.stopping)
    return verdict::leave;
  const auto repeatable = [&] {
    switch (answer.code) {
    case errc::overloaded:
    case errc::unavailable:
    case errc::shutting_down:
    case errc::abandoned:
      return !answer.started || state.idempotent;
    case errc::outcome_unknown:
    case errc::deadline_exceeded:
      return state.idempotent;
    default:
      return false;
    }
  };
  return repeatable() && state.attempts < state.max_attempts ? verdict::retry
                                                             : verdict::give_up;
}

result<std::optional<std::string>> reply_topic_for(const function_view& view,
                                                   std::string_view topic,
                                                   bool by_default) {
  auto target = view.reply_topic;
  if (target.empty() && by_default)
    target = "{topic}/reply";
  if (target.empty())
    return std::optional<std::string>{};
  constexpr std::string_view placeholder = "{topic}";
  for (auto at = target.find(placeholder); at != std::string::npos;
       at = target.find(placeholder, at + topic.size()))
    target.replace(at, placeholder.size(), topic);
  if (!valid_topic(target))
    return error{errc::invalid_argument,
                 "reply topic \"" + target + "\" is no MQTT topic",
                 "mend petrel.reply_topic in the manifest"};
  for (const auto& filter : view.topics)
    if (matches(filter, target))
      return error{errc::invalid_argument,
                   "reply topic \"" + target
                     + "\" is among the function's own topics (" + filter
                     + "): it would be fed its own replies",
                   "choose another petrel.reply_topic in the manifest"};
  return std::optional<std::string>{std::move(target)};
}

topic_change compare(const std::vector<std::string>& before,
                     const std::vector<std::string>& now) {
  const auto without = [](const auto& some, const auto& others) {
    std::vector<std::string> rest;
    for (const auto& one : some)
      if (std::find(others.begin(), others.end(), one) == others.end())
        rest.push_back(one);
    return rest;
  };
  return {without(now, before), without(before, now)};
}

} // namespace faas::mqtt
