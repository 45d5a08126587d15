// What a loop port makes of answers: retries, counts, observations.
#include "actors/routing/loop_inbox.hpp"
#include "actors/routing/loop_port.hpp"
#include "libfaas/event/answer_parts.hpp"
#include "libfaas/routing/plausible.hpp"

#include <algorithm>
#include <cmath>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

static_assert(site_outcomes == decisions::endings
              && static_cast<int>(site_outcome::lost)
                   == static_cast<int>(decisions::ending::lost));

constexpr size_t observation_batch = 64;
constexpr auto observation_delay = 5ms;
constexpr uint8_t max_attempts = 3;
/// Less time than this is not worth another attempt.
constexpr auto retry_floor = 5ms;

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

/// Of what says how long the site takes: user code that fails, refusals and
/// lost events do not.
void count_promise(target_stats& to, double promised_ms, duration took,
                   site_outcome outcome) noexcept {
  const bool ok = outcome == site_outcome::ok;
  const bool kept = to_ms(took) <= promised_ms;
  if (!(promised_ms > 0) || (!ok && outcome != site_outcome::timed_out))
    return;
  if (!ok && kept)
    return; // its client gave up before
  to.promises.add();
  if (kept)
    to.promises_kept.add();
}

/// Of the sites that were tried, by `before`, those that the version is still
/// being brought to: what waited there in vain does not wait there again. While
/// it is, tables come more often than an event has attempts.
tried_targets still_coming(const tried_targets& tried, const route& before,
                           const route& now) noexcept {
  tried_targets made;
  for (const auto position : tried.all())
    for (uint32_t i = 0; i < now.targets.size(); ++i)
      if (now.targets[i].deploying
          && now.targets[i].site == before.targets[position].site)
        made.add(i);
  return made;
}

/// Another node may say anything: what is beyond these bounds stays refused by
/// all who learn, and sums of these do not overflow.
void bound(execution_times& told) noexcept {
  constexpr duration least = -1ms, most = 3h; // over routing::max_ms
  for (auto* one : {&told.queue, &told.service, &told.cold, &told.batch})
    *one = std::clamp(*one, least, most);
}

/// Size of the batch that the event shared: a node charges each its part.
double batch_size(const execution_times& told, double own) noexcept {
  return told.batch > told.service && told.service > duration::zero()
           ? own * (to_ms(told.batch) / to_ms(told.service))
           : 0;
}

} // namespace

void loop_port::finish(uint64_t token, reply&& answer) {
  auto* ended = flights_.find(token);
  if (ended == nullptr)
    return;
  inbox_->shut(token);
  bound(answer.times);
  const auto now = deps_.clock.now();
  const auto& target = ended->via->targets[ended->target];
  if (std::exchange(ended->counted, false))
    count_return(*ended, answer, now);
  ended->stats->in_flight.store(
    ended->stats->in_flight.load(std::memory_order_relaxed) - 1,
    std::memory_order_relaxed);
  // What was told to stop may have run to its end all the same.
  const auto outcome = ended->beaten ? site_outcome::beaten
                                     : outcome_of(answer);
  const auto seen = ended->beaten && answer.code == errc::ok
                      ? site_outcome::ok
                      : outcome;
  judge_site(*ended, answer, now);
  record(*ended, answer, now, outcome);
  observe(*ended, answer, now, seen);
  teach_policy(*ended, answer, now, seen);
  if (ended->via->watched)
    sample(*ended, answer, now, seen);
  const auto note = std::exchange(ended->note, 0u);
  attempt_end end{static_cast<decisions::ending>(outcome), now - ended->sent};
  const bool twins = ended->twin != 0;
  if (ended->beaten || (twins && !settle_twins(*ended, answer))) {
    end.went_on = !ended->beaten;
    if (note != 0)
      notes_.end(note, answer, end);
    flights_.erase(token);
    return;
  }
  // Also where the first start was lost before.
  if (ended->second && answer.code == errc::ok)
    ended->stats->second_wins.add();
  std::optional<flight> taken;
  if (may_retry(*ended, answer, now)) {
    ended = &taken.emplace(flights_.take(token));
    end.went_on = retry(*ended, now);
  }
  if (note != 0)
    notes_.end(note, answer, end);
  if (end.went_on)
    return;
  answer.site = target.site.str();
  answer.promise = from_ms(routing::promised_ms(ended->predicted));
  answer.version = ended->via->version.version;
  if (ended->variant)
    answer.headers.push_back(
      {"X-Faas-Variant", ended->via->version.function.str()});
  completion done{std::move(ended->owner), ended->owner_token};
  if (!taken) // before its owner sends the next event
    flights_.erase(token);
  done(std::move(answer));
}

