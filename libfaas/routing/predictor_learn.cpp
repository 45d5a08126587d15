// What events teach the predictor.
#include "libfaas/routing/fading.hpp"
#include "libfaas/routing/predictor_impl.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace faas::routing {
namespace {

/// How well what is ahead on a link is known beforehand, and afterwards.
constexpr double backlog_doubt = 0.25, hindsight_doubt = 0.05;
// One surprisingly slow event is a step or an outlier: it is believed as far as
// such events were steps before, until there is more to go by.
constexpr auto doubt_time = std::chrono::seconds{2};
// A CPU quota is enforced when the scheduler's tick comes (4 ms at 250 Hz): a
// job shorter than that runs at full speed on a slow site. So where longer jobs
// were seen lately, a short early one is no news of the site's speed. Probes
// tell it, which are longer; without them many short ones in a row do.
constexpr double tick_ms = 6;
constexpr auto long_memory = std::chrono::seconds{30};
constexpr auto probe_memory = std::chrono::seconds{10};
constexpr int short_enough = 6;
// Where nearly all are short, that is what the function takes.
constexpr double mostly = 0.8, short_memory = 64; // events
/// So many cold starts in a row, and there will be no warm events.
constexpr int always_cold = 2;
/// An event that was cold may count later, but not much later.
constexpr auto cold_memory = std::chrono::minutes{10};
/// Sites tell of a load within some 10 s.
constexpr auto load_memory = std::chrono::seconds{30};

} // namespace

bool pair_state::too_short_to_tell(double service_ms, double expected_ms,
                                   bool probed, time_point at) noexcept {
  const bool is_short = service_ms < tick_ms;
  short_share += ((is_short ? 1 : 0) - short_share) / short_memory;
  if (service_ms >= tick_ms) {
    last_long = at;
    short_run = 0;
    return false;
  }
  const bool early = expected_ms >= tick_ms;
  if (!early || last_long == time_point{} || short_share > mostly)
    return false;
  if (probed)
    return true;
  return at - last_long < long_memory && ++short_run < short_enough;
}

void site_state::judge(bool late, bool step, time_point sent) noexcept {
  if (doubted && step)
    filter.odds.was_step();
  else if (doubted && !late)
    filter.odds.was_outlier();
  doubted = late && !step;
  if (!late && !step)
    fine_sent = std::max(fine_sent, sent);
}

bool link_state::stray(way_bytes bytes, double ms, double doubt_ms,
                       time_point sent) noexcept {
  constexpr double few = 0.1, memory = 64; // events
  const double spread = filter.var(bytes) + filter.noise(bytes)
                        + doubt_ms * doubt_ms;
  const bool late
    = ms - filter.mean(bytes) > late_sigmas * std::sqrt(spread);
  const bool overtaken
    = late && sent < fine_sent && 2 * fine_bytes.up >= bytes.up
      && 2 * fine_bytes.down >= bytes.down;
  stray_share += ((overtaken ? 1 : 0) - stray_share) / memory;
  if (late)
    return overtaken && stray_share < few;
  if (ms >= 0 && sent >= fine_sent) {
    fine_sent = sent;
    fine_bytes = bytes;
  }
  return false;
}

void function_state::arrived(const observation& seen) noexcept {
  // A client may say any size: one event moves the mean by half at most.
  constexpr double most = 1e9, times = 10, weight = 0.05;
  const bool first = lately.empty();
  const auto follow = [&](double& mean, double seen) {
    if (first)
      mean = std::min(seen, most);
    else
      mean += weight * (std::min(seen, times * mean + 1) - mean);
  };
  follow(mean_size, seen.size);
  follow(mean_bytes.up, seen.bytes.up);
  follow(mean_bytes.down, seen.bytes.down);
  rate.arrive(seen.at);
  lately.arrive(seen.at);
}

double function_state::per_ms(time_point now) const noexcept {
  constexpr double least_per_s = 1e-3;
  const double rate = removed ? 0 : lately.per_second(now);
  return rate > least_per_s ? rate / 1000 : 0;
}

void predictor::impl::learn_service(const observation& seen, pair_state& pair,
                                    site_state& site) {
  if (seen.cold_ms > 0) {
    learn_load(to_int(seen.function), to_int(seen.site), seen.cold_ms, true,
               seen.at);
    // Its service was not that of a warm instance; but where each event is cold
    // there is no other.
    if (pair.cold_run < std::max(always_cold, pair.warm)) {
      pair.unheard = std::make_unique<observation>(seen);
      return;
    }
    const auto earlier = std::exchange(pair.unheard, nullptr);
    if (earlier && seen.at - earlier->at < cold_memory)
      learn_work(*earlier, pair, site);
  }
  pair.unheard.reset();
  learn_work(seen, pair, site);
}

