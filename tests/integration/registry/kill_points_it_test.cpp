// A process killed at every single operation on its databases, while it uploads,
// deploys, rolls out and back, and keeps secrets.
#include "tests/support/faulty_vfs.hpp"
#include "tests/support/killed_child.hpp"
#include "tests/support/registry_story.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::testing;

BOOST_AUTO_TEST_SUITE(kill_points_it_test)

  BOOST_AUTO_TEST_CASE(a_process_killed_at_any_operation_loses_nothing) {
    story_moments all;
    uint64_t last = 0;
    {
      const scratch_folder folder{memory_folder()};
      faulty_vfs databases{folder.path()};
      registry_story story{folder.path()};
      BOOST_REQUIRE(story.play());
      all = story.moments();
      last = databases.operations();
    }
    BOOST_TEST_MESSAGE(last << " operations");
    BOOST_TEST(last > 150u);
    for (uint64_t n = 1; n <= last; ++n) {
      const scratch_folder folder{memory_folder()};
      killed_child child{[&](const killed_child::report& report) {
        faulty_vfs databases{folder.path()};
        databases.stop_at(n, [] { ::kill(::getpid(), SIGKILL); });
        registry_story{folder.path()}.play(report);
      }};
      size_t acknowledged = 0;
      while (const auto steps = child.next())
        acknowledged = *steps;
      BOOST_TEST_CONTEXT("killed at operation "
                         << n << ", after " << all[acknowledged].what) {
        BOOST_TEST(child.kill()); // by itself, with that signal
        const auto wrong = check_story(all, acknowledged, folder.path());
        BOOST_TEST(wrong.empty(), wrong);
      }
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
