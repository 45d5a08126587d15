// Load that several gateway loops write to; also run under TSan.
#include "libfaas/routing/shared_load.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace faas;
using namespace faas::routing;

BOOST_AUTO_TEST_SUITE(shared_load_test)

BOOST_AUTO_TEST_CASE(with_one_writer_it_is_a_site_load) {
  random_source random{3};
  BOOST_TEST_MESSAGE("seed 3");
  shared_load shared{2};
  site_load alone{2};
  time_point now{};
  std::vector<double> open;
  for (int i = 0; i < 2000; ++i) {
    now += from_ms(random.uniform() * 20);
    if (open.empty() || random.uniform() < 0.5) {
      open.push_back(random.uniform() * 30);
      shared.start(open.back(), 5, now);
      alone.start(open.back(), 5, now);
    } else {
      shared.finish(open.back(), 5, now);
      alone.finish(open.back(), 5, now);
      open.pop_back();
    }
    BOOST_REQUIRE_EQUAL(shared.in_flight(), alone.in_flight());
    BOOST_REQUIRE_EQUAL(shared.free_in_ms(now), alone.free_in_ms(now));
  }
}

BOOST_AUTO_TEST_CASE(more_servers_serve_batches_too) {
  shared_load load{1};
  const time_point now{};
  const batch_terms terms{2, 0};
  const auto join = [&] {
    return load.join({.items = 2, .terms = terms, .fixed_ms = 10}, 0, now);
  };
  const auto first = join();
  BOOST_TEST(load.free_in_ms(now) == 10);
  load.set_servers(2);
  join();
  BOOST_TEST(load.free_in_ms(now) == 10); // both are busy so long
  load.leave(first, {.inside_ms = 10}, now + from_ms(10));
  BOOST_TEST(load.free_in_ms(now + from_ms(10)) == 0);
}

BOOST_AUTO_TEST_CASE(nothing_of_several_writers_is_lost) {
  shared_load load;
  shared_link_load link;
  const time_point now{};
  std::vector<std::jthread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        load.start(1, 0, now);
        load.start(1, 0, now);
        link.send(10, 0.001, now);
        link.expect({double(i), 0.5});
        link.expect({double(i), 0.25});
        link.gone({double(i), 0.25});
        (void) load.free_in_ms(now);
        load.finish(1, 0, now);
      }
    });
  writers.clear();
  BOOST_TEST(load.in_flight() == 20'000u);
  BOOST_TEST(load.free_in_ms(now) >= 19'000);
  BOOST_TEST(link.backlog_ms(now) == 200,
             boost::test_tools::tolerance(1e-6));
  BOOST_TEST(link.replies_ahead_ms() == 10'000);
  BOOST_TEST(link.replies_free_in_ms(now) >= 10'000);
  BOOST_TEST(link.came({3, 0.5}, 0.5, 10) == 0);
  BOOST_TEST(link.replies_ahead_ms() == 9999.5);
}

/// Readers may see a mixture of two states, but no place that never was.
BOOST_AUTO_TEST_CASE(batches_are_read_while_they_are_planned) {
  shared_load load;
  const time_point now = time_point{} + std::chrono::seconds{1};
  const double now_ms = to_ms(now.time_since_epoch());
  const batched_event one{3, 1, {8, 2}, 10, 1};
  std::atomic<int> writing{3};
  std::vector<std::jthread> all;
  for (int w = 0; w < 3; ++w)
    all.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const auto ticket = load.join(one, 1, now);
        load.join(one, 1, now);
        load.leave(ticket, {}, now);
      }
      --writing;
    });
  size_t absurd = 0;
  while (writing > 0) {
    const auto at
      = load.open().place(one.function, one.terms, 1, now_ms + 1, now_ms);
    absurd += at.items < 0 || at.items > 7 || at.begins_ms < now_ms + 1 ? 1 : 0;
  }
  all.clear();
  BOOST_TEST(absurd == 0u);
  BOOST_TEST(load.in_flight() == 3000u);
}

BOOST_AUTO_TEST_SUITE_END()
