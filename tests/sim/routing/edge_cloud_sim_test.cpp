// The demo's scenario in virtual time: an edge of 0.2 core beside a cloud of
// one core behind 40 ms and 20 Mbit/s; half-way the edge gets four times
// slower, later it recovers. The predictor was tuned on seeds 1-20 of the plain
// scenario only; the cases named `unseen` use other seeds and other worlds.
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "tests/support/edge_cloud.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

struct outcome {
  double mean = 0;
  std::array<double, 3>
    p99{}; ///< normal, slow, recovered; transitions left out
};

/// Sums over seeds.
struct summary {
  std::array<outcome, 3> policies; ///< always edge, always cloud, min-latency
  std::vector<double> adapted, returned; ///< s after the first slow reply;
                                         ///< after the recovery
  int seeds = 0, below_both = 0;
  double explored = 0, coverage = 0;

  double ratio(size_t phase) const {
    const auto& p = policies;
    return p[2].p99[phase] / std::min(p[0].p99[phase], p[1].p99[phase]);
  }
};

constexpr double settle = 5; ///< s after a step that are transition

std::vector<sim_event> play(const sim_config& config, int which,
                            summary* sum = nullptr) {
  queue_sim sim{config};
  std::unique_ptr<policy> rule;
  if (which == 2)
    rule = std::make_unique<min_latency>();
  else
    rule = std::make_unique<static_site>(sim.site(static_cast<size_t>(which)));
  auto events = sim.run(*rule);
  if (sum)
    for (const size_t i : {0u, 1u})
      sum->coverage += sim.predictor()
                         .accuracy_of(sim.function(), sim.site(i))
                         .total_coverage
                       / 2;
  return events;
}

void add(summary& sum, const sim_config& config, const phases& p) {
  std::array<double, 3> mean{};
  for (int which = 0; which < 3; ++which) {
    const auto events = play(config, which, which == 2 ? &sum : nullptr);
    auto& out = sum.policies[static_cast<size_t>(which)];
    mean[static_cast<size_t>(which)] = mean_ms(events);
    out.mean += mean_ms(events);
    out.p99[0] += quantile_ms(events, 0.99, settle, p.slow_from);
    out.p99[1] += quantile_ms(events, 0.99, p.slow_from + settle, p.slow_until);
    out.p99[2] += quantile_ms(events, 0.99, p.slow_until + settle, p.end);
    if (which < 2)
      continue;
    const double slow = first_slow_reply(events, 0, p.slow_from);
    sum.adapted.push_back(last_wrong_s(events, slow, slow + 10));
    sum.returned.push_back(
      last_wrong_s(events, p.slow_until, p.slow_until + 10));
    double explored = 0;
    for (const auto& e : events)
      explored += e.why == reason::explored;
    sum.explored += explored / static_cast<double>(events.size());
  }
  sum.below_both += mean[2] < mean[0] && mean[2] < mean[1];
  ++sum.seeds;
}

double largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}
int above(const std::vector<double>& values, double bound) {
  return static_cast<int>(std::count_if(values.begin(), values.end(),
                                        [=](double v) { return v > bound; }));
}

void print(const char* title, const summary& s) {
  std::printf("%s, %d seeds\n", title, s.seeds);
  const char* names[]{"always edge", "always cloud", "min-latency"};
  for (size_t i = 0; i < 3; ++i)
    std::printf("  %-12s mean %7.1f  p99 %7.1f %7.1f %7.1f ms\n", names[i],
                s.policies[i].mean / s.seeds, s.policies[i].p99[0] / s.seeds,
                s.policies[i].p99[1] / s.seeds, s.policies[i].p99[2] / s.seeds);
  std::printf("  adapted in <= %.2f s (%d over 1 s), back in <= %.2f s; mean "
              "below both %d times; explored %.3f; coverage %.3f\n",
              largest(s.adapted), above(s.adapted, 1), largest(s.returned),
              s.below_both, s.explored / s.seeds, s.coverage / s.seeds);
}

template <class Change>
summary scenario(const char* title, uint64_t first, uint64_t last,
                 Change change, phases p = {}) {
  summary sum;
  for (auto seed = first; seed <= last; ++seed) {
    auto config = edge_and_cloud(seed, p);
    change(config);
    add(sum, config, p);
  }
  print(title, sum);
  return sum;
}

void probing(sim_config& config) {
  config.probe_every = 0.5;
}

} // namespace

