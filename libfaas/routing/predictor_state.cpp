// The predictor across restarts, routers and versions.
#include "libfaas/routing/predictor_impl.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace faas::routing {
namespace {

constexpr double doubtful_load = 1; ///< variance of the log of what it takes
constexpr double max_log = 12; ///< slow-downs of e^12 are no measurements

bool usable_log(double x) noexcept {
  return std::isfinite(x) && std::abs(x) <= max_log;
}

bool usable(const snapshot::pair& p) noexcept {
  return std::isfinite(p.slope) && std::isfinite(p.intercept)
         && usable_log(p.log_slowdown) && usable_log(p.log_shape)
         && std::isfinite(p.log_noise);
}

/// One pair, brought up to date in a copy.
snapshot::pair saved_pair(const std::string& function, const site_state& site,
                          const pair_state& pair) {
  auto filter = pair.filter;
  filter.at(1, site.filter);
  return {function,
          site.name,
          filter.profile().slope,
          filter.profile().intercept,
          filter.own(),
          filter.shape(),
          filter.noise(),
          pair.cold.log_mean(),
          pair.cold.log_var()};
}

/// Where the site is not believed, what it is taken to need may be this router's
/// own trouble.
bool experienced(const pair_state& pair) noexcept {
  if (pair.word.doubted())
    return false;
  return pair.inherited || pair.quality.values().events > 0;
}

/// Whether events of any function have told of it.
bool experienced(const site_state& site) noexcept {
  return std::any_of(
    site.functions.begin(), site.functions.end(),
    [&](const uint32_t f) { return experienced(*site.pairs[f]); });
}

} // namespace

snapshot predictor::save() const {
  snapshot out;
  for (const auto& link : impl_->links)
    out.links.push_back(
      {link.name, link.filter.rtt_ms(), link.filter.up_ms_per_byte(),
       link.filter.down_ms_per_byte()});
  for (const auto& site : impl_->sites) {
    out.sites.push_back({site.name, site.filter.g});
    for (const auto f : site.functions)
      out.pairs.push_back(
        saved_pair(impl_->functions[f].name, site, *site.pairs[f]));
  }
  return out;
}

snapshot predictor::experience(size_t most_pairs, bool adopted) const {
  const auto known = [&](const pair_state& pair) {
    return experienced(pair) || (adopted && pair.adopted);
  };
  snapshot out;
  for (const auto& site : impl_->sites) {
    const bool told = adopted && site.adopted;
    if (!told
        && std::none_of(
          site.functions.begin(), site.functions.end(),
          [&](const uint32_t f) { return known(*site.pairs[f]); }))
      continue;
    out.sites.push_back({site.name, site.filter.g});
    for (const auto f : site.functions)
      if (out.pairs.size() < most_pairs && !impl_->functions[f].removed
          && known(*site.pairs[f]))
        out.pairs.push_back(
          saved_pair(impl_->functions[f].name, site, *site.pairs[f]));
  }
  return out;
}

namespace {

/// The filter of a site that was away for that long, or of another router.
void restore_site(site_state& site, double log_slowdown, double seconds,
                  const service_config& config, time_point now) {
  auto& filter = site.filter;
  const double before = filter.g;
  filter = site_filter{config, log_slowdown};
  if (site.probe) // only its changes are told by probes, and this is none
    site.probe->rebase(filter, log_slowdown - before);
  filter.advance(now, config);
  // Half of the prior's uncertainty, and more the longer it was away.
  filter.var = std::min(config.site_var,
                        config.site_var / 2 + config.q_second * seconds);
}

void restore_pair(pair_state& pair, const snapshot::pair& from,
                  site_state& site, const service_config& config) {
  pair.filter = function_filter{line{from.slope, from.intercept}, config};
  pair.filter.join(site.filter);
  pair.filter.restore(from.log_slowdown, from.log_shape, from.log_noise);
  pair.lessons = std::max(pair.lessons, 1u); // not one that knows nothing
  pair.cold.restore(from.cold_log_mean, from.cold_log_var);
}

/// Of another version that does the same work. Whether it is loaded, and the
/// errors of its predictions, are each version's own.
void take_over(pair_state& pair, const pair_state& from) {
  pair.inherited = experienced(from);
  pair.filter = from.filter;
  pair.cold = from.cold;
  pair.stay = from.stay;
  pair.warm = from.warm;
  pair.cold_run = from.cold_run;
  pair.last_long = from.last_long;
  pair.short_share = from.short_share;
  pair.promise = from.promise;
  pair.interval = from.interval;
  pair.word = from.word;
  pair.own_profile = from.own_profile;
  pair.lessons = from.lessons;
}

void take_over(function_state& next, const function_state& from) {
  if (!next.told) {
    next.profile = from.profile;
    next.told = from.told;
  }
  if (next.rate.empty()) {
    next.rate = from.rate;
    next.lately = from.lately;
    next.mean_size = from.mean_size;
    next.mean_bytes = from.mean_bytes;
  }
}

/// Of another version that may do other work: the means, with doubt.
void expect_alike(pair_state& pair, const pair_state& from, likeness what,
                  site_state& site, const service_config& config) {
  if (what == likeness::alike && (from.lessons > 0 || from.own_profile))
    restore_pair(pair, saved_pair({}, site, from), site, config);
  if (from.cold.untouched())
    pair.cold = from.cold;
  else
    pair.cold.restore(from.cold.log_mean(), doubtful_load);
}

bool has_events(const pair_state& pair) noexcept {
  return pair.quality.values().events > 0;
}

/// Events, a trial run or a load at the site have told of it.
bool taught(const pair_state& pair) noexcept {
  return pair.lessons > 0 || pair.own_profile || !pair.cold.untouched();
}

} // namespace

