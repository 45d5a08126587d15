#include "libfaas/routing/policies/catalog.hpp"

#include "libfaas/routing/policies/averages.hpp"
#include "libfaas/routing/policies/counting.hpp"
#include "libfaas/routing/policies/hot_cold.hpp"
#include "libfaas/routing/policies/regression.hpp"
#include "libfaas/routing/policies/replica_ranking.hpp"
#include "libfaas/routing/policies/sticky.hpp"
#include "libfaas/routing/policies/stoic.hpp"
#include "libfaas/routing/policies/weighted.hpp"
#include "libfaas/routing/policies/meet_deadline.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace faas::routing {
namespace {

using values = std::span<const double>;
using made = std::unique_ptr<policy>;

constexpr policy_parameter explore_share{
  "explore", 0.02, 0, 0.5, "share of events that go anywhere, to learn"};

constexpr std::array min_latency_parameters{
  policy_parameter{"explore", 0.03, 0, 0.5,
                   "bound of the share of events that explore"},
  policy_parameter{"regret", 0.01, 0, 1,
                   "share of the latency served that exploring may cost"},
  policy_parameter{"near", 0, 0, 0.5,
                   "chooses at random among sites within this share of the "
                   "best, so that routers do not all go to one"},
  policy_parameter{"social", 1, 0, 4,
                   "how much of what an event imposes on later ones counts"},
  policy_parameter{"hedge", 0, 0, 1,
                   "share of events that may start at a second site, too"},
  policy_parameter{"price", 0.5, 0, 100,
                   "ms of latency that a ms of the second site is worth"},
};

made make_min_latency(values of, site_index) {
  exploration bounds;
  bounds.share = of[0];
  bounds.regret_share = of[1];
  bounds.near = of[2];
  bounds.social = of[3];
  hedge_bounds hedges;
  hedges.share = of[4];
  hedges.price = of[5];
  return std::make_unique<min_latency>(bounds, hedges);
}

constexpr std::array deadline_parameters{
  policy_parameter{"share", 0.95, 0.01, 0.999,
                   "wanted probability of being in time"},
  policy_parameter{"least", 0.9, 0, 1,
                   "refused when no site is in time with this probability"},
  policy_parameter{"patience", 0.25, 0, 1,
                   "a site is crowded where an event waits for more than this "
                   "share of the time that its deadline leaves"},
  policy_parameter{"explore", 0.03, 0, 0.5,
                   "bound of the share of events that are tries of sites that "
                   "too little is known of"},
  policy_parameter{"retry", 5000, 0, 3.6e6,
                   "a site that nothing was heard of for so long, ms, is tried "
                   "though it is expected to be late"},
};
constexpr std::array weighted_parameters{
  policy_parameter{"latency", 1, 0, 1e9, "weight of a ms"},
  policy_parameter{"price", 1, 0, 1e9, "weight of a unit of the currency"},
  policy_parameter{"energy", 0, 0, 1e9, "weight of a joule"},
  policy_parameter{"social", 1, 0, 4,
                   "how much of what an event imposes on later ones counts"},
  policy_parameter{"explore", 0.01, 0, 0.5,
                   "share of events that go anywhere, to learn"},
};
constexpr std::array sticky_parameters{
  policy_parameter{"factor", 1.5, 1, 1000,
                   "a key leaves a site that is so many times slower than the "
                   "best"},
  policy_parameter{"slack", 1, 0, 1e6, "and by so many ms"},
  policy_parameter{"bound", 1.25, 1, 1000,
                   "of a site's share of what is in flight, for new keys"},
  policy_parameter{"keys", 4096, 4, 1 << 20, "that are remembered"},
};

made make_deadline(values of, site_index) {
  return std::make_unique<meet_deadline>(
    meet_deadline::config{of[0], of[1], of[2], of[3], of[4]});
}

made make_weighted(values of, site_index) {
  return std::make_unique<weighted>(
    weighted::config{of[0], of[1], of[2], of[3], of[4]});
}

made make_sticky(values of, site_index) {
  return std::make_unique<sticky>(
    sticky::config{of[0], of[1], of[2], static_cast<size_t>(of[3])},
    std::make_unique<min_latency>());
}

template <class Policy>
made plain(values, site_index) {
  return std::make_unique<Policy>();
}

made make_static(values, site_index site) {
  return std::make_unique<static_site>(site);
}

template <smoothing::kind How>
made make_average(values of, site_index) {
  smoothing how;
  how.how = How;
  how.explore = of[0];
  if constexpr (How == smoothing::kind::ewma)
    how.alpha = of[1];
  if constexpr (How == smoothing::kind::window)
    how.window = static_cast<size_t>(of[1]);
  return std::make_unique<least_average>(how);
}

constexpr std::array last_parameters{explore_share};
constexpr std::array ewma_parameters{
  explore_share,
  policy_parameter{"alpha", 0.2, 0.001, 1, "weight of the newest latency"}};
constexpr std::array window_parameters{
  explore_share,
  policy_parameter{"window", 20, 1, 64, "events that the mean is over"}};
constexpr std::array peak_parameters{
  policy_parameter{"tau", 10'000, 1, 1e6, "time constant, ms"}};
constexpr std::array kalman_parameters{
  policy_parameter{"q", 25, 0, 1e6, "process noise, ms^2 per second"},
  policy_parameter{"noise", 0.3, 0.01, 3,
                   "standard deviation of an event, share of the mean"},
  policy_parameter{"sample", 1, 0, 1, "1: Thompson sampling, 0: greedy"}};
constexpr std::array c3_parameters{
  policy_parameter{"alpha", 0.9, 0.001, 1, "weight of the newest"},
  policy_parameter{"exponent", 3, 1, 6, "of the queue"},
  policy_parameter{"clients", 1, 0, 1000, "routers of the same sites"}};
constexpr std::array prequal_parameters{
  policy_parameter{"quantile", 0.84, 0, 1, "of in flight, above it: hot"},
  policy_parameter{"rate", 3, 0, 8, "probes per event"},
  policy_parameter{"removal", 1, 0, 8, "answers removed per event"},
  policy_parameter{"delta", 1, 0, 16, "how much faster answers come than go"},
  policy_parameter{"age", 1000, 1, 1e5, "of answers, ms"}};
constexpr std::array ridge_parameters{
  explore_share,
  policy_parameter{"window", 50, 2, 256, "events per site"},
  policy_parameter{"lambda", 1, 1e-6, 1e6, "regularisation"},
  policy_parameter{"queue", 1, 0, 1, "1: in flight is a feature"}};
constexpr std::array bandit_parameters{
  policy_parameter{"alpha", 0.5, 0, 100, "width of the confidence bound"},
  policy_parameter{"keep", 1, 0.5, 1, "weight of the past at each event"}};

constexpr std::array stoic_parameters{
  policy_parameter{"ransac", 1, 0, 1,
                   "how lines are fit, 1: RANSAC, 0: Bayesian ridge"}};

made make_stoic(values of, site_index) {
  return std::make_unique<stoic>(of[0] >= 0.5
                                   ? forecast::line_method::ransac
                                   : forecast::line_method::bayesian_ridge);
}

made make_peak(values of, site_index) {
  return std::make_unique<peak_ewma>(of[0]);
}

made make_kalman(values of, site_index) {
  return std::make_unique<scalar_kalman>(
    scalar_kalman::config{of[0], of[1], of[2] >= 0.5});
}

made make_c3(values of, site_index) {
  return std::make_unique<replica_ranking>(
    replica_ranking::config{of[0], of[1], of[2]});
}

made make_prequal(values of, site_index) {
  return std::make_unique<hot_cold>(
    hot_cold::config{of[0], of[1], of[2], of[3], of[4]});
}

made make_ridge(values of, site_index) {
  ridge_window::config how;
  how.explore = of[0];
  how.window = static_cast<size_t>(of[1]);
  how.lambda = of[2];
  how.queue = of[3] >= 0.5;
  return std::make_unique<ridge_window>(how);
}

made make_bandit(values of, site_index) {
  return std::make_unique<linear_bandit>(linear_bandit::config{of[0], of[1]});
}

constexpr std::array catalog{
  policy_entry{"min-latency", "the site predicted to finish first",
               min_latency_parameters, make_min_latency},
  policy_entry{"deadline", "in time, then the cheapest; else refused",
               deadline_parameters, make_deadline},
  policy_entry{"weighted", "least of latency, price and energy, weighed",
               weighted_parameters, make_weighted},
  policy_entry{"sticky", "events of a key to one site, else min-latency",
               sticky_parameters, make_sticky},
  policy_entry{"static", "always one site", {}, make_static},
  policy_entry{"random", "any site", {}, plain<random_choice>},
  policy_entry{"round-robin", "sites in turn", {}, plain<round_robin>},
  policy_entry{"p2c", "the less loaded of two", {}, plain<two_choices>},
  policy_entry{"jsq", "the least loaded", {}, plain<shortest_queue>},
  policy_entry{"last-value", "the least last latency", last_parameters,
               make_average<smoothing::kind::last>},
  policy_entry{"ewma", "the least average latency", ewma_parameters,
               make_average<smoothing::kind::ewma>},
  policy_entry{"window-mean", "the least mean latency", window_parameters,
               make_average<smoothing::kind::window>},
  policy_entry{"peak-ewma", "average times in flight, of two",
               peak_parameters, make_peak},
  policy_entry{"scalar-kalman", "a Kalman filter on the whole latency",
               kalman_parameters, make_kalman},
  policy_entry{"c3", "replica ranking by queue and service", c3_parameters,
               make_c3},
  policy_entry{"prequal", "probes, hot and cold sites", prequal_parameters,
               make_prequal},
  policy_entry{"ridge", "a linear fit per site", ridge_parameters,
               make_ridge},
  policy_entry{"stoic", "transfer, deployment and processing as STOIC",
               stoic_parameters, make_stoic},
  policy_entry{"linucb", "a linear bandit per site", bandit_parameters,
               make_bandit},
};

std::string names() {
  std::string all;
  for (const auto& one : catalog)
    all += (all.empty() ? "" : ", ") + std::string{one.name};
  return all;
}

error wrong(std::string what, std::string next) {
  return {errc::invalid_argument, std::move(what), std::move(next)};
}

/// Reads "key=value,key=value" over the standard values.
result<std::vector<double>> parameters_of(const policy_entry& of,
                                          std::string_view text) {
  std::vector<double> all;
  for (const auto& one : of.parameters)
    all.push_back(one.standard);
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string item{text.substr(0, comma)};
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    const auto equal = std::min(item.find('='), item.size());
    const auto key = item.substr(0, equal);
    size_t at = 0;
    while (at < of.parameters.size() && of.parameters[at].name != key)
      ++at;
    if (at == of.parameters.size()) {
      std::string known;
      for (const auto& one : of.parameters)
        known += (known.empty() ? "" : ", ") + std::string{one.name};
      return wrong("policy " + std::string{of.name} + " has no parameter \""
                     + key + "\"",
                   known.empty() ? "it has none" : "it has: " + known);
    }
    const auto& about = of.parameters[at];
    char* end = nullptr;
    const auto digits = item.substr(std::min(equal + 1, item.size()));
    all[at] = std::strtod(digits.c_str(), &end);
    if (digits.empty() || *end != 0
        || !(all[at] >= about.least && all[at] <= about.most)) {
      char bounds[64];
      std::snprintf(bounds, sizeof bounds, "%g to %g", about.least,
                    about.most);
      return wrong("policy " + std::string{of.name} + ": " + key
                     + " must be a number from " + bounds,
                   std::string{about.what});
    }
  }
  return all;
}

} // namespace

std::span<const policy_entry> policy_catalog() noexcept {
  return catalog;
}

result<std::unique_ptr<policy>> make_policy(std::string_view text,
                                            site_index site) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto name = text.substr(0, colon);
  for (const auto& one : catalog) {
    if (one.name != name)
      continue;
    if (name == "static" && site == no_site)
      return wrong("policy static names no known site",
                   "give the site's name, see faas-cli nodes");
    auto of
      = parameters_of(one, text.substr(std::min(colon + 1, text.size())));
    if (!of)
      return of.error();
    return one.make(*of, site);
  }
  return wrong("unknown policy \"" + std::string{name} + "\"",
               "use one of: " + names());
}

} // namespace faas::routing
