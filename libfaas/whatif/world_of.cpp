#include "libfaas/whatif/world_of.hpp"

#include "libfaas/routing/policies/catalog.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace faas::whatif {
namespace {

/// A site of the world that is made, and which of the recording it is like.
struct maker {
  sim::site_law law;
  size_t like = 0;
  bool own = false; ///< it is that one
};

void apply(const change& what, size_t site, sim::site_law& to) {
  for (const auto& one : what.servers)
    if (one.site == site)
      to.servers = one.servers;
  for (const auto& one : what.slowed)
    if (one.site == site)
      to.slowdown *= one.factor;
  for (const auto& one : what.links)
    if (one.site == site) {
      to.link.rtt_ms = to.link.rtt_ms * one.factor + one.more_rtt_ms;
      to.link.ms_per_byte *= one.factor;
      to.link.back_ms_per_byte *= one.factor;
    }
}

sim::site_law law_of(const site_fit& from) {
  sim::site_law made;
  made.name = made.tier = from.name;
  made.servers = from.servers;
  made.disturbance = from.level;
  made.link.rtt_ms = from.rtt_ms;
  made.link.ms_per_byte = from.ms_per_byte;
  made.link.rtt_factor = from.rtt_level;
  made.cold = from.cold;
  made.absent = from.absent;
  return made;
}

/// Cuts join the times in which a site was away by itself; where they overlap
/// the cut counts.
void cut(const change& what, size_t site, sim::site_law& to) {
  for (const auto& one : what.cuts) {
    if (one.site != site)
      continue;
    std::erase_if(to.absent, [&](const sim::absence& other) {
      return other.from <= one.until && other.until >= one.from;
    });
    to.absent.push_back({one.from, one.until, true});
  }
  std::sort(to.absent.begin(), to.absent.end(),
            [](const auto& a, const auto& b) { return a.from < b.from; });
}

std::vector<maker> makers(const laws& known, const change& what) {
  std::vector<maker> made;
  for (size_t i = 0; i < known.sites.size(); ++i) {
    if (i < what.dropped.size() && what.dropped[i])
      continue;
    maker one{law_of(known.sites[i]), i, true};
    apply(what, i, one.law);
    cut(what, i, one.law);
    made.push_back(std::move(one));
  }
  for (const auto& site : what.added) {
    maker one{law_of(known.sites[site.like]), site.like, false};
    for (const auto& given : what.servers)
      if (given.site == site.like)
        one.law.servers = given.servers;
    one.law.name = one.law.tier = site.name;
    one.law.slowdown /= site.speed;
    one.law.link.rtt_ms
      = std::max(0.02, one.law.link.rtt_ms + site.more_rtt_ms);
    if (site.servers > 0)
      one.law.servers = site.servers;
    made.push_back(std::move(one));
  }
  return made;
}

/// The scatter at that site; with none there, that of the site which has most.
const scatter& rest_of(const laws& known, size_t site, size_t function) {
  const auto* found = &known.sites[site].service[function].rest;
  if (!found->all.empty())
    return *found;
  for (const auto& other : known.sites)
    if (other.service[function].rest.all.size() > found->all.size())
      found = &other.service[function].rest;
  return *found;
}

/// What an event meets at a site.
sim::site_draw meet(const recording& from, const laws& known, size_t number,
                    const maker& site, random_source& random) {
  const auto& event = from.events[number];
  const auto& law = known.sites[site.like];
  const auto& service = law.service[event.function];
  const auto line = service.at(event.size);
  sim::site_draw made;
  if (site.own && event.answered && event.site == site.like) {
    made.work = static_cast<float>(event.service / law.level.at(event.at));
    random.next(); // so that the next events' draws stay
    random.next();
  } else
    made.work = static_cast<float>(
      line
      * std::exp(rest_of(known, site.like, event.function).draw(event.at,
                                                                random)));
  made.extra_ms = static_cast<float>(law.way.draw(event.at, random));
  return made;
}

/// How often each event comes, and when.
struct coming {
  double at = 0;
  size_t number = 0;
};

std::vector<coming> comings(const recording& from, double rate,
                            random_source& random) {
  double most = 0;
  for (const auto& one : from.events)
    most = std::max(most, one.weight * rate);
  std::vector<coming> made;
  for (double pass = 0; pass < most; ++pass) {
    const auto shift
      = pass == 0 ? 0 : most_shift_ms * (2 * random.uniform() - 1);
    for (size_t i = 0; i < from.events.size(); ++i) {
      const auto left = from.events[i].weight * rate - pass;
      if (left <= 0 || (left < 1 && random.uniform() >= left))
        continue;
      auto at = from.events[i].at + shift;
      if (at < 0 || at >= from.length_ms) // around the ends
        at += at < 0 ? from.length_ms : -from.length_ms;
      made.push_back({at, i});
    }
  }
  std::stable_sort(made.begin(), made.end(), [](const auto& a, const auto& b) {
    return a.at < b.at;
  });
  return made;
}

void add_events(const recording& from, const laws& known, const change& what,
                const std::vector<maker>& sites, uint64_t seed,
                sim::scenario& to) {
  random_source order{seed * 2 + 1}, luck{seed * 2 + 2};
  std::vector<std::shared_ptr<sim::given_events>> all;
  for (size_t f = 0; f < from.functions.size(); ++f)
    all.push_back(std::make_shared<sim::given_events>());
  for (const auto& [at, number] : comings(from, what.rate, order)) {
    const auto& event = from.events[number];
    auto& of = *all[event.function];
    of.events.push_back({at, event.size, event.bytes});
    for (const auto& site : sites)
      of.draws.push_back(meet(from, known, number, site, luck));
  }
  for (size_t f = 0; f < all.size(); ++f) {
    if (all[f]->events.empty())
      continue;
    sim::traffic one;
    one.function = f;
    one.given = std::move(all[f]);
    to.events.push_back(std::move(one));
  }
}

} // namespace

