// What sites of a tier learn from each other, and of functions that nobody
// knows.
#include "tests/unit/routing/predictor_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::test;

namespace {

/// Four sites, two of one tier, and a function of which nothing is told. All
/// have their cells from the start, as in nodes.
struct tier_world {
  class predictor predictor;
  link_index local = *predictor.add_link(loopback_link());
  site_index gpu1 = *predictor.add_site({"gpu-1", "gpu", local, 4});
  site_index gpu2 = *predictor.add_site({"gpu-2", "gpu", local, 4});
  site_index cloud = *predictor.add_site({"cloud-1", "cloud", local, 4});
  function_index model = *predictor.add_function("model");
  std::vector<std::shared_ptr<const estimate_cell>> cells;
  time_point now = time_point{} + std::chrono::hours{1};
  random_source random{1};

  tier_world() {
    for (const auto site : {gpu1, gpu2, cloud})
      cells.push_back(predictor.cell(model, site, now));
  }
  void event(site_index site, double n, double ms) {
    observation seen;
    seen.function = model;
    seen.site = site;
    seen.size = n;
    seen.service_ms = ms * std::exp(0.05 * random.normal());
    seen.total_ms = seen.service_ms + 0.05;
    seen.at = now += from_ms(1000);
    predictor.observe(seen);
    predictor.publish(now);
  }
  double service(site_index site, double n) {
    candidate c;
    c.site = site;
    c.cell = cells[to_int(site)].get();
    event_features event;
    event.size = n;
    return predict(c.cell->read(), c, event, now).service;
  }
};

/// Nearly all of it fixed, as of a large model (ms).
constexpr line fast{6, 560};
constexpr line faster{4, 420};

} // namespace

BOOST_AUTO_TEST_SUITE(tier_test)