BOOST_AUTO_TEST_SUITE(edge_cloud_sim_test)

  BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
    auto config = edge_and_cloud(3);
    probing(config);
    const auto a = play(config, 2), b = play(config, 2);
    BOOST_REQUIRE(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i)
      BOOST_REQUIRE(a[i].latency_ms == b[i].latency_ms);
  }

  BOOST_AUTO_TEST_CASE(the_demo_holds_on_the_tuning_seeds) {
    const auto s = scenario("tuning, probes", 1, 20, probing);
    BOOST_TEST(largest(s.adapted) <= 1);
    BOOST_TEST(above(s.returned, 2) <= 1);
    BOOST_TEST(s.below_both == s.seeds);
    for (const size_t phase : {0u, 1u, 2u})
      BOOST_TEST(s.ratio(phase) <= 1.1);
    BOOST_TEST(s.explored / s.seeds <= 0.03);
  }

  BOOST_AUTO_TEST_CASE(the_demo_holds_on_unseen_seeds) {
    const auto s = scenario("unseen seeds, probes", 101, 120, probing);
    BOOST_TEST(above(s.adapted, 1) <= 1);
    BOOST_TEST(above(s.returned, 2) <= 2);
    BOOST_TEST(s.below_both == s.seeds);
    for (const size_t phase : {0u, 1u, 2u})
      BOOST_TEST(s.ratio(phase) <= 1.1);
    BOOST_TEST(s.coverage / s.seeds >= 0.85);
  }

  BOOST_AUTO_TEST_CASE(events_return_at_once_when_nothing_else_disturbs) {
    // Without lone outliers, which keep events away from the edge for a while
    // whether it has recovered or not.
    const auto s = scenario("unseen seeds, probes, no outliers", 171, 190,
                            [](sim_config& c) {
                              probing(c);
                              c.outlier_share = 0;
                            });
    BOOST_TEST(largest(s.adapted) <= 1);
    BOOST_TEST(largest(s.returned) <= 2);
  }

  BOOST_AUTO_TEST_CASE(without_probes_small_and_explored_events_lead_back) {
    const auto s
      = scenario("unseen seeds, no probes", 121, 140, [](sim_config&) {});
    BOOST_TEST(above(s.adapted, 1) <= 4);
    BOOST_TEST(above(s.returned, 8) <= 2);
    BOOST_TEST(s.below_both == s.seeds);
    for (const size_t phase : {0u, 1u, 2u})
      BOOST_TEST(s.ratio(phase) <= 1.1);
  }

  BOOST_AUTO_TEST_CASE(unseen_cpu_quota_in_periods_of_10_ms) {
    const auto s = scenario("unseen quota", 141, 150, [](sim_config& c) {
      probing(c);
      c.sites[0].quota_period_ms = 10;
    });
    BOOST_TEST(above(s.adapted, 1) <= 1);
    BOOST_TEST(s.below_both == s.seeds);
    for (const size_t phase : {0u, 1u, 2u})
      BOOST_TEST(s.ratio(phase) <= 1.1);
  }

  BOOST_AUTO_TEST_CASE(unseen_step_profile_and_noise) {
    // Wrong profile, three times slower, more noise, slower link.
    phases p;
    p.factor = 3;
    const auto s = scenario(
      "unseen world", 151, 160,
      [](sim_config& c) {
        probing(c);
        c.profile = {1.2, 6};
        c.service_noise = 0.2;
        c.sites[1].ms_per_byte = 8e-4;
        c.rate = 4;
        c.jitter_ms = 3;
      },
      p);
    BOOST_TEST(above(s.adapted, 1) <= 1);
    BOOST_TEST(s.below_both >= s.seeds - 1);
    for (const size_t phase : {0u, 1u, 2u})
      BOOST_TEST(s.ratio(phase) <= 1.15);
  }

  BOOST_AUTO_TEST_CASE(where_one_site_is_always_right_little_is_lost) {
    for (const bool fast_edge : {false, true}) {
      summary sum;
      phases p;
      p.factor = 1;
      for (uint64_t seed = 161; seed <= 170; ++seed) {
        auto config = edge_and_cloud(seed, p);
        probing(config);
        if (fast_edge)
          config.sites[0].slowdown = 1;
        else
          config.sites[1].rtt_ms = 2;
        add(sum, config, p);
      }
      print(fast_edge ? "edge always right" : "cloud always right", sum);
      const double best = std::min(sum.policies[0].mean, sum.policies[1].mean);
      BOOST_TEST(sum.policies[2].mean <= 1.05 * best);
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
