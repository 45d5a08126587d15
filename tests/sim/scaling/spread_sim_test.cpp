// What a surge costs that is more than one node can serve: with the production
// objects of the nodes, with spread and without, on the same arrivals.
#include "libfaas/scaling/instance_scaler.hpp"
#include "libfaas/scaling/spread.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <queue>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;

namespace {

constexpr double service_s = 0.1, cold_s = 3, tick_s = 0.25;
constexpr uint32_t slots = 4;
const auto start = time_point{} + 1h;

time_point at(double seconds) {
  return start + from_ms(seconds * 1000);
}

double exponential(random_source& random, double mean) {
  return -mean * std::log(1 - random.uniform());
}

struct event {
  double at, service;
};

/// Ten minutes: 5 events a second, every two minutes 70 for half a minute.
std::vector<event> surges(random_source& random) {
  std::vector<event> all;
  for (double now = 0; now < 600;) {
    const bool surge = std::fmod(now, 120) > 90;
    now += exponential(random, surge ? 1.0 / 70 : 1.0 / 5);
    all.push_back({now, exponential(random, service_s)});
  }
  return all;
}

/// First come, first served by its slots, once its code is loaded.
struct sim_node {
  node_name name;
  instance_scaler scaler;
  std::vector<double> free_at = std::vector<double>(slots, 0);
  std::priority_queue<double, std::vector<double>, std::greater<>> ends = {};
  scale_sample sample = {};
  bool loaded = false;
  double ready_at = 0, in_memory_s = 0;

  void load(double now) {
    if (std::exchange(loaded, true))
      return;
    ready_at = now + cold_s;
  }
  double would_start(double now) const {
    return std::max({now, *std::min_element(free_at.begin(), free_at.end()),
                     loaded ? ready_at : now + cold_s});
  }
  /// How long it waits.
  double take(const event& one) {
    const auto begin = would_start(one.at);
    load(one.at);
    *std::min_element(free_at.begin(), free_at.end()) = begin + one.service;
    ends.push(begin + one.service);
    ++sample.arrived;
    sample.service += from_ms(one.service * 1000);
    return begin - one.at;
  }
  void tick(double now) {
    for (; !ends.empty() && ends.top() <= now; ends.pop())
      ++sample.served;
    sample.busy = static_cast<uint32_t>(ends.size());
    const auto advice = scaler.tick(at(now), sample);
    if (advice.in_memory)
      scaler.held() ? load(now) : void();
    else if (sample.busy == 0)
      loaded = false;
    in_memory_s += loaded ? tick_s : 0;
  }
};

struct outcome {
  double waited_s = 0, in_memory_s = 0;
  size_t events = 0, late = 0; ///< waited more than half a second
};

outcome play(const std::vector<event>& trace, bool spreads) {
  const scale_limits limits{.most = slots, .to_zero = true,
                            .keep = {.idle = 30s, .learn = false}};
  std::vector<sim_node> nodes;
  for (const auto* name : {"a", "b", "c"})
    nodes.push_back({node_name{name}, instance_scaler{limits, start}});
  spread decider{limits.tuning};
  outcome got;
  double next_tick = 0;
  int ticks = 0;
  for (const auto& one : trace) {
    for (; next_tick <= one.at; next_tick += tick_s) {
      for (auto& node : nodes)
        node.tick(next_tick);
      if (++ticks % 4 != 0 || !spreads)
        continue;
      std::vector<spread_node> seen;
      for (const auto& node : nodes)
        seen.push_back({node.name, slots, node.scaler.rate(),
                        node.scaler.service()});
      const auto choice = decider.decide(at(next_tick), seen);
      for (auto& node : nodes)
        node.scaler.hold(choice.held.contains(node.name));
    }
    // As events are routed: where they would start first.
    auto& to = *std::min_element(
      nodes.begin(), nodes.end(), [&](const auto& a, const auto& b) {
        return a.would_start(one.at) < b.would_start(one.at);
      });
    const auto waited = to.take(one);
    ++got.events;
    got.waited_s += waited;
    got.late += waited > 0.5 ? 1 : 0;
  }
  for (const auto& node : nodes)
    got.in_memory_s += node.in_memory_s;
  return got;
}

} // namespace

BOOST_AUTO_TEST_SUITE(spread_sim_test)

  BOOST_AUTO_TEST_CASE(a_surge_finds_more_nodes_warm) {
    outcome alone, held;
    for (const uint64_t seed : {21, 22, 23, 24, 25}) {
      random_source random{seed};
      const auto trace = surges(random);
      const auto add = [](outcome& to, const outcome& more) {
        to.waited_s += more.waited_s;
        to.in_memory_s += more.in_memory_s;
        to.events += more.events;
        to.late += more.late;
      };
      add(alone, play(trace, false));
      add(held, play(trace, true));
    }
    const auto mean_ms = [](const outcome& of) {
      return 1000 * of.waited_s / static_cast<double>(of.events);
    };
    BOOST_TEST_MESSAGE("surges: mean wait " << mean_ms(alone) << " ms -> "
                                            << mean_ms(held) << " ms, late "
                                            << alone.late << " -> "
                                            << held.late << " of "
                                            << held.events
                                            << ", node seconds in memory "
                                            << alone.in_memory_s << " -> "
                                            << held.in_memory_s);
    BOOST_TEST(mean_ms(held) < 0.7 * mean_ms(alone));
    BOOST_TEST(held.late < 0.7 * static_cast<double>(alone.late));
    // Not by keeping all nodes in memory all the time.
    BOOST_TEST(held.in_memory_s < 0.8 * 5 * 3 * 600);
  }

  BOOST_AUTO_TEST_SUITE_END()
