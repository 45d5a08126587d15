#include "actors/routing/loop_port.hpp"

#include "actors/routing/loop_inbox.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>

#include <cmath>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr size_t observation_batch = 64;
constexpr auto observation_delay = 5ms;
constexpr uint8_t max_attempts = 3;
/// Less time than this is not worth another attempt.
constexpr auto retry_floor = 5ms;

completion completion_of(std::shared_ptr<completion_sink> sink,
                         uint64_t token) noexcept {
  return completion{std::move(sink), token};
}

} // namespace

// -- life ---------------------------------------------------------------------

loop_port::loop_port(port_deps deps, loop_context& loop)
  : deps_(deps),
    loop_(loop),
    unit_(deps.system, loop),
    random_(deps.seed),
    inbox_(std::make_shared<inbox>(*this, loop)),
    flights_(deps.capacity) {
  inbox_->remember(inbox_);
  deps_.ports.add(this);
}

loop_port::~loop_port() {
  deps_.ports.remove(this);
  for (auto& [name, mine] : routes_)
    if (mine.lane)
      caf::anon_send_exit(mine.lane, caf::exit_reason::user_shutdown);
  unit_.drain_all();
  inbox_->close();
  flights_.for_each([](uint64_t, flight& lost) {
    completion_of(std::move(lost.owner), lost.owner_token)(reply::failure(
      {errc::shutting_down, "the node is shutting down", "try another node"}));
  });
}

std::unique_ptr<event_port> port_factory::open(loop_context& loop) {
  auto deps = deps_;
  deps.seed += opened_.fetch_add(1) + 1;
  return std::make_unique<loop_port>(deps, loop);
}

// -- structure ----------------------------------------------------------------

uint64_t loop_port::structure_version() const noexcept {
  return deps_.board.number();
}

const function_view* loop_port::find(std::string_view name) {
  auto* mine = resolve(name);
  return mine != nullptr ? &mine->shared->view : nullptr;
}

std::vector<const function_view*> loop_port::functions() {
  std::vector<const function_view*> all;
  const auto table = deps_.board.table();
  for (const auto& [name, shared] : table->routes)
    if (auto* mine = resolve(name))
      all.push_back(&mine->shared->view);
  return all;
}

loop_port::local_route* loop_port::resolve(std::string_view name) {
  if (const auto number = deps_.board.number(); number != seen_ || !table_) {
    table_ = deps_.board.table();
    seen_ = table_->number;
  }
  auto found = routes_.find(name);
  if (found != routes_.end() && found->second.checked == seen_)
    return &found->second;
  const auto fresh = table_->routes.find(name);
  if (fresh == table_->routes.end()) {
    if (found != routes_.end()) { // removed
      if (found->second.lane)
        caf::anon_send_exit(found->second.lane,
                            caf::exit_reason::user_shutdown);
      routes_.erase(found);
    }
    return nullptr;
  }
  if (found == routes_.end())
    found = routes_.emplace(std::string{name}, local_route{}).first;
  found->second.checked = seen_;
  if (found->second.shared != fresh->second)
    rebuild(found->second, fresh->second);
  return &found->second;
}

void loop_port::rebuild(local_route& mine, std::shared_ptr<const route> fresh) {
  const bool same_version = mine.shared && mine.shared->version == fresh->version
                            && mine.shared->policy == fresh->policy
                            && mine.shared->fixed == fresh->fixed;
  if (!same_version) {
    if (mine.lane)
      caf::anon_send_exit(mine.lane, caf::exit_reason::user_shutdown);
    mine.lane = nullptr;
    auto made = routing::make_policy(fresh->policy, fresh->fixed);
    mine.policy = made ? std::move(*made)
                       : std::make_unique<routing::min_latency>();
  }
  std::vector<std::shared_ptr<target_stats>> rows;
  for (const auto& target : fresh->targets) {
    std::shared_ptr<target_stats> row;
    for (const auto& old : mine.stats)
      if (old->site == target.site)
        row = old;
    rows.push_back(row ? row : deps_.stats.open(fresh->view.name, target.site));
  }
  mine.stats = std::move(rows);
  mine.shared = std::move(fresh);
}

// -- choice -------------------------------------------------------------------