/// Whether the site can run the function at all.
void loop_port::judge_site(const flight& ended, const reply& answer,
                           time_point now) {
  const bool cannot = answer.code == errc::unavailable
                      || answer.code == errc::quarantined;
  if (cannot && !answer.started)
    ended.stats->guard.refused(ended.sent, now);
  else if (answer.started || answer.code == errc::ok)
    ended.stats->guard.served();
}

/// What is under way at its site and on the way there, by what its return tells.
void loop_port::count_return(flight& ended, const reply& answer,
                             time_point now) {
  const auto& target = ended.via->targets[ended.target];
  const auto& times = answer.times;
  const auto inside = to_ms(times.queue + times.service + times.cold);
  const bool told = answer.code == errc::ok;
  const auto back = ended.predicted.network - ended.predicted.transit;
  routing::batch_return how{back, told ? inside : -1};
  if (const auto size = batch_size(times, ended.event.size); told && size > 0) {
    how.batch_ms = to_ms(times.batch);
    how.batch_items = size;
  }
  ended.own_there
    = ended.ticket != 0
        ? target.load->leave(ended.ticket, how, now)
        : target.load->finish(ended.predicted.service, back, now,
                              how.inside_ms);
  if (target.via && told)
    leave_link(ended, to_ms(now - ended.sent) - inside,
               static_cast<double>(answer.body.size()), now);
  else if (target.via)
    target.link_load->gone(ended.reply);
}

/// How long it waited for own bytes on the way there, and for own replies on the
/// way back; the former is known less well while the latter is expected only.
void loop_port::leave_link(flight& ended, double way_ms, double reply_bytes,
                           time_point now) {
  const auto& target = ended.via->targets[ended.target];
  const auto belief = target.cell->read();
  const auto bytes = sent_bytes(ended);
  const auto carried = way_ms - belief.rtt_ms;
  const auto back = target.link_load->came(
    ended.reply, carried - ended.backlog_ms - belief.up_ms_per_byte * bytes,
    to_ms(now.time_since_epoch()) - belief.rtt_ms / 2);
  const auto there = target.link_load->crossed(
    bytes, ended.sent,
    carried - back - belief.down_ms_per_byte * reply_bytes,
    belief.up_ms_per_byte);
  ended.backlog_seen = there.has_value();
  ended.backlog_ms = there.value_or(ended.backlog_ms) + back;
}

