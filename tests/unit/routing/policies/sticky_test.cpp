#include "libfaas/routing/policies/sticky.hpp"
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/routing/policies/min_latency.hpp"
#include "tests/unit/routing/policies/predicted.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <map>

using namespace faas;
using namespace faas::routing;

namespace {

/// min-latency below; counts what it is asked.
class counted final : public policy {
public:
  explicit counted(int& asked) : asked_(asked) {}
  std::string_view name() const noexcept override { return "counted"; }
  pick choose(const decision& so_far, const event_features&, random_source&,
              time_point) noexcept override {
    ++asked_;
    return {best_of(so_far), reason::best, 1};
  }
  void ended(const outcome&) noexcept override { ++asked_; }

private:
  int& asked_;
};

struct rule_of {
  int asked = 0;
  sticky rule;
  random_source random{5};

  explicit rule_of(sticky::config how = {})
    : rule{how, std::make_unique<counted>(asked)} {}
  pick ask(const decision& sites, uint64_t key, double deadline = 0) {
    event_features event;
    event.key = key;
    event.deadline_ms = deadline;
    return rule.choose(sites, event, random, {});
  }
};

decision alike(size_t count, double total = 10) {
  return predicted(std::vector<predicted_site>(count, {.total = total}));
}

} // namespace