result<sim::scenario> world_of(const recording& from, const laws& known,
                               const change& what, double warm_up_ms,
                               uint64_t seed) {
  const auto sites = makers(known, what);
  if (sites.empty())
    return error{errc::invalid_argument, "no site is left",
                 "drop fewer, or add one"};
  if (sites.size() > routing::max_candidates)
    return error{errc::invalid_argument,
                 "there would be more than "
                   + std::to_string(routing::max_candidates) + " sites",
                 "add fewer"};
  sim::scenario made;
  made.length_ms = from.length_ms;
  made.warm_up_ms = warm_up_ms;
  for (const auto& one : sites)
    made.sites.push_back(one.law);
  for (size_t f = 0; f < from.functions.size(); ++f) {
    sim::function_law law;
    law.name = from.functions[f];
    law.ms_per_unit = known.profiles[f].slope;
    law.ms_fixed = known.profiles[f].intercept;
    made.functions.push_back(law);
  }
  add_events(from, known, what, sites, seed, made);
  return made;
}

result<sim::policy_maker> policies_of(const recording& from,
                                      const sim::scenario& world,
                                      const std::string& name) {
  constexpr std::string_view fixed = "static:";
  std::vector<std::pair<std::string, size_t>> all;
  for (const auto& logged : from.policies) {
    auto text = name.empty() ? logged : name;
    size_t site = 0;
    if (text.starts_with(fixed)) {
      const auto wanted = text.substr(fixed.size());
      const auto is = [&](const sim::site_law& law) {
        return law.name == wanted
               || law.name.substr(0, law.name.find('/')) == wanted;
      };
      const auto found
        = std::find_if(world.sites.begin(), world.sites.end(), is);
      if (found == world.sites.end())
        return error{errc::invalid_argument,
                     text + ": there is no such site in that world",
                     "name one of its sites"};
      site = static_cast<size_t>(found - world.sites.begin());
      text = "static";
    }
    if (auto known = routing::make_policy(text, routing::site_index{0}); !known)
      return known.error();
    all.emplace_back(text, site);
  }
  // A gateway asks once for each function, in their order.
  return sim::policy_maker{
    [all, next = size_t{0}](const auto& sites) mutable {
      const auto& [text, site] = all[next++ % all.size()];
      return std::move(*routing::make_policy(text, sites[site]));
    }};
}

} // namespace faas::whatif
