#include "libfaas/scaling/instance_scaler.hpp"

#include "libfaas/scaling/limits.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::scaling;
using namespace std::chrono_literals;

namespace {

struct scaler_fixture {
  time_point now = time_point{} + 1h;
  scale_limits limits{.least = 1, .most = 8, .to_zero = true,
                      .keep = {.idle = 60s}};
  scale_sample sample;
  std::optional<instance_scaler> made;
  keep_plan without; ///< before a load was seen

  instance_scaler& it() {
    if (!made)
      made.emplace(limits, now);
    return *made;
  }
  scale_advice idle(duration time) {
    it();
    now += time;
    return it().tick(now, sample);
  }
  /// `count` events that end within the time, evenly, four ticks a second.
  scale_advice busy(duration time, double per_second, duration service) {
    it();
    scale_advice last;
    const auto end = now + time;
    double due = 0;
    while (now < end) {
      now += 250ms;
      for (due += per_second / 4; due >= 1; due -= 1) {
        ++sample.arrived;
        ++sample.served;
        sample.service += service;
      }
      last = it().tick(now, sample);
    }
    return last;
  }
  /// Until that is learned.
  void call_each_ten_minutes() {
    limits.keep.idle = 300s;
    for (int i = 0; i < 20; ++i) {
      busy(250ms, 4, 1ms);
      for (int s = 0; s < 600; ++s)
        idle(1s);
    }
    busy(250ms, 4, 1ms);
    without = it().plan();
  }
  /// One more, for an event that waited for it.
  void load(duration took) {
    ++sample.loads;
    sample.load = took;
    busy(250ms, 4, 1ms);
  }
  /// By which a load begins earlier than with no load seen.
  duration ahead() { return without.load - it().plan().load; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(instance_scaler_test, scaler_fixture)

  BOOST_AUTO_TEST_CASE(leaves_the_memory_when_it_is_idle) {
    BOOST_TEST(idle(59s).in_memory);
    BOOST_TEST(!idle(2s).in_memory);
    BOOST_TEST(busy(1s, 4, 1ms).in_memory);
    BOOST_TEST(idle(59s).in_memory);
    BOOST_TEST(!idle(2s).in_memory);
  }

  BOOST_AUTO_TEST_CASE(stays_unless_it_may_go) {
    limits.to_zero = false;
    BOOST_TEST(idle(24h).in_memory);
  }

  BOOST_AUTO_TEST_CASE(a_long_event_is_no_idle_time) {
    sample.arrived = 1;
    sample.busy = 1;
    BOOST_TEST(idle(10min).in_memory);
    BOOST_TEST(idle(10min).in_memory);
    sample.busy = 0;
    BOOST_TEST(idle(59s).in_memory);
    BOOST_TEST(!idle(2s).in_memory);
  }

  BOOST_AUTO_TEST_CASE(asked_for_none_it_leaves_at_once_until_an_event) {
    const auto none = asked_for(limits, 0);
    limits.to_zero = false;
    BOOST_TEST(busy(1s, 4, 1ms).in_memory);
    it().rescale(now, sample, none, true);
    BOOST_TEST(!idle(250ms).in_memory);
    BOOST_TEST(!idle(1s).in_memory);
    BOOST_TEST(busy(1s, 4, 1ms).in_memory); // back
    BOOST_TEST(idle(59s).in_memory);        // as if it were to_zero
    BOOST_TEST(!idle(2s).in_memory);
  }

  BOOST_AUTO_TEST_CASE(events_before_the_request_do_not_keep_it) {
    idle(1s);
    ++sample.arrived; // since the last tick
    it().rescale(now, sample, asked_for(limits, 0), true);
    BOOST_TEST(!idle(1s).in_memory);
    ++sample.arrived;
    BOOST_TEST(idle(1s).in_memory);
  }

  BOOST_AUTO_TEST_CASE(asked_for_some_it_stays) {
    BOOST_TEST(!idle(61s).in_memory);
    it().rescale(now, sample, asked_for(limits, 3), false);
    BOOST_TEST(idle(24h).in_memory);
    BOOST_TEST(idle(1s).instances == 3u);
    it().rescale(now, sample, asked_for(limits, 100), false);
    BOOST_TEST(idle(1s).instances == 8u); // the most
  }

  BOOST_AUTO_TEST_CASE(held_it_stays_although_it_is_idle) {
    BOOST_TEST(!idle(61s).in_memory);
    it().hold(true);
    BOOST_TEST(idle(24h).in_memory);
    it().hold(false);
    BOOST_TEST(!idle(1s).in_memory);
  }

  BOOST_AUTO_TEST_CASE(as_many_instances_as_the_load_needs) {
    BOOST_TEST(busy(30s, 40, 50ms).instances == 3u); // 2 Erlang / 0.7
    BOOST_TEST(busy(2s, 120, 50ms).instances == 8u); // at once; the most
    BOOST_TEST(busy(15s, 4, 50ms).instances == 8u);  // held
    BOOST_TEST(busy(60s, 4, 50ms).instances == 1u);
    BOOST_TEST(it().rate() == 4.0, boost::test_tools::tolerance(0.1));
  }

  BOOST_AUTO_TEST_CASE(learns_when_the_next_event_is_due) {
    limits.keep.idle = 300s;
    for (int i = 0; i < 20; ++i) {
      busy(250ms, 4, 1ms);
      for (int s = 0; s < 600; ++s)
        idle(1s);
    }
    BOOST_TEST(it().plan().learned);
    busy(250ms, 4, 1ms);
    BOOST_TEST(idle(3s).in_memory);
    BOOST_TEST(!idle(60s).in_memory);
    BOOST_TEST(idle(530s).in_memory); // 593 s after the event
    BOOST_TEST(!idle(300s).in_memory);
  }

  BOOST_AUTO_TEST_CASE(comes_back_earlier_when_a_load_takes_long) {
    call_each_ten_minutes();
    load(20s);
    const auto first = ahead();
    BOOST_TEST((first >= 20s));
    BOOST_TEST((first <= 6 * 20s));
    sample.load = 0s; // what is not known changes nothing
    ++sample.loads;
    busy(250ms, 4, 1ms);
    BOOST_TEST((ahead() == first));
    ++sample.loads; // measured while it is away
    sample.load = 30s;
    idle(60s);
    const auto second = ahead();
    BOOST_TEST((second >= 30s));
    BOOST_TEST((second <= 3 * 30s));
    BOOST_TEST((second != first));
    ++sample.loads;
    sample.load = 40s;
    it().rescale(now, sample, limits, false);
    BOOST_TEST((ahead() > second));
    BOOST_TEST((ahead() <= 3 * 40s));
  }

  BOOST_AUTO_TEST_CASE(with_no_load_seen_events_alone_decide) {
    call_each_ten_minutes();
    const auto plan = it().plan();
    BOOST_TEST(plan.learned);
    sample.load = 20s; // of none
    busy(250ms, 4, 1ms);
    BOOST_TEST((it().plan() == plan));
  }

  BOOST_AUTO_TEST_CASE(a_load_that_is_told_with_each_tick_counts_once) {
    call_each_ten_minutes();
    for (int i = 0; i < 21; ++i)
      load(1s);
    load(30s);
    const auto once = it().plan();
    busy(60s, 4, 1ms); // 240 looks
    BOOST_TEST((it().plan() == once));
  }

  BOOST_AUTO_TEST_CASE(a_load_that_was_stuck_moves_a_prewarm_little) {
    call_each_ten_minutes();
    for (int i = 0; i < 20; ++i)
      load(1s);
    const auto before = ahead();
    BOOST_TEST((before >= 1s));
    BOOST_TEST((before <= 2s));
    load(30s);
    BOOST_TEST((ahead() - before <= 500ms));
  }

  BOOST_AUTO_TEST_CASE(loads_that_scatter_begin_earlier) {
    call_each_ten_minutes();
    scaler_fixture other;
    other.call_each_ten_minutes();
    for (int i = 0; i < 20; ++i) { // a mean of 1 s in either case
      load(1s);
      load(1s);
      other.load(500ms);
      other.load(1500ms);
    }
    BOOST_TEST((other.ahead() >= 1500ms));
    BOOST_TEST((other.ahead() >= ahead() + 500ms));
  }

  BOOST_AUTO_TEST_CASE(lastingly_slower_loads_are_followed) {
    call_each_ten_minutes();
    for (int i = 0; i < 20; ++i)
      load(1s);
    load(20s);
    load(20s); // it was no accident
    BOOST_TEST((ahead() >= 20s));
    for (int i = 0; i < 10; ++i)
      load(20s);
    BOOST_TEST((ahead() >= 20s));
    BOOST_TEST((ahead() <= 40s));
  }

  /// While it stays nothing is loaded that would tell that the spell is over.
  BOOST_AUTO_TEST_CASE(after_a_slow_spell_it_leaves_again) {
    const auto more = [&](int events) {
      for (int i = 0; i < events; ++i) {
        busy(250ms, 4, 1ms);
        for (int s = 0; s < 150; ++s)
          idle(1s);
      }
    };
    limits.keep.idle = 300s;
    it();
    more(20);
    for (int i = 0; i < 20; ++i)
      load(1s);
    more(1);
    BOOST_TEST((it().plan().load != duration::max()));
    for (int i = 0; i < 3; ++i)
      load(100s);
    more(1);
    BOOST_TEST((it().plan().load == duration::max())); // it stays
    more(1);
    BOOST_TEST((it().plan().load == duration::max()));
    more(60);
    BOOST_TEST((it().plan().load != duration::max()));
  }

  /// Else it would leave and load again before the event.
  BOOST_AUTO_TEST_CASE(a_prewarm_goes_on_when_its_load_was_quick) {
    call_each_ten_minutes();
    load(20s);
    const auto doubted = ahead();
    idle(it().plan().load - 2s);
    BOOST_TEST(!idle(1s).in_memory);
    BOOST_TEST(idle(1s).in_memory);
    ++sample.loads;
    sample.load = 2s;
    for (duration left = doubted; left > 0s; left -= 1s)
      BOOST_TEST(idle(1s).in_memory);
    busy(250ms, 4, 1ms);
    BOOST_TEST((ahead() < doubted / 2));
  }

  BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_or_jumps_does_no_harm) {
    busy(5s, 40, 50ms);
    const auto before = now;
    now -= 1h;
    BOOST_TEST(it().tick(now, sample).in_memory);
    sample.arrived += 1;
    BOOST_TEST(it().tick(now, sample).in_memory);
    now = before + 30s;
    BOOST_TEST(it().tick(now, sample).in_memory);
    now += 1000h;
    const auto after = it().tick(now, sample);
    BOOST_TEST(!after.in_memory);
    BOOST_TEST(after.instances == 1u);
    sample = {}; // counters that went back, too
    BOOST_TEST(it().tick(now + 2s, sample).instances >= 1u);
    BOOST_TEST(it().rate() >= 0);
  }