BOOST_AUTO_TEST_SUITE(sticky_test)

  BOOST_AUTO_TEST_CASE(a_key_stays_where_it_was) {
    rule_of one;
    std::map<uint64_t, uint8_t> first;
    for (uint64_t key = 1; key <= 200; ++key)
      first[key] = one.ask(alike(8), key).chosen;
    for (const auto& [key, site] : first) {
      const auto made = one.ask(alike(8), key);
      BOOST_TEST(int(made.chosen) == int(site));
      BOOST_TEST((made.why == reason::sticky));
    }
    BOOST_TEST(one.asked == 0);
  }

  BOOST_AUTO_TEST_CASE(new_keys_are_spread_evenly_and_alike_by_all_routers) {
    rule_of one, other;
    std::array<int, 8> counts{};
    for (uint64_t key = 1; key <= 8000; ++key) {
      const auto site = one.ask(alike(8), key * 977).chosen;
      BOOST_TEST(int(site) == int(other.ask(alike(8), key * 977).chosen));
      ++counts[site];
    }
    for (const int count : counts) // 1000 each, sd 30
      BOOST_TEST(std::abs(count - 1000) < 150);
  }

  BOOST_AUTO_TEST_CASE(a_site_that_goes_moves_its_own_keys_only) {
    rule_of before, after;
    auto fewer = alike(8);
    fewer.healthy &= ~(1u << 3);
    for (uint64_t key = 1; key <= 500; ++key) {
      const auto was = before.ask(alike(8), key).chosen;
      const auto is = after.ask(fewer, key).chosen; // knows nothing: by order
      BOOST_TEST(int(is) != 3);
      if (was != 3)
        BOOST_TEST(int(is) == int(was));
    }
  }

  BOOST_AUTO_TEST_CASE(a_key_leaves_a_site_that_got_too_slow_and_stays_away) {
    rule_of one{{.factor = 2, .slack_ms = 0}};
    const auto site = one.ask(alike(4), 42).chosen;
    auto slower = alike(4);
    slower.parts[site].total = 20;
    BOOST_TEST(int(one.ask(slower, 42).chosen) == int(site));
    slower.parts[site].total = 20.1;
    const auto next = one.ask(slower, 42).chosen;
    BOOST_TEST(int(next) != int(site));
    BOOST_TEST(int(one.ask(alike(4), 42).chosen) == int(next));
  }

  BOOST_AUTO_TEST_CASE(new_keys_go_round_a_site_that_has_more_than_its_share) {
    rule_of one{{.bound = 1.25}};
    // 12 in flight and this one: at most ceil(1.25 * 13 / 4) = 5 each
    auto sites = alike(4);
    for (int i = 0; i < 4; ++i)
      sites.parts[i].in_flight = i == 2 ? 5 : 7.0 / 3;
    for (uint64_t key = 1; key <= 300; ++key)
      BOOST_TEST(int(one.ask(sites, key).chosen) != 2);
    sites.parts[2].in_flight = 3; // of 11: at most 4 each
    int there = 0;
    for (uint64_t key = 1001; key <= 1300; ++key)
      there += one.ask(sites, key).chosen == 2;
    BOOST_TEST(there > 40);
  }

  BOOST_AUTO_TEST_CASE(a_deadline_comes_before_the_key) {
    rule_of one{{.factor = 10}};
    const auto site = one.ask(alike(4), 7).chosen;
    auto slower = alike(4);
    slower.parts[site].total = 50;
    BOOST_TEST(int(one.ask(slower, 7).chosen) == int(site));
    BOOST_TEST(int(one.ask(slower, 7, 30).chosen) != int(site));
    // Where no site meets it, the key counts as ever.
    rule_of two{{.factor = 10}};
    two.ask(alike(4), 7);
    BOOST_TEST(int(two.ask(slower, 7, 5).chosen) == int(site));
  }

  BOOST_AUTO_TEST_CASE(events_without_a_key_go_by_the_other_policy) {
    rule_of one;
    auto sites = alike(4);
    sites.parts[2].total = 1;
    BOOST_TEST(int(one.ask(sites, 0).chosen) == 2);
    BOOST_TEST((one.ask(sites, 0).why == reason::best));
    BOOST_TEST(one.asked == 2);
    one.rule.ended({});
    BOOST_TEST(one.asked == 3);
  }

  BOOST_AUTO_TEST_CASE(one_candidate_is_remembered_too) {
    rule_of one;
    const auto order = one.ask(alike(4), 9).chosen;
    const auto other = static_cast<uint8_t>((order + 1) % 4);
    auto alone = alike(4);
    alone.healthy = 1u << other;
    event_features event;
    event.key = 9;
    BOOST_TEST(int(one.rule.only(alone, event, other, {}).chosen)
               == int(other));
    BOOST_TEST(int(one.ask(alike(4), 9).chosen) == int(other));
  }

  BOOST_AUTO_TEST_CASE(the_table_is_bounded_and_forgets_the_oldest) {
    rule_of one{{.factor = 2, .keys = 4}};
    const auto site = one.ask(alike(4), 1).chosen;
    auto slower = alike(4);
    slower.parts[site].total = 100;
    const auto next = one.ask(slower, 1).chosen;
    for (uint64_t key = 2; key <= 4; ++key)
      one.ask(alike(4), key);
    BOOST_TEST(int(one.ask(alike(4), 1).chosen) == int(next)); // used again
    for (uint64_t key = 12; key <= 15; ++key)
      one.ask(alike(4), key);
    BOOST_TEST(int(one.ask(alike(4), 1).chosen) == int(site)); // by its order
  }

  BOOST_AUTO_TEST_CASE(wrong_parameters_are_told) {
    for (const auto* text : {"sticky:factor=0.5", "sticky:keys=0",
                             "sticky:bound=nan", "sticky:over=jsq"})
      BOOST_TEST(!make_policy(text), text);
    BOOST_TEST(!!make_policy("sticky:factor=3,keys=100"));
  }

    BOOST_AUTO_TEST_CASE(an_event_goes_where_its_data_is) {
    rule_of one;
    const auto ask = [&](const decision& sites, uint64_t key, site_index home) {
      event_features event;
      event.key = key;
      event.home = home;
      return one.rule.choose(sites, event, one.random, {});
    };
    const auto sites = alike(8);
    for (uint8_t at = 0; at < 8; ++at) {
      const auto made = ask(sites, 7, sites.sites[at]);
      BOOST_TEST(int(made.chosen) == int(at)); // though the key was elsewhere
      BOOST_TEST((made.why == reason::sticky));
    }
    // Where it would take too long, or is not to be had, elsewhere, until then.
    auto slow = sites;
    slow.parts[2].total = 100;
    const auto other = ask(slow, 7, sites.sites[2]).chosen;
    BOOST_TEST(int(other) != 2);
    BOOST_TEST(int(ask(slow, 7, sites.sites[2]).chosen) == int(other));
    BOOST_TEST(int(ask(sites, 7, sites.sites[2]).chosen) == 2);
    auto gone = sites;
    gone.healthy &= ~(1u << 2);
    BOOST_TEST(int(ask(gone, 7, sites.sites[2]).chosen) != 2);
    event_features event;
    event.key = 9;
    event.home = sites.sites[3];
    const auto there = one.rule.rank(sites.parts[3], sites.sites[3], event,
                                     one.random);
    const auto near = one.rule.rank(sites.parts[4], sites.sites[4], event,
                                    one.random);
    BOOST_TEST((there < near)); // it is looked at, however many there are
  }

BOOST_AUTO_TEST_SUITE_END()
