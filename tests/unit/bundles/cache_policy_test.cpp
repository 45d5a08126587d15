// What a node drops from its cache of bundles.
#include "samples.hpp"

#include "libfaas/bundles/cache_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::bundles;
using namespace std::chrono_literals;

namespace {

struct fixture {
  cache_policy cache;
  std::vector<stored_bundle> all;
  std::set<digest> pinned;

  std::vector<int> victims(uint64_t need, uint64_t bound) {
    auto chosen = cache.victims(all, pinned, need, bound);
    BOOST_REQUIRE_MESSAGE(chosen, (chosen ? "" : chosen.error().to_string()));
    std::vector<int> made;
    for (const auto& id : *chosen)
      made.push_back(id.bytes[0]);
    return made;
  }
  void uses(uint8_t n, int times) {
    for (int i = 0; i < times; ++i)
      for (const auto& one : all)
        if (one.id == id_of(n))
          cache.used(one);
  }
};
using ids = std::vector<int>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(cache_policy_test, fixture)

  BOOST_AUTO_TEST_CASE(within_the_bound_nothing_goes) {
    all = {stored(1, 100, 0), stored(2, 100, 0, 50)};
    BOOST_TEST((victims(0, 250) == ids{}));
    BOOST_TEST((victims(1000, 0) == ids{}));
    BOOST_TEST((victims(0, 249).size() == 1u));
  }

  BOOST_AUTO_TEST_CASE(what_is_used_least_goes_first) {
    all = {stored(1, 100, 0), stored(2, 100, 0), stored(3, 100, 0)};
    uses(1, 3);
    uses(2, 1);
    uses(3, 5);
    BOOST_TEST((victims(0, 299) == ids{2}));
    BOOST_TEST((victims(0, 150) == ids{2, 1}));
  }

  BOOST_AUTO_TEST_CASE(what_is_dear_to_get_stays_what_is_large_goes) {
    all = {stored(1, 1000, 0), stored(2, 1000, 0), stored(3, 100, 0)};
    cache.pulled(id_of(1), 10s); // over a bad line
    cache.pulled(id_of(2), 1s);
    cache.pulled(id_of(3), 1s);
    BOOST_TEST((victims(0, 2000) == ids{2}));
    BOOST_TEST((victims(0, 1000) == (ids{2, 1}))); // 3 is small
  }

  BOOST_AUTO_TEST_CASE(what_was_used_long_ago_ages) {
    all = {stored(1, 100, 0), stored(2, 100, 0)};
    uses(1, 20); // once it was popular
    uses(2, 1);
    for (uint8_t n = 3; n < 60; ++n) { // a stream of new ones, used twice
      all.push_back(stored(n, 100, 0));
      uses(n, 2);
      const auto gone = victims(0, 200);
      BOOST_REQUIRE(gone.size() == 1);
      cache.removed(id_of(static_cast<uint8_t>(gone[0])));
      std::erase_if(all, [&](const stored_bundle& one) {
        return one.id.bytes[0] == gone[0];
      });
      if (gone[0] == 1)
        return;
    }
    BOOST_FAIL("it never went");
  }

  BOOST_AUTO_TEST_CASE(what_the_node_runs_never_goes) {
    all = {stored(1, 100, 0), stored(2, 100, 0), stored(3, 100, 0)};
    pinned = {id_of(1), id_of(3)};
    uses(2, 100);
    BOOST_TEST((victims(50, 250) == ids{2}));
    const auto refused = cache.victims(all, pinned, 51, 250);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::storage_full));
    BOOST_TEST(refused.error().next_step.find("bundles.cache")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
