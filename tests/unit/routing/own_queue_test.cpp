// Functions that share the servers of a site, and such as have their own there.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;
using namespace faas::test;

namespace {

/// With a second function.
struct two_functions : predictor_world {
  function_index other = *predictor.add_function("other", normal);

  estimate belief(function_index function, site_index site) {
    predictor.publish(now);
    return predictor.cell(function, site, now)->read();
  }
  /// Events of one function in the cloud, where so many are besides.
  void see(function_index function, double all, double own, int events = 200) {
    for (int i = 0; i < events; ++i) {
      auto seen = make(cloud, 1, 150);
      seen.function = function;
      seen.in_flight = static_cast<uint32_t>(own);
      seen.queue_length = static_cast<uint32_t>(all);
      predictor.observe(seen);
    }
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(own_queue_test, two_functions)

BOOST_AUTO_TEST_CASE(what_waits_at_a_site_waits_for_all_that_share_it) {
  belief(other, cloud);
  see(classify, 7, 3);
  const auto mine = belief(classify, cloud), its = belief(other, cloud);
  BOOST_TEST(mine.others == 4);
  BOOST_TEST(its.others == 4);
  BOOST_TEST(its.load == mine.load);
  BOOST_TEST(its.offered == mine.offered);
  BOOST_TEST(its.mean_service_ms == mine.mean_service_ms);
}

BOOST_AUTO_TEST_CASE(a_queue_of_its_own_is_in_nobodys_way) {
  BOOST_TEST(predictor.set_own_servers(other, cloud, 2));
  BOOST_TEST(belief(other, cloud).servers == 2);
  BOOST_TEST(belief(classify, cloud).servers == 4);
  see(classify, 7, 3);
  BOOST_TEST(belief(other, cloud).others == 0);
  BOOST_TEST(belief(other, cloud).offered == 0);
  BOOST_TEST(belief(other, cloud).load == 0);
  const auto before = belief(classify, cloud);
  see(other, 9, 1);
  const auto mine = belief(classify, cloud), its = belief(other, cloud);
  BOOST_TEST(its.others == 8);
  BOOST_TEST(mine.others == before.others);
  // An event each 200 ms of each: none of the other's is offered here.
  const double work = normal.at(150);
  BOOST_TEST(near(its.mean_service_ms, work, 0.2));
  BOOST_TEST(its.offered > work / 200 / 2 * 0.9);
  BOOST_TEST(mine.offered < before.offered * 1.01);
}

BOOST_AUTO_TEST_CASE(news_of_a_queue_reach_those_that_wait_in_it) {
  predictor.set_own_servers(other, cloud, 2);
  see(other, 0, 0, 5);
  const auto cell = predictor.cell(other, cloud, now);
  predictor.publish(now);
  const auto before = cell->read().updated_ms;
  now += std::chrono::milliseconds{50};
  predictor.publish(now);
  BOOST_TEST(cell->read().updated_ms == before); // nothing new
  see(classify, 400, 0, 1); // in the site's own queue
  BOOST_TEST(belief(classify, cloud).others > 0);
  BOOST_TEST(cell->read().others == 0);
}

BOOST_AUTO_TEST_CASE(servers_may_change_and_queues_be_joined) {
  see(classify, 4, 4);
  const auto four = belief(classify, cloud);
  BOOST_TEST(predictor.set_servers(cloud, 8));
  const auto eight = belief(classify, cloud);
  BOOST_TEST(eight.servers == 8);
  BOOST_TEST(near(eight.load, four.load / 2, 0.01));
  BOOST_TEST(predictor.set_own_servers(classify, cloud, 3));
  BOOST_TEST(belief(classify, cloud).servers == 3);
  BOOST_TEST(predictor.set_own_servers(classify, cloud, 5));
  BOOST_TEST(belief(classify, cloud).servers == 5);
  BOOST_TEST(predictor.set_own_servers(classify, cloud, 0));
  BOOST_TEST(belief(classify, cloud).servers == 8);
  BOOST_TEST(predictor.set_own_servers(other, cloud, 0)); // not seen there yet
}

BOOST_AUTO_TEST_CASE(a_function_that_went_leaves_no_queue) {
  predictor.set_own_servers(other, cloud, 2);
  see(other, 3, 1, 5);
  predictor.remove_function(other);
  BOOST_TEST(belief(classify, cloud).others == 0);
  const auto again = *predictor.add_function("other", normal);
  BOOST_TEST(belief(again, cloud).servers == 4);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_back_has_no_others_waiting) {
  predictor.set_own_servers(other, cloud, 2);
  see(other, 9, 1);
  BOOST_TEST(belief(other, cloud).others == 8);
  predictor.observe_return(cloud, now);
  BOOST_TEST(belief(other, cloud).others == 0);
}

/// Another event of the function may have kept it loaded, or have had the instance;
/// one of another function that shares the servers has not.
BOOST_AUTO_TEST_CASE(only_its_own_events_hide_how_long_a_function_stays) {
  const auto stay_s = [&](uint32_t foreign) {
    predictor_world w;
    w.predictor.observe(w.make(w.cloud, 1));
    auto back = w.make(w.cloud, 1);
    w.now += std::chrono::seconds{20};
    back.at = w.now;
    back.cold_ms = 700; // it had left
    back.total_ms += back.cold_ms;
    back.queue_length = 5;
    back.queue_foreign = foreign;
    w.predictor.observe(back);
    w.predictor.publish(w.now);
    const auto told = w.predictor.cell(w.classify, w.cloud, w.now)->read();
    return (told.warm_until_ms - to_ms(w.now.time_since_epoch())) / 1000;
  };
  BOOST_TEST(stay_s(5) < 20);
  BOOST_TEST(stay_s(4) > 100); // as it is believed at the begin
  BOOST_TEST(stay_s(0) > 100);
}

BOOST_AUTO_TEST_CASE(absurd_numbers_of_servers_are_refused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {-1.0, 0.5, 1e7, nan, HUGE_VAL}) {
    BOOST_TEST(!predictor.add_site({"bad-1/cpu", "cloud", wan, bad}));
    BOOST_TEST(!predictor.set_servers(cloud, bad));
    BOOST_TEST(!predictor.set_own_servers(classify, cloud, bad));
  }
  BOOST_TEST(!predictor.set_servers(cloud, 0));
  BOOST_TEST(!predictor.set_servers(site_index{99}, 2));
  BOOST_TEST(!predictor.set_own_servers(function_index{99}, cloud, 2));
  BOOST_TEST(!predictor.set_own_servers(classify, site_index{99}, 2));
  BOOST_TEST(belief(classify, cloud).servers == 4);
}

BOOST_AUTO_TEST_SUITE_END()
