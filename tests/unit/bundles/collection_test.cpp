// What is removed, what stays, and why.
#include "samples.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace faas;
using namespace faas::bundles;
using action = bundles_command::action;

namespace {

constexpr int64_t hour = 3600;

struct fixture {
  inventory store;
  use_map uses;
  collection_rules rules;

  bundles_status plan(action what, uint64_t need = 0, int64_t now = 100 * hour) {
    auto made = plan_collection(store, uses, rules, {what, need}, at(now));
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().to_string()));
    return *made;
  }
  void use_it(uint8_t n, bool spare) {
    uses[id_of(n)].push_back({"f:" + std::to_string(n), "because", spare});
  }
  static std::set<int> removed(const bundles_status& all) {
    std::set<int> ids;
    for (const auto& one : all.bundles)
      if (one.removed)
        ids.insert(one.id.bytes[0]);
    return ids;
  }
  static bundle_fate fate(const bundles_status& all, uint8_t n) {
    for (const auto& one : all.bundles)
      if (one.id == id_of(n))
        return one.fate;
    BOOST_FAIL("not listed");
    return {};
  }
};
using ids = std::set<int>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(collection_test, fixture)

  BOOST_AUTO_TEST_CASE(what_nothing_needs_goes_and_all_else_stays) {
    for (uint8_t n = 1; n <= 5; ++n)
      store.bundles.push_back(stored(n, 100, n));
    use_it(1, false);
    use_it(2, true);
    store.pinned.insert(id_of(3));
    store.bundles[3].used = at(100 * hour - 10);
    const auto all = plan(action::collect);
    BOOST_TEST((fate(all, 1) == bundle_fate::needed));
    BOOST_TEST((fate(all, 2) == bundle_fate::spare));
    BOOST_TEST((fate(all, 3) == bundle_fate::needed));
    BOOST_TEST((fate(all, 4) == bundle_fate::recent));
    BOOST_TEST((fate(all, 5) == bundle_fate::unused));
    BOOST_TEST((removed(all) == ids{5}));
    BOOST_TEST(all.freed == 100u);
    BOOST_TEST(all.bytes == 500u);
    for (const auto& one : all.bundles)
      BOOST_TEST(one.because.empty() == one.removed);
    BOOST_TEST((removed(plan(action::plan)) == ids{5}));
    BOOST_TEST(removed(plan(action::list)).empty());
  }

  BOOST_AUTO_TEST_CASE(a_clock_that_was_set_back_makes_nothing_old) {
    store.bundles.push_back(stored(1, 100, 200 * hour));
    BOOST_TEST((fate(plan(action::list), 1) == bundle_fate::recent));
    BOOST_TEST((fate(plan(action::list, 0, 202 * hour), 1)
                == bundle_fate::unused));
  }

  BOOST_AUTO_TEST_CASE(a_use_beats_a_spare_one_whatever_comes_first) {
    store.bundles = {stored(1, 1, 0), stored(2, 1, 0)};
    use_it(1, true);
    use_it(1, false);
    use_it(2, false);
    use_it(2, true);
    const auto all = plan(action::list);
    for (const auto& one : all.bundles)
      BOOST_TEST((one.fate == bundle_fate::needed));
  }

  BOOST_AUTO_TEST_CASE(over_the_quota_spare_ones_go_oldest_first) {
    for (uint8_t n = 1; n <= 5; ++n) {
      store.bundles.push_back(stored(n, 60, n, 40));
      if (n < 5)
        use_it(n, true);
    }
    rules.quota = 350;
    BOOST_TEST((removed(plan(action::collect)) == ids{1, 5}));
    rules.quota = 400;
    BOOST_TEST((removed(plan(action::collect)) == ids{5}));
    rules.quota = 0;
    BOOST_TEST((removed(plan(action::collect)) == ids{5}));
  }

  BOOST_AUTO_TEST_CASE(room_is_made_with_no_more_than_it_takes) {
    for (uint8_t n = 1; n <= 6; ++n)
      store.bundles.push_back(stored(n, 100, n));
    use_it(1, true);
    use_it(2, true);
    use_it(3, false);
    rules.quota = 650;
    BOOST_TEST(removed(plan(action::make_room, 50)).empty());
    BOOST_TEST((removed(plan(action::make_room, 51)) == ids{4}));
    BOOST_TEST((removed(plan(action::make_room, 300)) == ids{4, 5, 6}));
    BOOST_TEST((removed(plan(action::make_room, 351)) == ids{1, 4, 5, 6}));
    BOOST_TEST((removed(plan(action::make_room, 550)) == ids{1, 2, 4, 5, 6}));
    rules.quota = 0;
    BOOST_TEST(removed(plan(action::make_room, 1 << 30)).empty());
  }

  BOOST_AUTO_TEST_CASE(when_it_cannot_be_nothing_is_removed_and_it_says_why) {
    store.bundles = {stored(1, 5 << 20, 1), stored(2, 3 << 20, 2)};
    use_it(1, false);
    rules.quota = 10 << 20;
    const auto refused = plan_collection(
      store, uses, rules, {action::make_room, 6 << 20}, at(100 * hour));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::storage_full));
    for (const auto word : {"6 MiB", "10 MiB", "8 MiB", "3 MiB"})
      BOOST_TEST(refused.error().message.find(word) != std::string::npos,
                 refused.error().message);
    BOOST_TEST(refused.error().next_step.find("faas-cli bundles list")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(unfinished_uploads_count_with_what_they_will_have) {
    store.bundles = {stored(1, 100, 1)};
    store.uploads.push_back({id_of(9), {10, 400}, at(0)});
    rules.quota = 600;
    BOOST_TEST(removed(plan(action::make_room, 100)).empty());
    BOOST_TEST((removed(plan(action::make_room, 101)) == ids{1}));
    BOOST_REQUIRE(plan(action::list).uploads.size() == 1);
    BOOST_TEST(plan(action::list).uploads[0].total == 400u);
  }

  BOOST_AUTO_TEST_CASE(nothing_needed_is_ever_removed) {
    for (uint64_t seed = 1; seed <= 300; ++seed) {
      random_source random{seed};
      static_cast<fixture&>(*this) = fixture{};
      std::set<int> needed;
      for (uint8_t n = 1; n <= 20; ++n) {
        store.bundles.push_back(stored(n, 1 + random.below(1000),
                                       static_cast<int64_t>(
                                         random.below(99 * hour))));
        if (random.below(3) == 0)
          use_it(n, random.below(2) == 0);
        if (random.below(5) == 0)
          store.pinned.insert(id_of(n));
      }
      rules.quota = random.below(8000);
      for (const auto what : {action::collect, action::make_room}) {
        const auto made
          = plan_collection(store, uses, rules, {what, random.below(3000)},
                            at(100 * hour));
        if (!made)
          continue;
        uint64_t freed = 0;
        for (const auto& one : made->bundles) {
          BOOST_REQUIRE((!one.removed || one.fate == bundle_fate::unused
                         || one.fate == bundle_fate::spare));
          BOOST_REQUIRE((!one.removed || !store.pinned.contains(one.id)));
          freed += one.removed ? one.packed + one.unpacked : 0;
        }
        BOOST_REQUIRE(freed == made->freed);
      }
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
