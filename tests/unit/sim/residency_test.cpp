// What a site has in memory, by hand; queues_test has the closed forms.
#include "libfaas/sim/loading_station.hpp"
#include "libfaas/sim/world.hpp"

#include "libfaas/routing/policies/catalog.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::sim;

namespace {

/// A site with that much memory and one server; loading takes 50 ms.
site_law room_for(double bytes, double keep_ms = 0) {
  site_law made;
  made.name = made.tier = "one";
  made.memory_bytes = bytes;
  made.cold = {50, keep_ms};
  return made;
}

std::vector<function_law> functions_of(std::vector<double> bytes) {
  std::vector<function_law> made(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    made[i].name = std::string(1, static_cast<char>('a' + i));
    made[i].memory_bytes = bytes[i];
    made[i].noise = 0;
  }
  return made;
}

/// Cold starts of events of 10 ms, one each 100 ms.
std::vector<double> cold_starts(const site_law& site,
                                const std::vector<function_law>& functions,
                                const std::vector<size_t>& order) {
  loading_station station{site, functions};
  std::vector<double> made;
  for (size_t i = 0; i < order.size(); ++i)
    made.push_back(
      station.admit(100.0 * static_cast<double>(i + 1), order[i], 10).cold_ms);
  return made;
}

using list = std::vector<double>;

} // namespace

BOOST_AUTO_TEST_SUITE(residency_test)

  BOOST_AUTO_TEST_CASE(without_keep_and_memory_nothing_is_cold) {
    site_law site;
    site.cold.load_ms = 50;
    BOOST_TEST((cold_starts(site, functions_of({1, 1}), {0, 1, 0})
                == list{0, 0, 0}));
  }

  BOOST_AUTO_TEST_CASE(the_least_recently_used_leaves) {
    // Room for two of three.
    BOOST_TEST((cold_starts(room_for(200), functions_of({100, 100, 100}),
                            {0, 1, 0, 2, 0, 1, 2})
                == list{50, 50, 0, 50, 0, 50, 50}));
  }

  BOOST_AUTO_TEST_CASE(as_many_leave_as_must) {
    // The large one drives both small ones out, and either of them it.
    BOOST_TEST((cold_starts(room_for(200), functions_of({90, 90, 150}),
                            {0, 1, 2, 0, 1, 0})
                == list{50, 50, 50, 50, 50, 0}));
  }

  BOOST_AUTO_TEST_CASE(what_fits_stays_and_what_needs_nothing_drives_nobody) {
    BOOST_TEST((cold_starts(room_for(200), functions_of({100, 100, 0}),
                            {0, 1, 2, 0, 1, 2})
                == list{50, 50, 50, 0, 0, 0}));
  }

  BOOST_AUTO_TEST_CASE(a_function_has_its_own_time_of_loading) {
    auto functions = functions_of({100, 100});
    functions[1].cold_ms = 7;
    BOOST_TEST((cold_starts(room_for(200), functions, {0, 1}) == list{50, 7}));
  }

  BOOST_AUTO_TEST_CASE(idle_ones_leave_as_well) {
    // It is asked for again 40 ms after it was served.
    const auto functions = functions_of({100});
    BOOST_TEST((cold_starts(room_for(200, 35), functions, {0, 0})
                == list{50, 50}));
    BOOST_TEST((cold_starts(room_for(200, 45), functions, {0, 0})
                == list{50, 0}));
  }

  BOOST_AUTO_TEST_CASE(who_finds_it_being_loaded_waits_for_that) {
    auto site = room_for(200);
    site.servers = 2;
    loading_station station{site, functions_of({100})};
    BOOST_TEST(station.admit(0, 0, 10).end == 60);
    const auto second = station.look(20, 0, 10);
    BOOST_TEST(second.cold_ms == 30);
    BOOST_TEST(second.end == 60);
    BOOST_TEST(station.admit(60, 0, 10).cold_ms == 0);
  }

  BOOST_AUTO_TEST_CASE(what_is_in_use_does_not_leave) {
    auto site = room_for(200);
    site.servers = 3;
    loading_station station{site, functions_of({150, 100})};
    BOOST_TEST(station.admit(0, 0, 10).end == 60);
    // Waits for the first to end, and who comes later waits behind it.
    const auto other = station.admit(10, 1, 10);
    BOOST_TEST(other.begin == 60);
    BOOST_TEST(other.cold_ms == 50);
    BOOST_TEST(other.end == 120);
    const auto behind = station.admit(20, 1, 10);
    BOOST_TEST(behind.begin == 60);
    BOOST_TEST(behind.end == 120);
  }

  BOOST_AUTO_TEST_CASE(looking_changes_nothing) {
    loading_station station{room_for(100), functions_of({100, 100})};
    station.admit(0, 0, 10);
    BOOST_TEST(station.look(100, 1, 10).cold_ms == 50);
    BOOST_TEST(station.look(100, 0, 10).cold_ms == 0);
    BOOST_TEST(station.admit(100, 0, 10).cold_ms == 0);
  }

  BOOST_AUTO_TEST_CASE(a_run_tells_cold_starts_and_a_crash_empties_memory) {
    scenario world;
    world.sites = {room_for(150)};
    world.functions = functions_of({100, 100});
    for (size_t f = 0; f < 2; ++f)
      world.events.push_back({f, 0, traffic::any, [f] {
        return f == 0 ? trace({0, 200, 400, 2200, 2400, 6000})
                      : trace({2100, 6100});
      }});
    world.sites[0].absent = {{3000, 3500}};
    world.length_ms = 10'000;
    for (const auto by : {chooser::learned, chooser::informed,
                          chooser::clairvoyant}) {
      run_options how;
      how.by = by;
      how.policy = [](const auto& sites) {
        return std::move(*routing::make_policy("min-latency", sites[0]));
      };
      list cold;
      for (const auto& one : run(world, how))
        cold.push_back(one.cold_ms);
      BOOST_TEST((cold == list{50, 0, 0, 50, 50, 0, 50, 50}));
    }
  }

BOOST_AUTO_TEST_SUITE_END()
