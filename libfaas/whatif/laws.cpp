#include "libfaas/whatif/laws.hpp"

#include "libfaas/whatif/fits.hpp"

#include <algorithm>
#include <map>

namespace faas::whatif {
namespace {

constexpr size_t least_in_log = 200;
constexpr double least_window_ms = 1000;
constexpr double most_windows = 2000;

/// Arrivals at the site with what they met. An event of a sample stands for
/// several: copies of it, a little later each.
std::vector<visit> visits(const recording& from, size_t site,
                          const site_fit& law) {
  std::vector<visit> made;
  random_source random{site + 1};
  for (const auto& one : from.events) {
    if (!one.answered || one.site != site)
      continue;
    const auto there = one.at + std::max(0.0, one.network - law.rtt_ms / 2);
    made.push_back({there, one.service + one.cold, one.queue});
    for (double more = one.weight - 1; more > 0; --more)
      if (more >= 1 || random.uniform() < more)
        made.push_back({there + 2000 * random.uniform(),
                        one.service + one.cold, one.queue});
  }
  std::stable_sort(made.begin(), made.end(), [](const auto& a, const auto& b) {
    return a.at < b.at;
  });
  return made;
}

void fit_servers(const recording& from, size_t site, site_fit& to) {
  const auto found = find_servers(visits(from, site, to));
  to.servers = found.servers;
  to.servers_known = found.known;
  to.waited_ms = found.waited_ms;
  to.modelled_wait_ms = found.modelled_ms;
}

error refused(std::string what, std::string next) {
  return {errc::invalid_argument, std::move(what), std::move(next)};
}

result<void> check(const recording& from, const fit_options& how,
                   const std::vector<site_fit>& sites) {
  if (from.events.size() < least_in_log)
    return refused("there are only " + std::to_string(from.events.size())
                     + " events in it, and " + std::to_string(least_in_log)
                     + " are the least that tell something",
                   "record for longer, or with a larger decisions.share");
  for (size_t i = 0; i < sites.size(); ++i) {
    const bool needed = i >= how.dropped.size() || !how.dropped[i];
    if (needed && !how.believe && sites[i].measured < how.least_events)
      return refused(
        "only " + std::to_string(sites[i].measured) + " events ran at "
          + sites[i].name + ", which do not tell how it is (least: "
          + std::to_string(how.least_events) + ")",
        "leave it out (--drop-site " + sites[i].name
          + "), take the predictor's word for it (--believe), or record with "
            "a policy that tries all sites");
  }
  return {};
}

} // namespace

void fit_cold(const recording& from, size_t site, site_fit& to) {
  std::vector<double> loads, cold_gaps;
  double warm_gap = 0; ///< the longest after which it was still loaded
  std::map<uint32_t, double> last_end;
  for (const auto& one : from.events) {
    if (!one.answered || one.site != site)
      continue;
    const auto before = last_end.find(one.function);
    const auto gap = before == last_end.end() ? -1 : one.at - before->second;
    // Who comes while another one waits for the load, waits for its rest only.
    if (one.cold > 0 && (gap > 0 || before == last_end.end()))
      loads.push_back(one.cold);
    if (gap > 0 && one.cold > 0)
      cold_gaps.push_back(gap);
    else if (gap > 0)
      warm_gap = std::max(warm_gap, gap);
    auto& end = last_end[one.function];
    end = std::max(end, one.at + one.latency);
  }
  if (loads.empty())
    return;
  to.cold.load_ms = forecast::median(loads);
  // Between the two; with no cold gap only the first event of all was cold.
  to.cold.keep_ms = cold_gaps.empty()
                      ? std::max(from.length_ms, warm_gap) * 10
                      : std::max(1.0, forecast::median(cold_gaps));
  for (const auto gap : cold_gaps)
    to.cold.keep_ms = std::min(to.cold.keep_ms, std::max(gap, 1.0));
}

std::vector<sim::absence> fit_absences(const recording& from, size_t site,
                                       double window_ms) {
  std::vector<sim::absence> made;
  double since = -1;
  const auto close = [&](double until) {
    if (since >= 0 && until - since >= window_ms)
      made.push_back({since, until, false});
    since = -1;
  };
  for (size_t i = 0; i < from.events.size(); ++i) {
    if (from.said_of(i, site).considered)
      close(from.events[i].at);
    else if (since < 0)
      since = i == 0 ? 0 : from.events[i].at;
  }
  close(from.length_ms + window_ms);
  return made;
}

result<laws> fit(const recording& from, const fit_options& how) {
  const auto by = how.other_reading ? gap::typical : gap::said;
  laws made;
  made.window_ms = std::max(least_window_ms, from.length_ms / most_windows);
  made.sites.resize(from.sites.size());
  for (size_t i = 0; i < from.sites.size(); ++i) {
    made.sites[i].name = from.sites[i];
    for (const auto& one : from.events)
      made.sites[i].measured += one.answered && one.site == i;
  }
  if (auto good = check(from, how, made.sites); !good)
    return good.error();
  for (size_t f = 0; f < from.functions.size(); ++f)
    made.profiles.push_back(fit_profile(from, f));
  for (size_t i = 0; i < made.sites.size(); ++i) {
    auto& site = made.sites[i];
    fit_link(from, i, made.window_ms, by, site);
    fit_service(from, i, made.window_ms, by, made.profiles, site);
    fit_servers(from, i, site);
    if (how.other_reading && !site.servers_known)
      site.servers *= 4;
    fit_cold(from, i, site);
    site.absent = fit_absences(from, i, made.window_ms);
  }
  return made;
}

} // namespace faas::whatif
