// How much bulk takes of a path, alone and beside other traffic.
#include "tests/unit/bulk/path.hpp"

using namespace faas;
using namespace faas::test;

BOOST_AUTO_TEST_SUITE(delay_window_test)

BOOST_AUTO_TEST_CASE(a_slow_path_is_filled_without_a_queue) {
  for (const auto one_way : {duration{1ms}, duration{20ms}, duration{100ms}}) {
    BOOST_TEST_CONTEXT(to_ms(one_way) << " ms one way") {
    bulk_path path{10, one_way};
    path.saturate();
    path.run(5s);
    // While it finds out what the path carries, a queue is seen late.
    BOOST_TEST(to_ms(path.worst) < 40.0 + 0.5 * to_ms(one_way));
    path.worst = {};
    const auto before = path.far.received();
    path.run(10s);
    BOOST_TEST(to_ms(path.worst) < 35.0);
    BOOST_TEST(path.mbit_of(path.far.received() - before, 10s) > 8.5);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_fast_path_is_used_whole) {
  bulk_path path{2000, 100us};
  path.saturate();
  path.run(1s);
  const auto before = path.far.received();
  path.run(1s);
  BOOST_TEST(path.mbit_of(path.far.received() - before, 1s) > 1500.0);
}

BOOST_AUTO_TEST_CASE(other_traffic_goes_first) {
  bulk_path path{10, 20ms};
  path.saturate();
  path.run(5s);
  // Somebody else takes the whole path and keeps 50 ms of it queued.
  const auto quiet = path.each_ms;
  path.each_ms = [&] {
    quiet();
    while (path.there.queueing(path.now) < 50ms)
      path.there.occupy(path.now, 1500);
  };
  path.run(1s); // it takes some round trips
  auto before = path.far.received();
  path.run(5s);
  BOOST_TEST(path.mbit_of(path.far.received() - before, 5s) < 1.5);
  BOOST_TEST(path.far.received() > before); // it is not starved
  path.each_ms = quiet;
  path.run(3s);
  before = path.far.received();
  path.run(5s);
  BOOST_TEST(path.mbit_of(path.far.received() - before, 5s) > 8.0);
}

BOOST_AUTO_TEST_CASE(its_own_queue_is_never_taken_for_the_path) {
  bulk_path path{10, 20ms};
  path.saturate();
  path.run(5s);
  path.worst = {};
  path.run(300s); // longer than what is remembered
  BOOST_TEST(to_ms(path.worst) < 45.0);
  BOOST_TEST(to_ms(*path.near.window().base()) < 50.0);
}

BOOST_AUTO_TEST_CASE(after_a_pause_it_begins_small) {
  bulk_path path{10, 20ms};
  path.saturate();
  path.run(5s);
  path.each_ms = nullptr;
  path.run(30s);
  BOOST_REQUIRE(path.near.waiting() == 0u);
  path.worst = {};
  path.saturate();
  path.run(200ms);
  BOOST_TEST(to_ms(path.worst) < 40.0);
}

BOOST_AUTO_TEST_CASE(a_path_that_gets_slower_is_followed) {
  bulk_path path{50, 10ms};
  path.saturate();
  path.run(5s);
  path.there.rate = 5e6 / 8;
  path.run(2s);
  path.worst = {};
  path.run(5s);
  BOOST_TEST(to_ms(path.worst) < 45.0);
}

BOOST_AUTO_TEST_CASE(a_source_that_sends_little_does_not_grow_the_window) {
  bulk::delay_window window;
  time_point now{1h};
  for (int i = 0; i < 1000; ++i) {
    window.sent(now, 100);
    now += 20ms;
    window.acked(now, 100, 20ms);
  }
  BOOST_TEST(window.bytes() == bulk::window_options{}.first);
}

BOOST_AUTO_TEST_CASE(the_window_stays_within_its_bounds) {
  bulk::window_options options;
  bulk::delay_window window{options};
  time_point now{1h};
  window.sent(now, 1000);
  window.acked(now, 1000, 1ms);
  for (int i = 0; i < 200; ++i) { // one that is always late
    window.sent(now, window.room());
    now += 500ms;
    window.acked(now, window.in_flight(), 500ms);
    BOOST_REQUIRE(window.bytes() >= options.least);
  }
  BOOST_TEST(window.bytes() == options.least);
  bulk::delay_window fast{options};
  for (int i = 0; i < 200; ++i) {
    fast.sent(now, fast.room());
    now += 100us;
    fast.acked(now, fast.in_flight(), 100us);
    BOOST_REQUIRE(fast.bytes() <= options.most);
  }
  BOOST_TEST(fast.bytes() == options.most);
  // An acknowledgement of more than was sent, or of before it was sent.
  fast.acked(now, ~uint64_t{0}, duration{-5s});
  BOOST_TEST(fast.in_flight() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