BOOST_AUTO_TEST_CASE(the_first_event_of_an_unknown_function_tells_its_level) {
  for (const double ms : {0.05, 3.0, 2000.0, 20'000.0}) {
    tier_world w;
    w.event(w.cloud, 10, ms);
    BOOST_TEST(w.service(w.cloud, 10) == ms,
               boost::test_tools::tolerance(ms < 1 ? 0.5 : 0.2));
  }
}

BOOST_AUTO_TEST_CASE(a_profile_that_was_told_is_no_guess) {
  tier_world w;
  const auto known = *w.predictor.add_function("known", line{0.34, 1});
  const auto cell = w.predictor.cell(known, w.cloud, w.now);
  BOOST_TEST(cell->read().log_var < 1);
  BOOST_TEST(w.cells[to_int(w.cloud)]->read().log_var > 5);
}

BOOST_AUTO_TEST_CASE(a_site_without_events_is_believed_to_be_as_its_tier) {
  tier_world w;
  for (int i = 0; i < 32; ++i)
    w.event(w.gpu1, 5 + 20 * (i % 8), fast.at(5 + 20 * (i % 8)));
  for (const double n : {10.0, 150.0})
    BOOST_TEST(w.service(w.gpu2, n) == fast.at(n),
               boost::test_tools::tolerance(0.25));
  BOOST_TEST(w.service(w.cloud, 10) < 20); // of another tier
}

BOOST_AUTO_TEST_CASE(what_a_site_has_not_seen_follows_its_tier) {
  tier_world w;
  w.event(w.gpu2, 10, faster.at(10)); // it has seen a small one only,
  w.event(w.cloud, 10, faster.at(10)); // and so has this
  for (int i = 0; i < 32; ++i)
    w.event(w.gpu1, 5 + 20 * (i % 8), fast.at(5 + 20 * (i % 8)));
  BOOST_TEST(w.service(w.gpu2, 10) == faster.at(10),
             boost::test_tools::tolerance(0.15)); // its own event counts
  BOOST_TEST(w.service(w.gpu2, 150) == faster.at(150),
             boost::test_tools::tolerance(0.4));
  // Without a mate: in proportion to the only one.
  BOOST_TEST(w.service(w.cloud, 150) > 3 * faster.at(150));
}

BOOST_AUTO_TEST_CASE(a_site_that_knows_more_does_not_follow) {
  tier_world w;
  for (int i = 0; i < 32; ++i)
    w.event(w.gpu2, 5 + 20 * (i % 8), faster.at(5 + 20 * (i % 8)));
  const auto before = w.service(w.gpu2, 150);
  for (int i = 0; i < 8; ++i)
    w.event(w.gpu1, 10, 5 * fast.at(10));
  BOOST_TEST(w.service(w.gpu2, 150) == before,
             boost::test_tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(what_was_measured_at_the_site_stays) {
  tier_world w;
  w.predictor.set_profile(w.model, w.gpu2, {100, 1}, w.now);
  w.predictor.publish(w.now);
  const auto before = w.service(w.gpu2, 10);
  for (int i = 0; i < 32; ++i)
    w.event(w.gpu1, 10, fast.at(10));
  BOOST_TEST(w.service(w.gpu2, 10) == before,
             boost::test_tools::tolerance(0.1));
}

BOOST_AUTO_TEST_CASE(a_trial_run_at_one_site_serves_its_tier) {
  tier_world w;
  w.predictor.set_profile(w.model, w.gpu1, {100, 1}, w.now);
  const auto late = *w.predictor.add_site({"gpu-3", "gpu", w.local, 4});
  w.cells.push_back(w.predictor.cell(w.model, late, w.now));
  BOOST_TEST(w.service(late, 10) == 1001, boost::test_tools::tolerance(0.3));
}

BOOST_AUTO_TEST_CASE(a_site_that_loaded_slowly_is_tried_again_one_day) {
  tier_world w;
  const auto cold = [&](site_index site, double load_ms) {
    observation seen;
    seen.function = w.model;
    seen.site = site;
    seen.size = 10;
    seen.service_ms = 50;
    seen.cold_ms = load_ms;
    seen.total_ms = 50.05 + load_ms;
    seen.at = w.now += from_ms(1000);
    w.predictor.observe(seen);
    w.predictor.publish(w.now);
  };
  const auto charge = [&](site_index site) {
    return w.cells[to_int(site)]->read().cold_charge_ms;
  };
  for (int i = 0; i < 40; ++i)
    for (const auto site : {w.gpu1, w.gpu2})
      cold(site, 500 + i % 3);
  const auto usual = charge(w.gpu2);
  for (int i = 0; i < 4; ++i)
    cold(w.gpu2, 5000);
  const auto slow = charge(w.gpu2);
  BOOST_TEST(slow > 4 * usual);
  cold(w.gpu1, 500);
  BOOST_TEST(charge(w.gpu2) < slow);
  for (int i = 0; i < 150; ++i)
    cold(w.gpu1, 500);
  BOOST_TEST(charge(w.gpu2) < 2.5 * usual);
}

BOOST_AUTO_TEST_CASE(following_is_as_if_the_prior_had_been_that) {
  // Against the same filter with the other prior from the start. The model is
  // linearised, so shapes are near each other here.
  service_config config;
  config.unknown_shape_var = 0.6;
  const line form{0.34, 1};
  auto certain = config;
  certain.shape_var = 1e-6;
  const function_filter other{form, certain, 0, 0.2};
  auto meant = config;
  meant.unknown_shape_var = config.shape_var + 1e-6;
  site_filter site{config}, twin{config};
  function_filter follows{form, config}, reference{form, config, 0, 0.2};
  follows.know_nothing(config);
  reference.know_nothing(meant);
  auto now = time_point{} + std::chrono::hours{1};
  for (const auto& [n, ms] : {std::pair{2.0, 3.1}, {1.0, 2.4}}) {
    now += from_ms(1);
    follows.observe(n, ms, now, site, config);
    reference.observe(n, ms, now, twin, meant);
  }
  BOOST_TEST(std::abs(follows.shape() - reference.shape()) > 0.05);
  BOOST_TEST(follows.follow(other, config));
  BOOST_TEST(follows.shape() == reference.shape(),
             boost::test_tools::tolerance(0.1));
  for (const double n : {1.0, 10.0, 100.0}) {
    const auto one = follows.at(n, site), two = reference.at(n, twin);
    BOOST_TEST(one.log_ms == two.log_ms, boost::test_tools::tolerance(0.05));
    BOOST_TEST(one.log_var == two.log_var, boost::test_tools::tolerance(0.2));
  }
}

BOOST_AUTO_TEST_SUITE_END()
