#include "registry/redis/redis_lease.hpp"

#include "registry/redis/scripts.hpp"

#include <algorithm>
#include <charconv>

namespace faas::registry {
namespace {

using std::chrono::milliseconds;

std::string as_ms(duration time) {
  return std::to_string(
    std::max<int64_t>(1, std::chrono::ceil<milliseconds>(time).count()));
}

std::string as_text(const lease& held) {
  return std::to_string(held.token) + " " + held.holder;
}

} // namespace

struct redis_lease::state {
  redis::client client;
  redis::key_names keys;
};

redis_lease::redis_lease(redis::client_options options,
                         const std::string& prefix, const clock_source& clock,
                         uint64_t seed)
  : state_(new state{redis::client{std::move(options), clock, seed},
                     redis::key_names{prefix}}) {}

redis_lease::~redis_lease() = default;

result<lease_answer> redis_lease::acquire(const std::string& holder,
                                          duration ttl) {
  auto replies = state_->client.eval(redis::acquire_script(),
                                     {state_->keys.lease, state_->keys.catalog},
                                     {holder, as_ms(ttl)});
  if (!replies)
    return replies.error();
  const auto& answer = replies->front().items;
  lease_answer given;
  if (answer.size() == 3 && answer[0].text == "HELD") {
    int64_t left = 0;
    const auto& text = answer[2].text;
    std::from_chars(text.data(), text.data() + text.size(), left);
    given.held_by = answer[1].text;
    given.left = milliseconds{std::max<int64_t>(0, left)};
    return given;
  }
  lease granted{holder, 0};
  if (answer.size() == 2) {
    const auto& text = answer[1].text;
    std::from_chars(text.data(), text.data() + text.size(), granted.token);
  }
  if (granted.token == 0)
    return error{errc::internal, "Redis gave an odd answer about the lease",
                 "remove the key " + state_->keys.lease};
  given.held_by = holder;
  given.left = ttl;
  given.granted = std::move(granted);
  return given;
}

result<bool> redis_lease::renew(const lease& held, duration ttl) {
  auto replies
    = state_->client.eval(redis::renew_script(), {state_->keys.lease},
                          {as_text(held), as_ms(ttl)});
  if (!replies)
    return replies.error();
  return replies->front().number == 1;
}

result<void> redis_lease::release(const lease& held) {
  auto replies = state_->client.eval(redis::release_script(),
                                     {state_->keys.lease}, {as_text(held)});
  if (!replies)
    return replies.error();
  return {};
}

} // namespace faas::registry
