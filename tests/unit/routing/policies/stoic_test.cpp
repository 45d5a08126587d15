// STOIC's Selector among sites: what it adds up, and what it does not know.
#include "trained.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>

using namespace faas;
using namespace faas::routing;

namespace {

struct selector {
  std::unique_ptr<policy> rule;
  random_source random{1};

  explicit selector(const std::string& text = "stoic")
    : rule(std::move(*make_policy(text))) {}

  void tell(unsigned site, double size, double service, double cold = 0,
            double bytes = 0, double transfer = 0) {
    auto seen = took(site, service + cold + transfer);
    seen.size = size;
    seen.service_ms = service;
    seen.cold_ms = cold;
    seen.bytes.up = bytes;
    rule->ended(seen);
  }
  /// As if it had sent two to each.
  void set_up() {
    for (int i = 0; i < 6; ++i)
      choose(in_flight({0, 0, 0}), 1);
  }
  unsigned choose(const decision& among, double size, double bytes = 0) {
    event_features event;
    event.size = size;
    event.bytes.up = bytes;
    return rule->choose(among, event, random, after(0)).chosen;
  }
};

decision cold_at(std::initializer_list<double> colds) {
  auto made = in_flight({0, 0, 0});
  size_t i = 0;
  for (const double cold : colds)
    made.parts[i++].cold = cold;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(stoic_test)

  BOOST_AUTO_TEST_CASE(each_site_is_set_up_with_two_events_first) {
    selector of;
    const auto idle = in_flight({0, 0, 0});
    std::array<int, 3> went{};
    for (int i = 0; i < 6; ++i) {
      const auto site = of.choose(idle, 10);
      ++went[site];
      of.tell(site, 10, 5.0 + site);
    }
    BOOST_TEST((went == std::array<int, 3>{2, 2, 2}));
    BOOST_TEST(of.choose(idle, 10) == 0u);
    // Also where others' events are under way, and without any answer.
    selector other;
    std::array<int, 3> sent{};
    for (int i = 0; i < 6; ++i)
      ++sent[other.choose(in_flight({1, 9, 0}), 10)];
    BOOST_TEST((sent == std::array<int, 3>{2, 2, 2}));
    other.tell(2, 10, 99);
    BOOST_TEST(other.choose(idle, 10) == 2u); // the only one that answered
  }

  BOOST_AUTO_TEST_CASE(parts_add_up) {
    for (const std::string text : {"stoic", "stoic:ransac=0"}) {
      selector of{text};
      of.set_up();
      for (const double n : {10.0, 40.0, 20.0}) {
        of.tell(0, n, 10 + 2 * n);                        // near and slow
        of.tell(1, n, 20 + n / 5, 60, 1000 * n, 0.5 * n); // far and fast
        of.tell(2, n, 1000);
      }
      const auto out = cold_at({0, 1, 0}); // the predictor says: not loaded
      const auto in = cold_at({0, 0, 0});
      // At 0: 10 + 2 n; at 1: 20 + 0.7 n, and 60 more if it is not loaded.
      BOOST_TEST(of.choose(out, 50, 50'000) == 0u); // 110, 115
      BOOST_TEST(of.choose(out, 60, 60'000) == 1u); // 130, 122
      BOOST_TEST(of.choose(in, 50, 50'000) == 1u);  // 110, 55
      BOOST_TEST(of.choose(in, 7, 7'000) == 0u);    // 24, 24.9
      BOOST_TEST(of.choose(in, 9, 9'000) == 1u);    // 28, 26.3
    }
  }

  BOOST_AUTO_TEST_CASE(one_stuck_deployment_does_not_count) {
    selector of;
    of.set_up();
    for (int i = 0; i < 9; ++i) {
      of.tell(0, 1, 100);
      of.tell(1, 1, 10, i == 8 ? 5000 : 50);
      of.tell(2, 1, 1000);
    }
    BOOST_TEST(of.choose(cold_at({0, 1, 0}), 1) == 1u); // the median
  }

  BOOST_AUTO_TEST_CASE(it_forgets_after_ten_and_knows_no_queue) {
    selector of;
    of.set_up();
    for (int i = 0; i < 20; ++i) {
      of.tell(0, 1, i < 10 ? 10 : 200);
      of.tell(1, 1, 100);
      of.tell(2, 1, 1000);
    }
    BOOST_TEST(of.choose(in_flight({0, 0, 0}), 1) == 1u);
    BOOST_TEST(of.choose(in_flight({0, 50, 0}), 1) == 1u);
  }

  BOOST_AUTO_TEST_CASE(what_failed_teaches_nothing) {
    selector of;
    of.set_up();
    for (int i = 0; i < 2; ++i)
      for (unsigned site = 0; site < 3; ++site)
        of.tell(site, 1, 10.0 * (site + 1));
    auto lost = took(0, 1e6);
    lost.failed = true;
    of.rule->ended(lost);
    BOOST_TEST(of.choose(in_flight({0, 0, 0}), 1) == 0u);
  }

BOOST_AUTO_TEST_SUITE_END()