bool loop_port::may_retry(const flight& ended, const reply& answer,
                          time_point now) const {
  if (answer.code == errc::ok || ended.attempts >= max_attempts
      || !ended.kept || now + retry_floor > ended.event.deadline
      || (ended.event.parts && ended.event.parts->began()))
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
  auto* in_service = resolve(ended.event.function.str());
  if (in_service == nullptr)
    return false;
  ended.needs = needs_of(ended, ended.via); // another version may take it
  auto* mine = version_of(*in_service, ended.via->version.version);
  const bool others = !ended.asked && mine != in_service;
  if (mine == nullptr && ended.asked)
    return false;
  // The last attempt of a new version's event is the old version's.
  if (mine == nullptr || (others && ended.attempts + 1 >= max_attempts))
    mine = in_service;
  // Positions may have moved with a new table: then only the attempt count
  // bounds the retries.
  if (mine->shared != ended.via)
    ended.tried = still_coming(ended.tried, *ended.via, *mine->shared);
  if (!choose(*mine, ended.event, {ended.tried, ended.needs.get()}, now)) {
    if (!others || mine == in_service)
      return false;
    mine = in_service;
    ended.tried = {};
    if (!choose(*mine, ended.event, {{}, ended.needs.get()}, now))
      return false;
  }
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
  if (outcome == site_outcome::beaten)
    return;
  const auto total = now - ended.sent;
  stats.total.add(ns(total));
  count_promise(stats, routing::promised_ms(ended.predicted), total, outcome);
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
  if (!ended.stats->lessons.take(now))
    return;
  routing::observation seen;
  switch (outcome) {
    case site_outcome::ok: seen.outcome = event_outcome::done; break;
    case site_outcome::failed: seen.outcome = event_outcome::failed; break;
    case site_outcome::refused: seen.outcome = event_outcome::refused; break;
    case site_outcome::beaten: // it would have taken longer
    case site_outcome::timed_out: seen.outcome = event_outcome::timed_out; break;
    case site_outcome::lost: return; // tells nothing of the site's speed
  }
  seen.function = ended.via->index;
  seen.site = ended.site;
  seen.size = ended.event.size;
  seen.bytes
    = {sent_bytes(ended), static_cast<double>(answer.body.size())};
  seen.backlog_ms = ended.backlog_ms;
  seen.backlog_seen = ended.backlog_seen;
  seen.queued = ended.queued;
  seen.total_ms = to_ms(now - ended.sent);
  seen.queue_ms = to_ms(answer.times.queue);
  seen.service_ms = to_ms(answer.times.service);
  seen.cold_ms = to_ms(answer.times.cold);
  if (ended.via->targets[ended.target].joins() != nullptr)
    seen.batch_size = batch_size(answer.times, ended.event.size);
  if (seen.batch_size > 0)
    seen.batch_ms = to_ms(answer.times.batch);
  seen.queue_length = answer.queue_length;
  seen.queue_foreign = answer.queue_foreign;
  seen.in_flight = ended.own_there;
  seen.predicted_ms = ended.predicted.total;
  seen.predicted_sd = std::sqrt(std::max(ended.predicted.variance, 0.0));
  seen.predicted_reach = routing::told_reach_ms(ended.predicted);
  seen.at = now;
  observations_.push_back(seen);
  if (auto* mine = local_of(*ended.via))
    mine->reply_bytes
      += 0.1 * (static_cast<double>(answer.body.size()) - mine->reply_bytes);
  if (observations_.size() >= observation_batch
      || now - last_flush_ >= observation_delay)
    flush_observations(now);
}

/// For policies that learn by themselves.
void loop_port::teach_policy(const flight& ended, const reply& answer,
                             time_point now, site_outcome outcome) {
  // Nearly all functions: the predictor learns, not the policy.
  const auto& policy = ended.via->policy;
  if (policy.starts_with("min-latency") || policy == "static"
      || outcome == site_outcome::beaten
      || outcome == site_outcome::refused) // it never ran: that is no time
    return;
  auto* mine = local_of(*ended.via);
  if (mine == nullptr || !mine->policy)
    return;
  routing::outcome seen;
  seen.site = ended.site;
  seen.size = ended.event.size;
  seen.bytes
    = {sent_bytes(ended), static_cast<double>(answer.body.size())};
  seen.total_ms = to_ms(now - ended.sent);
  seen.queue_ms = to_ms(answer.times.queue);
  seen.service_ms = to_ms(answer.times.service);
  seen.cold_ms = to_ms(answer.times.cold);
  seen.in_flight = ended.predicted.in_flight;
  seen.queue_length = answer.queue_length;
  seen.failed = outcome != site_outcome::ok;
  seen.at = now;
  mine->policy->ended(routing::as_plausible(seen));
}

void loop_port::flush_observations(time_point now) {
  last_flush_ = now;
  if (!observations_.empty())
    deps_.ports.report({std::exchange(observations_, {}), {}, false, {}});
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
  report.evidence = std::exchange(evidence_, {});
  samples_ = 0;
  notes_.flush();
  flights_.for_each([&](uint64_t, flight& open) {
    report.in_flight.push_back(
      {open.via->index, open.site, open.event.size, to_ms(now - open.sent),
       open.predicted.total, std::sqrt(std::max(open.predicted.variance, 0.0))});
  });
  last_flush_ = now;
  deps_.ports.report(std::move(report));
}

} // namespace faas::actors