bool pair_state::knows_batch(double ms) noexcept {
  if (std::find(batches.begin(), batches.end(), ms) != batches.end())
    return true;
  batches[next_batch++ % batches.size()] = ms;
  return false;
}

double pair_state::work_ms(double size, const site_filter& site) noexcept {
  return terms.joins(size)
           ? filter.at(terms.most, site).ms * size / terms.most
           : filter.at(size, site).ms;
}

void predictor::impl::learn_work(const observation& seen, pair_state& pair,
                                 site_state& site) {
  const bool shared = seen.batch_ms > 0 && seen.batch_size > 0;
  auto whole = seen;
  if (shared) {
    whole.size = seen.batch_size;
    whole.service_ms = seen.batch_ms;
  }
  const bool told = shared && pair.knows_batch(seen.batch_ms);
  if (!told && !learn_line(whole, pair, site))
    return;
  // Nobody waits for what was answered at once; what is unexplained may be no
  // work of the site at all.
  pair.queues = seen.queued && !pair.word.doubted();
  if (!pair.queues)
    return;
  pair.queue(site).worked(seen.service_ms);
}

/// What an event or a whole batch took. False: it says nothing.
bool predictor::impl::learn_line(const observation& seen, pair_state& pair,
                                 site_state& site) {
  const double expected_ms = seen.service_ms < tick_ms
                               ? pair.filter.at(seen.size, site.filter).ms
                               : tick_ms; // it does not matter
  const bool probed
    = site.probed != time_point{} && seen.at - site.probed < probe_memory;
  if (pair.too_short_to_tell(seen.service_ms, expected_ms, probed, seen.at))
    return false;
  function_filter::lesson told;
  const auto changes = pair.filter.changes();
  if (!pair.filter.observe(seen.size, seen.service_ms, seen.at, site.filter,
                           config.service, &told))
    return false;
  if (std::has_single_bit(++pair.lessons)) // 1, 2, 4, 8 ...
    teach_tier(to_int(seen.function), to_int(seen.site));
  if (pair.filter.changes() > changes)
    site.stepped = to_int(seen.function);
  if (config.odds)
    site.judge(pair.filter.doubt() > 0, pair.filter.changes() > changes,
               seen.at - from_ms(seen.total_ms));
  pair.doubt = site.filter.odds.step() * pair.filter.doubt();
  pair.doubt_until = seen.at + doubt_time;
  if (pair.doubt > 0)
    watch(pair, to_int(seen.function), to_int(seen.site));
  pair.quality.service(told.before.ms / seen.service_ms, told.nu,
                       told.before.log_var + told.before.noise);
  return true;
}

namespace {

/// No other event of its function was there when it ended.
bool alone(const observation& seen) noexcept {
  return seen.in_flight == 0 && seen.queue_length <= seen.queue_foreign;
}

} // namespace

/// Whether it was loaded, and until when it is taken to be. Others of the function
/// at the site may be the reason for one more instance, or for none: they are left
/// out.
void predictor::impl::learn_residency(const observation& seen,
                                      pair_state& pair) {
  const bool cold = seen.cold_ms > 0;
  pair.cold_run = cold ? pair.cold_run + 1 : 0;
  if (!cold)
    pair.warm = std::min(pair.warm + 1, 20);
  const auto came = seen.at - from_ms(seen.total_ms);
  if (pair.left_idle != time_point{} && alone(seen))
    pair.stay.observe(to_ms(came - pair.left_idle), !cold);
  pair.left_idle = std::max(pair.left_idle, seen.at);
  if (cold || pair.warm_until_ms > 0) // it does get unloaded
    pair.warm_until_ms = to_ms(seen.at.time_since_epoch()) + pair.stay.ms();
}

/// It took so long at least, and says no more.
void predictor::impl::learn_timeout(const observation& seen, pair_state& pair,
                                    site_state& site) {
  const double elsewhere = links[site.link].filter.mean(seen.bytes)
                           + seen.backlog_ms + seen.queue_ms;
  if (seen.total_ms > elsewhere)
    pair.filter.observe_at_least(std::max(seen.size, pair.terms.most),
                                 seen.total_ms - elsewhere, seen.at,
                                 site.filter, config.service);
}

void pair_state::judge_prediction(const observation& seen) {
  quality.total(seen.predicted_ms, seen.predicted_reach, seen.total_ms);
  if (!(seen.predicted_ms > 0) || !(seen.predicted_sd > 0))
    return;
  const double score = (seen.total_ms - seen.predicted_ms) / seen.predicted_sd;
  promise.add(score);
  interval.add(std::abs(score));
}

