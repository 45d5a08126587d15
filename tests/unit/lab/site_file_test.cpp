// What the lab's function reads of its site.
#include "tools/lab/service/site_file.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace faas::lab;

BOOST_AUTO_TEST_SUITE(site_file_test)

  BOOST_AUTO_TEST_CASE(has_the_site_and_its_schedule) {
    std::istringstream in{
      "begin_ns 123456789012345\nslowdown 2.5\ncold_ms 900\n"
      "loops_per_ms 0\nstep 1000 3\nstep 2000 1\n"};
    const auto made = read_site_file(in);
    BOOST_TEST(made.begin_ns == 123456789012345);
    BOOST_TEST(made.slowdown == 2.5);
    BOOST_TEST(made.cold_ms == 900);
    BOOST_TEST(!made.broken);
    BOOST_TEST(made.disturbance.at(999) == 1);
    BOOST_TEST(made.disturbance.at(1000) == 3);
    // 20 ms of work: 10 before the step, 30 in it.
    BOOST_TEST(made.disturbance.done(990, 20) == 1030);
  }

  BOOST_AUTO_TEST_CASE(can_say_that_loading_fails) {
    std::istringstream in{"cold_ms 20\nbroken 1\n"};
    const auto made = read_site_file(in);
    BOOST_TEST(made.broken);
    BOOST_TEST(made.cold_ms == 20);
  }

  BOOST_AUTO_TEST_CASE(of_nothing_is_a_plain_site) {
    std::istringstream empty, broken{"begin_ns\nstep 5"};
    for (auto* in : {&empty, &broken}) {
      const auto made = read_site_file(*in);
      BOOST_TEST(made.begin_ns == 0);
      BOOST_TEST(made.slowdown == 1);
      BOOST_TEST(made.disturbance.done(3, 7) == 10);
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
