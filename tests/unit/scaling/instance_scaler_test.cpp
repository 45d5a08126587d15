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
    limits.keep.idle = 300s;
    for (int i = 0; i < 20; ++i) {
      busy(250ms, 4, 1ms);
      for (int s = 0; s < 600; ++s)
        idle(1s);
    }
    const auto quick = it().plan();
    sample.load = 20s;
    busy(250ms, 4, 1ms);
    BOOST_TEST((it().plan().load == quick.load - 20s));
    sample.load = 0s; // what is not known changes nothing
    busy(250ms, 4, 1ms);
    BOOST_TEST((it().plan().load == quick.load - 20s));
    sample.load = 30s; // measured while it is away
    idle(60s);
    BOOST_TEST((it().plan().load == quick.load - 30s));
    sample.load = 40s;
    it().rescale(now, sample, limits, false);
    BOOST_TEST((it().plan().load == quick.load - 40s));
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