  BOOST_AUTO_TEST_CASE(what_manifest_and_labels_say) {
    function_spec spec;
    spec.petrel.concurrency = 4;
    auto got = limits_of(spec);
    BOOST_TEST(got.least == 1u);
    BOOST_TEST(got.most == 4u);
    BOOST_TEST(!got.to_zero);
    BOOST_TEST(!says_how_many(spec));
    spec.labels = {{"com.openfaas.scale.min", "3"},
                   {"com.openfaas.scale.zero", "true"},
                   {"com.openfaas.scale.zero-duration", "5m"}};
    got = limits_of(spec);
    BOOST_TEST(got.least == 3u);
    BOOST_TEST(got.to_zero);
    BOOST_TEST((got.keep.idle == 5min));
    BOOST_TEST(says_how_many(spec));
    spec.petrel.scale.min = 2; // Petrel's key counts
    spec.petrel.scale.idle = 30s;
    got = limits_of(spec);
    BOOST_TEST(got.least == 2u);
    BOOST_TEST(!got.to_zero);
    BOOST_TEST((got.keep.idle == 30s));
    spec.petrel.scale.min = 0;
    got = limits_of(spec);
    BOOST_TEST(got.to_zero);
    BOOST_TEST(got.least == 1u);
  }

  BOOST_AUTO_TEST_CASE(labels_that_make_no_sense_are_passed_over) {
    function_spec spec;
    spec.labels = {{"com.openfaas.scale.min", "-3"},
                   {"com.openfaas.scale.zero", "maybe"},
                   {"com.openfaas.scale.zero-duration", "soon"}};
    auto got = limits_of(spec);
    BOOST_TEST(got.least == 1u);
    BOOST_TEST(!got.to_zero);
    BOOST_TEST((got.keep.idle == 15min));
    spec.labels["com.openfaas.scale.min"] = "99999";
    BOOST_TEST(limits_of(spec).least == 1u); // no more than concurrency
  }

  BOOST_AUTO_TEST_SUITE_END()