routing::site_load& loop_port::load_of(const route_target& target) {
  const auto index = routing::to_int(target.index);
  while (index >= loads_.size())
    loads_.emplace_back(target.servers);
  return loads_[index];
}

routing::link_load& loop_port::link_of(const route_target& target) {
  const auto index = routing::to_int(target.index);
  if (index >= link_loads_.size())
    link_loads_.resize(index + 1);
  return link_loads_[index];
}

routing::decision loop_port::choose(local_route& mine, const invocation& event,
                                    uint32_t excluded, time_point now) {
  std::array<routing::candidate, routing::max_candidates> candidates;
  const auto& targets = mine.shared->targets;
  const auto count = std::min(targets.size(), candidates.size());
  const auto lag_ms = to_ms(loop_.lag());
  const bool fits = event.body.size() <= limits::inline_body_bytes;
  for (size_t i = 0; i < count; ++i) {
    const auto& target = targets[i];
    auto& candidate = candidates[i];
    const auto& load = load_of(target);
    candidate.site = target.index;
    candidate.cell = target.cell.get();
    candidate.in_flight = load.in_flight();
    candidate.drain_ms = load.drain_ms(now);
    candidate.healthy = (excluded >> i & 1) == 0;
    if (target.via) {
      candidate.backlog_bytes
        = link_of(target).backlog_bytes(target.cell->read().ms_per_byte, now);
      candidate.healthy = candidate.healthy && fits
                          && target.via->usable.load(std::memory_order_acquire);
    } else {
      candidate.loop_lag_ms = lag_ms;
    }
  }
  routing::event_features features;
  features.size = event.size;
  features.bytes = static_cast<double>(event.body.size()) + mine.reply_bytes;
  features.deadline_ms = to_ms(event.deadline - now);
  return routing::decide({candidates.data(), count}, features, *mine.policy,
                         random_, now);
}

void loop_port::submit(invocation&& event, completion&& done) {
  auto* mine = resolve(event.function.str());
  if (mine == nullptr) {
    done(reply::failure({errc::not_found,
                         "no function called " + event.function.str(),
                         "see faas-cli list"}));
    return;
  }
  if (flights_.full()) {
    done(reply::failure({errc::overloaded,
                         "too many events in flight on this gateway loop",
                         "slow down, or add gateway loops"}));
    return;
  }
  flight ready;
  std::tie(ready.owner, ready.owner_token) = done.release();
  const auto now = event.accepted;
  ready.event = std::move(event);
  dispatch(*mine, std::move(ready), now);
}

namespace {

/// Why no site was chosen, for people.
error why_none(const route& of, const invocation& event) {
  const auto& name = of.view.name.str();
  const bool reachable = std::any_of(
    of.targets.begin(), of.targets.end(), [](const route_target& target) {
      return target.host || target.via->usable.load(std::memory_order_acquire);
    });
  if (reachable && event.body.size() > limits::inline_body_bytes)
    return {errc::too_large,
            name + " runs on other nodes only, and bodies over "
              + std::to_string(limits::inline_body_bytes)
              + " bytes do not travel between nodes",
            "send less at a time, or deploy it to this node, too"};
  auto why = of.why_empty;
  for (const auto& target : of.targets)
    if (target.via && !target.via->usable.load(std::memory_order_acquire))
      why += (why.empty() ? "" : "; ") + target.node.str()
             + " does not answer";
  return {errc::unavailable,
          "no site can run " + name + " now"
            + (why.empty() ? "" : ": " + why),
          "see faas-cli describe " + name};
}

} // namespace

