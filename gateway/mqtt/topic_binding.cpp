#include "gateway/mqtt/topic_binding.hpp"

#include "gateway/mqtt/bridge_rules.hpp"

#include <boost/asio/post.hpp>

namespace faas::mqtt {

topic_binding::topic_binding(bridge_shared& shared, std::string function)
  : shared_(shared), function_(std::move(function)),
    client_(shared.deps.loop, options(), handlers(), shared.deps.random) {
  client_.start();
}

client_options topic_binding::options() const {
  auto own = shared_.options.broker;
  own.session.client_id += "-" + function_;
  return own;
}

client_handlers topic_binding::handlers() {
  client_handlers on;
  on.on_message = [this](delivery message) { take(std::move(message)); };
  on.on_state = [this](const client_status& now) { state_changed(now); };
  on.on_subscribed = [this](const std::string& filter, auto granted) {
    if (!granted)
      shared_.log(function_, "the broker refuses topic " + filter
                               + " (check its access list)");
  };
  on.on_discarded = [this](const std::string& topic, size_t bytes) {
    ++shared_.counters.discarded;
    shared_.log(function_, "message of " + std::to_string(bytes) + " bytes on "
                             + topic
                             + " is over the packet limit and was skipped");
  };
  return on;
}

void topic_binding::set_topics(const std::vector<std::string>& topics) {
  const auto change = compare(topics_, topics);
  topics_ = topics;
  if (!change.removed.empty())
    client_.unsubscribe(change.removed);
  std::vector<subscription> added;
  for (const auto& filter : change.added)
    added.push_back({filter, shared_.options.level});
  if (added.empty())
    return;
  if (const auto done = client_.subscribe(added); !done)
    shared_.log(function_, done.error().to_string());
}

void topic_binding::take(delivery message) {
  ++shared_.counters.received;
  shared_.counters.redelivered += message.dup ? 1 : 0;
  if (phase_ != phase::serving)
    return; // unacknowledged: the broker sends it again
  const auto number = ++last_number_;
  work_owner& owner = *this;
  const auto work = std::make_shared<message_work>(shared_, owner, number,
                                                   std::move(message));
  works_.emplace(number, work);
  work->submit();
}

void topic_binding::state_changed(const client_status& now) {
  if (now.state == client_state::online) {
    ++shared_.counters.connects;
    if (!told_.empty())
      shared_.log(function_, "connected to the broker again");
    told_.clear();
  }
  if (now.state != client_state::waiting)
    return;
  ++shared_.counters.lost;
  if (const auto text = now.last_error->to_string(); text != told_) {
    shared_.log(function_, text + "; trying again");
    told_ = text;
  }
  std::vector<message_work*> all; // ending changes works_
  for (const auto& [number, work] : works_)
    all.push_back(work.get());
  for (auto* work : all)
    work->connection_lost();
}

void topic_binding::ended(uint64_t number) {
  const auto at = works_.find(number);
  // It is still running: let it go in a later turn.
  boost::asio::post(shared_.deps.loop, [done = std::move(at->second)] {});
  works_.erase(at);
  leave_if_idle();
}

void topic_binding::retire() {
  client_.unsubscribe(topics_);
  topics_.clear();
  stop(limits::response_timeout, [] {});
}

void topic_binding::stop(duration grace, std::function<void()> done) {
  if (phase_ != phase::serving) {
    if (phase_ == phase::stopped)
      return done();
    done_ = [first = std::move(done_), done = std::move(done)] {
      first();
      done();
    };
    return;
  }
  phase_ = phase::stopping;
  stop_at_ = shared_.deps.clock.now() + grace;
  done_ = std::move(done);
  std::vector<message_work*> all;
  for (const auto& [number, work] : works_)
    all.push_back(work.get());
  for (auto* work : all)
    work->stop_waiting();
  leave_if_idle();
}

void topic_binding::leave_if_idle() {
  if (phase_ != phase::stopping || !works_.empty())
    return;
  phase_ = phase::leaving;
  // Also after the grace there is a moment for the last acknowledgements.
  const duration least = std::chrono::milliseconds{500};
  const auto rest = stop_at_ - shared_.deps.clock.now();
  client_.stop(std::max<duration>(rest, least), [this] {
    phase_ = phase::stopped;
    if (const auto unsent = client_.status().outbound)
      shared_.log(function_,
                  std::to_string(unsent) + " replies did not reach the broker");
    std::exchange(done_, nullptr)();
  });
}

bridge::session_status topic_binding::status() const {
  return {function_, client_.status(), works_.size()};
}

} // namespace faas::mqtt
