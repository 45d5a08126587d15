#include "libfaas/sim/foresight.hpp"

#include "libfaas/routing/queue_model.hpp"

#include <algorithm>

namespace faas::sim {
namespace {

constexpr double averaging_s = 5;

/// Work of a server for an event, at a site without disturbance. In batches: of
/// full ones, since that is what a site can do where all events come.
double work_ms(const site_law& site, const function_law& function, double size,
               double alone_ms, double noise) noexcept {
  if (!site.batch)
    return site.slowdown * alone_ms;
  return site.slowdown * noise
         * site.batch->share_ms(
           site.batch->base_ms.value_or(function.ms_fixed),
           site.batch->item_ms.value_or(function.ms_per_unit), size);
}

/// Of a site whose disturbance repeats (a CPU quota): the slow-down over many
/// periods, since events will be there in all phases; 0: it does not repeat.
double repeated(const schedule& disturbance) noexcept {
  const auto work = 1000 * disturbance.period();
  return work > 0 ? disturbance.done(0, work) / work : 0;
}

/// Functions have to leave for others at some site.
bool short_of_memory(const scenario& world) noexcept {
  double needs = 0;
  for (const auto& one : world.functions)
    needs += one.memory_bytes;
  return std::any_of(world.sites.begin(), world.sites.end(),
                     [&](const site_law& site) {
                       return site.memory_bytes > 0
                              && needs > site.memory_bytes;
                     });
}

/// Mean size, bytes and time of the events of a recording, by site.
struct recorded {
  double size = 0;
  routing::way_bytes bytes{};
  std::vector<double> alone_ms{};
};

recorded means_of(const given_events& all, size_t sites) {
  recorded made;
  made.alone_ms.resize(sites);
  const auto count = static_cast<double>(all.events.size());
  for (const auto& one : all.events) {
    made.size += one.size / count;
    made.bytes.up += one.bytes / count;
  }
  for (size_t i = 0; i < all.draws.size(); ++i)
    made.alone_ms[i % sites] += all.draws[i].work / count;
  return made;
}

} // namespace

foresight::foresight(const scenario& world,
                     const std::vector<event_stream>& streams)
  : world_(world), streams_(streams),
    seen_(streams.size(), routing::rate_estimator{averaging_s}),
    rates_(streams.size()) {
  const bool leaves = short_of_memory(world);
  for (const auto& site : world.sites) {
    repeated_.push_back(repeated(site.disturbance));
    // What never leaves serves to the end.
    const auto stay = site.cold.keep_ms > 0 ? site.cold.keep_ms
                                            : world.length_ms;
    stay_ms_.push_back(leaves ? 0 : stay);
  }
  for (const auto& about : world.events) {
    const auto& law = world.functions[about.function];
    const auto noise = about.given ? 1 : mean_noise(law);
    recorded mean{law.size.mean()};
    mean.bytes = law.bytes_of(mean.size);
    mean.alone_ms.assign(world.sites.size(),
                         noise * (law.ms_per_unit * mean.size + law.ms_fixed));
    if (about.given)
      mean = means_of(*about.given, world.sites.size());
    auto& needs = needs_.emplace_back(world.sites.size());
    for (size_t i = 0; i < needs.size(); ++i)
      if (about.only == traffic::any || about.only == i)
        needs[i] = {work_ms(world.sites[i], law, mean.size, mean.alone_ms[i],
                            noise),
                    mean.bytes};
  }
}

void foresight::came(size_t stream, double now) {
  seen_[stream].arrive(at(now));
  for (size_t i = 0; i < rates_.size(); ++i)
    rates_[i] = streams_[i].per_second(now).value_or(
                  seen_[i].per_second(at(now)))
                / 1000;
}

double foresight::imposed_ms(const site_state& site, const draw& event,
                             double now) const {
  const auto index = site.index();
  double events = 0, work = 0;
  routing::way_bytes bytes;
  for (size_t i = 0; i < rates_.size(); ++i) {
    const auto& need = needs_[i][index];
    events += need.work_ms > 0 ? rates_[i] : 0;
    work += rates_[i] * need.work_ms;
    bytes.up += rates_[i] * need.bytes.up;
    bytes.down += rates_[i] * need.bytes.down;
  }
  if (events <= 0)
    return 0;
  const auto& law = site.law();
  const auto servers = static_cast<double>(law.servers);
  const auto slower
    = repeated_[index] > 0 ? repeated_[index] : law.disturbance.at(now);
  const auto alone
    = event.by_site == nullptr ? event.mean_work : event.by_site[index].work;
  const auto own = work_ms(law, world_.functions[event.function], event.size,
                           alone, event.mean_noise);
  const auto per_byte = site.ms_per_byte(now);
  const auto carried = [events](double rate, double own, double ahead,
                                double all) {
    return routing::crowding_ms(own * rate, ahead, all / events * rate,
                                all * rate);
  };
  // All servers as one of their speed, as routing::imposed_ms does.
  return routing::crowding_ms(own * slower / servers,
                              site.work_ahead_ms(event, now) / servers,
                              work / events * slower / servers,
                              work * slower / servers)
         + carried(per_byte.up, event.bytes.up, site.link_ahead_ms(now),
                   bytes.up)
         + (event.bytes.down * per_byte.down > 0
              ? carried(per_byte.down, event.bytes.down,
                        site.replies_ahead_ms(event, now), bytes.down)
              : 0);
}

double foresight::spared_ms(const site_state& site, const draw& event,
                            double now) const {
  const auto cold = site.cold_ms(event, now);
  const auto stay = stay_ms_[site.index()];
  if (cold <= 0 || stay <= 0)
    return 0;
  double rate = 0;
  for (size_t i = 0; i < rates_.size(); ++i)
    if (world_.events[i].function == event.function
        && needs_[i][site.index()].work_ms > 0)
      rate += 1000 * rates_[i];
  return cold - routing::cold_charge_ms(cold, rate, stay);
}

} // namespace faas::sim