size_t predictor::succeed(function_index next, function_index before,
                          likeness what) {
  auto& my = *impl_;
  if (next == before || !my.known(next) || !my.known(before)) {
    my.refuse();
    return 0;
  }
  const auto to = to_int(next), of = to_int(before);
  if (what == likeness::same_work)
    take_over(my.functions[to], my.functions[of]);
  size_t taken = 0;
  for (uint32_t s = 0; s < my.sites.size(); ++s) {
    const auto* from = my.find(of, s);
    const auto* there = my.find(to, s);
    // What it began with itself is no more than what has been learned since.
    const bool newer = from && there && what == likeness::same_work
                       && has_events(*from) && !has_events(*there);
    if (!from || !taught(*from) || (there && taught(*there) && !newer))
      continue;
    auto& pair = my.obtain(to, s);
    if (what == likeness::same_work)
      take_over(pair, *from);
    else
      expect_alike(pair, *from, what, my.sites[s], my.config.service);
    if (pair.cold.slow())
      my.functions[to].slow.push_back(s);
    my.mark(pair, to, s);
    ++taken;
  }
  return taken;
}

namespace {

/// The site's part, as another router tells it. A trial run was measured here,
/// so its function's own part gives way.
void adopt_site(site_state& site, double log_slowdown,
                const service_config& config, time_point now) {
  const double before = site.filter.g;
  restore_site(site, log_slowdown, 0, config, now);
  site.adopted = true;
  site.told_part = log_slowdown;
  for (const auto f : site.functions) {
    auto& pair = *site.pairs[f];
    pair.filter.rebase(site.filter,
                       pair.own_profile ? site.filter.g - before : 0);
  }
}

} // namespace

/// Only changes of a site's part have a meaning, so one router's pairs fit its
/// own site's part: where another one's was taken before, they are moved.
/// Entries stay in `told` until what they are of is known, a site's until its
/// pairs are.
size_t predictor::adopt(snapshot& told, time_point now) {
  auto& my = *impl_;
  const auto& config = my.config.service;
  size_t taken = 0;
  std::unordered_map<std::string, double> parts;
  for (const auto& entry : told.sites) {
    const auto at = my.site_names.find(entry.name);
    if (at == my.site_names.end() || !usable_log(entry.log_slowdown))
      continue;
    auto& site = my.sites[at->second];
    if (experienced(site))
      continue;
    parts.emplace(entry.name, entry.log_slowdown);
    if (!site.adopted) {
      adopt_site(site, entry.log_slowdown, config, now);
      ++taken;
    }
  }
  std::unordered_set<std::string> waiting;
  std::erase_if(told.pairs, [&](snapshot::pair& entry) {
    const auto f = my.function_names.find(entry.function);
    const auto s = my.site_names.find(entry.site);
    if (f == my.function_names.end() || s == my.site_names.end()) {
      waiting.insert(entry.site);
      return false;
    }
    const auto part = parts.find(entry.site);
    if (part == parts.end() || my.functions[f->second].removed)
      return true;
    auto& site = my.sites[s->second];
    entry.log_slowdown += part->second - site.told_part;
    auto& pair = my.obtain(f->second, s->second);
    if (!pair.untold() || !usable(entry))
      return true; // what was told first is not worse
    restore_pair(pair, entry, site, config);
    pair.adopted = true;
    my.mark(pair, f->second, s->second);
    ++taken;
    return true;
  });
  std::erase_if(told.sites, [&](const snapshot::site& entry) {
    return my.site_names.contains(entry.name) && !waiting.contains(entry.name);
  });
  return taken;
}

size_t predictor::restore(const snapshot& saved, duration away,
                          time_point now) {
  auto& my = *impl_;
  size_t taken = 0;
  for (const auto& link : saved.links)
    if (const auto at = my.link_names.find(link.name);
        at != my.link_names.end()
        && my.links[at->second].filter.restore(
          link.rtt_ms, link.up_ms_per_byte, link.down_ms_per_byte))
      ++taken;
  const double seconds = std::max(0.0, to_ms(away) / 1000);
  const auto& config = my.config.service;
  for (const auto& entry : saved.sites) {
    const auto at = my.site_names.find(entry.name);
    if (at == my.site_names.end() || !usable_log(entry.log_slowdown))
      continue;
    restore_site(my.sites[at->second], entry.log_slowdown, seconds, config,
                 now);
    ++taken;
  }
  for (const auto& entry : saved.pairs) {
    const auto f = my.function_names.find(entry.function);
    const auto s = my.site_names.find(entry.site);
    if (f == my.function_names.end() || s == my.site_names.end()
        || !usable(entry))
      continue;
    auto& pair = my.obtain(f->second, s->second);
    restore_pair(pair, entry, my.sites[s->second], config);
    my.mark(pair, f->second, s->second);
    ++taken;
  }
  return taken;
}

} // namespace faas::routing
