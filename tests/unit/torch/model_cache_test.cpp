// Which models are dropped for another one; with a clock of the test.
#include "functions/torch/model_cache.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::torch_runtime;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};
using keys = std::vector<std::string>;

/// A cache of 100 bytes with models of 40, 40 and 20 that cost one second each.
struct full_cache {
  model_cache cache{100};
  full_cache() {
    for (const auto& [key, bytes] :
         {std::pair{"a", 40u}, {"b", 40u}, {"c", 20u}})
      BOOST_REQUIRE(cache.add(key, bytes, 1s, start));
  }
  void arrive(const std::string& key, int times, time_point now = start) {
    for (int i = 0; i < times; ++i)
      cache.arrived(key, 1, now);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(model_cache_test, full_cache)

  BOOST_AUTO_TEST_CASE(memory_is_accounted_for) {
    BOOST_TEST(cache.used() == 100u);
    BOOST_TEST(!cache.add("d", 1, 1s, start));
    BOOST_TEST(!cache.has("d"));
    cache.remove("c");
    BOOST_TEST(cache.used() == 80u);
    cache.remove("c");
    BOOST_TEST(cache.used() == 80u);
    BOOST_TEST(cache.add("a", 60, 1s, start)); // grew
    BOOST_TEST(cache.used() == 100u);
    BOOST_TEST(!cache.add("a", 61, 1s, start));
    BOOST_TEST(!cache.add("e", ~uint64_t{0}, 1s, start));
    BOOST_TEST(cache.used() == 100u);
  }

  BOOST_AUTO_TEST_CASE(what_fits_drops_nothing) {
    cache.remove("b");
    const auto room = cache.room_for(40, start);
    BOOST_REQUIRE(room.has_value());
    BOOST_TEST(room->empty());
  }

  BOOST_AUTO_TEST_CASE(model_that_is_asked_for_least_goes_first) {
    arrive("a", 10);
    arrive("b", 5);
    arrive("c", 10);
    BOOST_TEST(*cache.room_for(30, start) == keys{"b"});
    BOOST_TEST(*cache.room_for(50, start) == (keys{"b", "a"}));
  }

  BOOST_AUTO_TEST_CASE(dear_loads_and_small_models_stay) {
    BOOST_REQUIRE(cache.add("a", 40, 10s, start)); // ten times the load
    arrive("a", 2);
    arrive("b", 5);
    arrive("c", 5); // half the size
    BOOST_TEST(*cache.room_for(10, start) == keys{"b"});
    BOOST_TEST((cache.worth("a", start) > cache.worth("b", start)));
    BOOST_TEST((cache.worth("c", start) > cache.worth("b", start)));
  }

  BOOST_AUTO_TEST_CASE(arrivals_are_forgotten_by_half_lives) {
    arrive("a", 8);
    const auto later = start + 3 * model_cache::half_life;
    BOOST_TEST(cache.worth("a", later) * 8 == cache.worth("a", start),
               boost::test_tools::tolerance(1e-9));
    arrive("b", 2, later);
    arrive("c", 9, later);
    BOOST_TEST(*cache.room_for(10, later) == keys{"a"});
  }

  BOOST_AUTO_TEST_CASE(pinned_models_are_never_dropped) {
    arrive("b", 5);
    arrive("c", 9);
    cache.pin("a");
    cache.pin("a");
    BOOST_TEST(*cache.room_for(10, start) == keys{"b"});
    BOOST_TEST(!cache.room_for(61, start).has_value());
    cache.unpin("a");
    BOOST_TEST(*cache.room_for(10, start) == keys{"b"});
    cache.unpin("a");
    cache.unpin("a"); // one too many does no harm
    BOOST_TEST(*cache.room_for(10, start) == keys{"a"});
  }

  BOOST_AUTO_TEST_CASE(no_more_are_dropped_than_needed) {
    arrive("c", 1); // 20 bytes at one arrival: cheaper than b
    arrive("b", 50);
    cache.pin("a");
    // c alone does not make room for 40; b alone does, so c stays.
    BOOST_TEST(*cache.room_for(40, start) == keys{"b"});
  }

  BOOST_AUTO_TEST_CASE(model_larger_than_the_cache_never_fits) {
    BOOST_TEST(!cache.room_for(101, start).has_value());
    BOOST_TEST(*cache.room_for(100, start) == (keys{"a", "b", "c"}));
    BOOST_TEST(cache.worth("none", start) == 0);
    cache.arrived("none", 1, start);
    BOOST_TEST(!cache.has("none"));
  }

  BOOST_AUTO_TEST_SUITE_END()