/// The site's word on a function's times is no longer believed, or again: what
/// was learned by it is open. The link's filter has taken for the link's what was
/// the function's.
void predictor::impl::change_mind(pair_state& pair, site_state& site,
                                  time_point now) {
  auto& link = links[site.link];
  if (pair.word.doubted())
    link.filter.begin_anew(link.bounds.rtt_ms());
  site.filter.advance(now, config.service);
  site.filter.var += config.service.jump;
  pair.filter = function_filter{pair.filter.profile(), config.service};
  pair.filter.know_nothing(config.service);
  pair.filter.join(site.filter);
}

/// False when its parts are larger than the whole: none of them is learned.
/// Where the site is not believed, what the link does not account for becomes
/// service.
bool predictor::impl::learn_way(observation& seen, pair_state& pair,
                                site_state& site) {
  auto& link = links[site.link];
  // What waited for the link in front of it is known roughly only.
  const double way
    = seen.total_ms - seen.queue_ms - seen.service_ms - seen.cold_ms;
  const double own = way < 0 ? way : std::max(0.0, way - seen.backlog_ms);
  link.bounds.crossed(seen.bytes, way, seen.at);
  if (seen.outcome == event_outcome::done && link.bounds.known(seen.at)
      && pair.word.judge(own, link.bounds.most_ms(seen.bytes), seen.at))
    change_mind(pair, site, seen.at);
  if (pair.word.doubted() && own >= 0) {
    const double beyond = std::max(0.0, own - link.filter.mean(seen.bytes));
    pair.word.unexplained(beyond);
    seen.service_ms += beyond;
    if (seen.batch_ms > 0)
      seen.batch_ms += beyond;
    return true;
  }
  const double doubt
    = seen.backlog_ms * (seen.backlog_seen ? hindsight_doubt : backlog_doubt);
  return link.stray(seen.bytes, own, doubt, seen.at - from_ms(seen.total_ms))
         || link.filter.observe(seen.bytes, own, seen.at, doubt);
}

bool predictor::observe(const observation& seen) {
  auto& my = *impl_;
  if (!my.known(seen.function) || !my.known(seen.site) || !plausible(seen))
    return my.refuse();
  const auto f = to_int(seen.function), s = to_int(seen.site);
  auto& pair = my.obtain(f, s);
  auto& site = my.sites[s];
  pair.overdue_ms = 0; // the next tick says it again if others are late, too
  my.mark(pair, f, s);
  if (my.config.reports)
    pair.queue(site).hear(seen.queue_length, seen.in_flight,
                          to_ms(seen.at.time_since_epoch()));
  if (seen.outcome == event_outcome::refused)
    return true;
  pair.quality.event();
  my.functions[f].arrived(seen);
  const bool waited
    = pair.had_to_wait(seen.at - from_ms(seen.total_ms));
  if (seen.outcome == event_outcome::timed_out) {
    if (!waited)
      my.learn_timeout(seen, pair, site);
    return true;
  }
  if (!my.functions[f].slow.empty())
    my.pass_over_slow(f, s);
  my.learn_residency(seen, pair);
  if (!waited) // how deployments go says nothing of later events
    pair.judge_prediction(seen);
  auto told = seen;
  if (!my.learn_way(told, pair, site))
    return my.refuse();
  if (seen.outcome == event_outcome::done)
    my.learn_service(told, pair, site);
  return true;
}

bool pair_state::heard_already(double ms, bool by_event,
                               time_point now) noexcept {
  const bool again = load_ms > 0 && load_by_event != by_event
                     && now - load_at < load_memory
                     && std::abs(ms - load_ms) < 0.25 * load_ms + 5;
  load_ms = again ? 0 : ms;
  load_by_event = by_event;
  load_at = now;
  return again;
}

void predictor::impl::learn_load(uint32_t function, uint32_t site, double ms,
                                 bool by_event, time_point now) {
  auto& pair = *find(function, site);
  if (pair.heard_already(ms, by_event, now))
    return;
  pair.cold.observe(ms);
  auto& slow = functions[function].slow;
  std::erase(slow, site);
  if (pair.cold.slow())
    slow.push_back(site);
}

/// An event went to `site`, and none to those.
void predictor::impl::pass_over_slow(uint32_t function, uint32_t site) {
  auto& slow = functions[function].slow;
  std::erase_if(slow, [&](uint32_t other) {
    auto* pair = other == site ? nullptr : find(function, other);
    if (!pair)
      return other != site;
    pair->cold.passed_over();
    mark(*pair, function, other);
    return !pair->cold.slow();
  });
}

} // namespace faas::routing
