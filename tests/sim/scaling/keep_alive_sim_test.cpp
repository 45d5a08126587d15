// What the learned keep-alive costs and saves against a constant one: the same
// arrivals, in virtual time, through the production objects.
#include "libfaas/scaling/instance_scaler.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;

namespace {

struct outcome {
  int events = 0, cold = 0;
  double wasted_s = 0; ///< in memory and idle
  double cold_share() const { return events ? double(cold) / events : 0; }
};

/// Seconds of the arrivals, rising. Events take no time: only idle time counts.
using arrivals = std::vector<double>;
/// Seconds that the next load takes; none: no time.
using load_law = std::function<double()>;

/// Loads of a law, each told to the scaler once it is over.
class loader {
public:
  loader(load_law law, scale_sample& told)
    : law_(std::move(law)), told_(told) {
    begin(0); // the deployment's
    ready(took_);
  }
  void begin(double at) {
    took_ = law_ ? law_() : 0;
    due_ = at + took_;
    told_due_ = true;
  }
  bool ready(double at) {
    if (at < due_)
      return false;
    if (told_due_ && took_ > 0) {
      ++told_.loads;
      told_.load = from_ms(took_ * 1000);
    }
    told_due_ = false;
    return true;
  }

private:
  load_law law_;
  scale_sample& told_;
  double took_ = 0, due_ = 0;
  bool told_due_ = false;
};

outcome play(const arrivals& trace, duration idle, bool learn,
             const load_law& law = {}) {
  scale_limits limits{.to_zero = true, .keep = {.idle = idle, .learn = learn}};
  const auto start = time_point{} + 1h;
  instance_scaler it{limits, start};
  scale_sample sample;
  loader loads{law, sample};
  outcome got;
  bool loaded = false;
  size_t next = 0;
  constexpr double tick = 0.5;
  for (double at = tick; next < trace.size(); at += tick) {
    bool came = false;
    for (; next < trace.size() && trace[next] <= at; ++next) {
      ++got.events;
      if (!loaded)
        loads.begin(at);
      got.cold += loaded && loads.ready(at) ? 0 : 1;
      loaded = came = true;
      ++sample.arrived;
      ++sample.served;
    }
    const bool before = loaded;
    loads.ready(at);
    loaded = it.tick(start + from_ms(at * 1000), sample).in_memory;
    if (loaded && !before)
      loads.begin(at);
    if (loaded && !came)
      got.wasted_s += tick;
  }
  return got;
}

double exponential(random_source& random, double mean) {
  return -mean * std::log(1 - random.uniform());
}

/// Bursts of 20 events a second for 10 s, about a minute apart.
arrivals bursty(random_source& random) {
  arrivals all;
  for (double at = 0; all.size() < 40'000;) {
    const auto end = at + exponential(random, 10);
    while ((at += exponential(random, 0.05)) < end)
      all.push_back(at);
    at += exponential(random, 60);
  }
  return all;
}

/// A rate that follows the hour: one event in 20 minutes by night, 20 a minute
/// by day; two weeks.
arrivals diurnal(random_source& random) {
  arrivals all;
  for (double at = 0; at < 14 * 86'400.0;) {
    const auto day = 0.5 - 0.5 * std::cos(at / 86'400 * 2 * std::numbers::pi);
    at += exponential(random, 1 / (1.0 / 1200 + day * day / 3));
    all.push_back(at);
  }
  return all;
}

/// A sensor that reports each half hour, give or take a minute.
arrivals regular(random_source& random) {
  arrivals all;
  for (int i = 1; i < 700; ++i)
    all.push_back(1800.0 * i + 60 * (random.uniform() - 0.5));
  return all;
}

/// One event in 40 minutes, at any time.
arrivals rare(random_source& random) {
  arrivals all;
  for (double at = 0; all.size() < 700;)
    all.push_back(at += exponential(random, 2400));
  return all;
}

struct compared {
  outcome constant, learned;
};

compared compare(const char* name,
                 const std::function<arrivals(random_source&)>& make) {
  compared sum;
  for (const uint64_t seed : {11, 12, 13, 14, 15}) {
    random_source random{seed};
    const auto trace = make(random);
    const auto add = [](outcome& to, const outcome& more) {
      to.events += more.events;
      to.cold += more.cold;
      to.wasted_s += more.wasted_s;
    };
    add(sum.constant, play(trace, 15min, false));
    add(sum.learned, play(trace, 15min, true));
  }
  BOOST_TEST_MESSAGE(
    name << ": cold " << 100 * sum.constant.cold_share() << " % -> "
         << 100 * sum.learned.cold_share() << " %, idle in memory "
         << sum.constant.wasted_s / 3600 << " h -> "
         << sum.learned.wasted_s / 3600 << " h");
  return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(keep_alive_sim_test)

  BOOST_AUTO_TEST_CASE(bursts_stay_warm_for_less) {
    const auto got = compare("bursty", bursty);
    BOOST_TEST(got.learned.cold_share() < 0.001);
    BOOST_TEST(got.learned.wasted_s <= got.constant.wasted_s);
  }

  BOOST_AUTO_TEST_CASE(day_and_night) {
    const auto got = compare("diurnal", diurnal);
    BOOST_TEST(got.learned.cold_share() < 0.01);
    BOOST_TEST(got.learned.wasted_s <= got.constant.wasted_s);
  }

  BOOST_AUTO_TEST_CASE(regular_events_find_it_warm_for_less) {
    const auto got = compare("regular", regular);
    BOOST_TEST(got.constant.cold_share() > 0.99);
    BOOST_TEST(got.learned.cold_share() < 0.05);
    BOOST_TEST(got.learned.wasted_s < 0.8 * got.constant.wasted_s);
  }

  BOOST_AUTO_TEST_CASE(a_slow_load_is_over_when_the_event_comes) {
    for (const double apart : {60.0, 90.0, 1800.0}) {
      random_source random{16};
      arrivals trace;
      for (int i = 1; i < 200; ++i)
        trace.push_back(apart * (i + 0.05 * (random.uniform() - 0.5)));
      const auto got = play(trace, 15min, true, [] { return 20.0; });
      BOOST_TEST_CONTEXT("an event each " << apart << " s")
        BOOST_TEST(got.cold_share() < 0.1); // until it has learned, and a few
    }
  }

  /// By the last load's time 16 % were not, for 84 s in memory per event.
  BOOST_AUTO_TEST_CASE(loads_that_scatter_are_over_when_the_event_comes) {
    outcome sum;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      random_source random{seed};
      arrivals trace;
      for (int i = 1; i < 400; ++i)
        trace.push_back(150 * (i + 0.03 * (random.uniform() - 0.5)));
      const auto got = play(trace, 15min, true, [&] {
        return 20 * std::exp(0.8 * random.normal());
      });
      sum.events += got.events;
      sum.cold += got.cold;
      sum.wasted_s += got.wasted_s;
    }
    const double each = sum.wasted_s / sum.events;
    BOOST_TEST_MESSAGE("scattered loads: cold " << 100 * sum.cold_share()
                       << " %, in memory " << each << " s per event");
    BOOST_TEST(sum.cold_share() < 0.05);
    BOOST_TEST(each < 130); // of 150
  }

  /// It does not stay for good after two that were stuck in a row.
  BOOST_AUTO_TEST_CASE(stuck_loads_cost_little_memory) {
    double each = 0;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      random_source random{seed};
      arrivals trace;
      for (int i = 1; i < 400; ++i)
        trace.push_back(240 * (i + 0.03 * (random.uniform() - 0.5)));
      const auto got = play(trace, 15min, true, [&] {
        return random.uniform() < 0.05 ? 30.0 : 1.0;
      });
      BOOST_TEST(got.cold_share() < 0.02);
      each += got.wasted_s / got.events / 10;
    }
    BOOST_TEST_MESSAGE("stuck loads: in memory " << each << " s per event");
    BOOST_TEST(each < 60);
  }

  BOOST_AUTO_TEST_CASE(rare_events_are_no_worse) {
    const auto got = compare("rare", rare);
    BOOST_TEST(got.learned.cold_share() < got.constant.cold_share() + 0.05);
    BOOST_TEST(got.learned.wasted_s < 1.1 * got.constant.wasted_s);
  }

  BOOST_AUTO_TEST_SUITE_END()