void loop_port::dispatch(local_route& mine, flight&& ready, time_point now) {
  const auto chosen = choose(mine, ready.event, ready.tried, now);
  if (!chosen) {
    completion_of(std::move(ready.owner), ready.owner_token)(
      reply::failure(why_none(*mine.shared, ready.event)));
    return;
  }
  const auto index = chosen.chosen;
  const auto& target = mine.shared->targets[index];
  ready.via = mine.shared;
  ready.stats = mine.stats[index];
  ready.sent = now;
  ready.site = target.index;
  ready.target = index;
  ready.tried |= 1u << index;
  ++ready.attempts;
  ready.predicted = chosen.chosen_parts();
  ready.event.attempt = ready.attempts;
  ready.event.version = mine.shared->version.version;
  load_of(target).start(ready.predicted.service, ready.predicted.transit, now);
  if (target.via) {
    ready.backlog_bytes
      = link_of(target).backlog_bytes(target.cell->read().ms_per_byte, now);
    link_of(target).send(static_cast<double>(ready.event.body.size()),
                         target.cell->read().ms_per_byte, now);
  }
  ready.stats->in_flight.store(
    ready.stats->in_flight.load(std::memory_order_relaxed) + 1,
    std::memory_order_relaxed);
  ready.stats->decisions[static_cast<size_t>(chosen.why)].add();
  const bool keep = mine.shared->targets.size() > 1;
  auto [token, slot] = flights_.insert();
  slot = std::move(ready);
  inbox_->open(token, slot.owner, slot.owner_token);
  auto event = keep ? slot.event : std::move(slot.event);
  if (target.via)
    slot.event.body = event.body; // its size is observed with the answer
  auto done = completion_of(inbox_, token);
  if (target.host)
    send_local(mine, target, std::move(event), std::move(done));
  else
    send_remote(target.via, std::move(event), std::move(done));
}

void loop_port::send_local(local_route& mine, const route_target& target,
                           invocation&& event, completion&& done) {
  if (!mine.lane || mine.health->dead.load(std::memory_order_acquire)) {
    if (mine.lane)
      deps_.counters.of(actor_kind::lane).restarts.fetch_add(1);
    mine.health = std::make_shared<lane_health>();
    mine.lane = spawn_lane(deps_.system, deps_.counters, mine.health);
  }
  auto box = std::make_shared<event_box>(
    event_box{std::move(event), std::move(done), target.host});
  const auto lane = mine.lane; // the answer may come at once and rebuild `mine`
  feed_lane(lane, deps_.counters, std::move(box), &unit_);
  unit_.drain();
}

void loop_port::send_remote(const std::shared_ptr<peer>& to, invocation&& event,
                            completion&& done) {
  outboxes_[to].push_back({std::move(event), std::move(done)});
  if (!flush_posted_)
    flush_posted_ = loop_.post([self = inbox_] {
      if (auto* port = self->port())
        port->flush_outboxes();
    });
}

void loop_port::flush_outboxes() {
  flush_posted_ = false;
  for (auto& [to, events] : outboxes_)
    if (!events.empty())
      to->send(std::exchange(events, {}));
}

// -- answers ------------------------------------------------------------------

namespace {

site_outcome outcome_of(const reply& answer) noexcept {
  switch (answer.code) {
    case errc::ok:
      return answer.status < 500 ? site_outcome::ok : site_outcome::failed;
    case errc::overloaded:
    case errc::unavailable:
    case errc::quarantined:
    case errc::shutting_down:
    case errc::forbidden:
    case errc::not_found:
      return site_outcome::refused;
    case errc::deadline_exceeded:
      return site_outcome::timed_out;
    case errc::outcome_unknown:
    case errc::abandoned:
      return site_outcome::lost;
    default:
      return site_outcome::failed;
  }
}

} // namespace

void loop_port::finish(uint64_t token, reply&& answer) {
  if (flights_.find(token) == nullptr)
    return;
  auto ended = flights_.take(token);
  inbox_->shut(token);
  const auto now = deps_.clock.now();
  load_of(ended.via->targets[ended.target])
    .finish(ended.predicted.service,
            ended.predicted.network - ended.predicted.transit, now);
  ended.stats->in_flight.store(
    ended.stats->in_flight.load(std::memory_order_relaxed) - 1,
    std::memory_order_relaxed);
  const auto outcome = outcome_of(answer);
  record(ended, answer, now, outcome);
  observe(ended, answer, now, outcome);
  if (may_retry(ended, answer, now) && retry(ended, now))
    return;
  answer.site = ended.via->targets[ended.target].site.str();
  answer.version = ended.via->version.version;
  completion_of(std::move(ended.owner), ended.owner_token)(std::move(answer));
}

bool loop_port::may_retry(const flight& ended, const reply& answer,
                          time_point now) const {
  if (answer.code == errc::ok || ended.attempts >= max_attempts
      || ended.via->targets.size() < 2 || now + retry_floor > ended.event.deadline)
    return false;
  switch (answer.code) {
    case errc::unavailable:
    case errc::overloaded:
    case errc::shutting_down:
    case errc::quarantined:
      return !answer.started; // refused before it ran: safe anywhere
    case errc::outcome_unknown:
    case errc::abandoned:
      return ended.via->view.idempotent;
    default:
      return false;
  }
}

bool loop_port::retry(flight& ended, time_point now) {
  auto* mine = resolve(ended.event.function.str());
  if (mine == nullptr)
    return false;
  // Positions may have moved with a new table: then only the attempt count
  // bounds the retries.
  if (mine->shared != ended.via)
    ended.tried = 0;
  if (!choose(*mine, ended.event, ended.tried, now))
    return false;
  ended.stats->retries.add();
  dispatch(*mine, std::move(ended), now);
  return true;
}

void loop_port::record(const flight& ended, const reply& answer, time_point now,
                       site_outcome outcome) {
  const auto ns = [](duration d) {
    return static_cast<uint64_t>(std::max<duration::rep>(d.count(), 0));
  };
  auto& stats = *ended.stats;
  stats.outcomes[static_cast<size_t>(outcome)].add();
  const auto total = now - ended.sent;
  stats.total.add(ns(total));
  if (outcome != site_outcome::ok)
    return;
  const auto& times = answer.times;
  stats.queue_ns.add(ns(times.queue));
  stats.service_ns.add(ns(times.service));
  stats.cold_ns.add(ns(times.cold));
  stats.network_ns.add(ns(total - times.queue - times.service - times.cold));
  stats.predicted_events.add();
  stats.error_ns.add(static_cast<uint64_t>(
    std::abs(ended.predicted.total - to_ms(total)) * 1e6));
}

void loop_port::observe(const flight& ended, const reply& answer,
                        time_point now, site_outcome outcome) {
  using routing::event_outcome;
  routing::observation seen;
  switch (outcome) {
    case site_outcome::ok: seen.outcome = event_outcome::done; break;
    case site_outcome::failed: seen.outcome = event_outcome::failed; break;
    case site_outcome::refused: seen.outcome = event_outcome::refused; break;
    case site_outcome::timed_out: seen.outcome = event_outcome::timed_out; break;
    case site_outcome::lost: return; // tells nothing of the site's speed
  }
  seen.function = ended.via->index;
  seen.site = ended.site;
  seen.size = ended.event.size;
  seen.bytes = static_cast<double>(ended.event.body.size()
                                   + answer.body.size());
  seen.backlog_bytes = ended.backlog_bytes;
  seen.total_ms = to_ms(now - ended.sent);
  seen.queue_ms = to_ms(answer.times.queue);
  seen.service_ms = to_ms(answer.times.service);
  seen.cold_ms = to_ms(answer.times.cold);
  seen.queue_length = answer.queue_length;
  seen.in_flight = load_of(ended.via->targets[ended.target]).in_flight();
  seen.predicted_ms = ended.predicted.total;
  seen.predicted_sd = std::sqrt(std::max(ended.predicted.variance, 0.0));
  seen.at = now;
  observations_.push_back(seen);
  if (const auto found = routes_.find(ended.via->view.name.str());
      found != routes_.end())
    found->second.reply_bytes += 0.1
                                 * (static_cast<double>(answer.body.size())
                                    - found->second.reply_bytes);
  if (observations_.size() >= observation_batch
      || now - last_flush_ >= observation_delay)
    flush_observations(now);
}

void loop_port::flush_observations(time_point now) {
  last_flush_ = now;
  if (!observations_.empty())
    deps_.ports.report({std::exchange(observations_, {}), {}, false});
}

void loop_port::request_report() {
  loop_.post([self = inbox_] {
    if (auto* port = self->port())
      port->report_in_flight();
  });
}

void loop_port::report_in_flight() {
  const auto now = deps_.clock.now();
  loop_report report;
  report.ended = std::exchange(observations_, {});
  report.complete = true;
  flights_.for_each([&](uint64_t, flight& open) {
    report.in_flight.push_back(
      {open.via->index, open.site, open.event.size, to_ms(now - open.sent),
       open.predicted.total, std::sqrt(std::max(open.predicted.variance, 0.0))});
  });
  last_flush_ = now;
  deps_.ports.report(std::move(report));
}

} // namespace faas::actors
