// The registry stopped at every single operation on the disk, of databases and
// of bundles, with what was not synced kept, lost, or kept in part by chance;
// each time against the pure model of what was acknowledged.
#include "tests/support/faulty_disk.hpp"
#include "tests/support/faulty_vfs.hpp"
#include "tests/support/registry_story.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t seeds = 3;

struct counts {
  story_moments moments;
  uint64_t in_databases = 0, in_bundles = 0;
};

counts whole_story() {
  const scratch_folder folder{memory_folder()};
  counts seen;
  auto disk = std::make_shared<faulty_disk>(folder.path());
  faulty_vfs databases{folder.path()};
  registry_story story{folder.path(), disk};
  BOOST_REQUIRE(story.play());
  seen.moments = story.moments();
  seen.in_databases = databases.operations();
  seen.in_bundles = disk->operations();
  return seen;
}

/// What is left of one run, in a folder of its own.
void check_left(const counts& all, size_t acknowledged,
                const fs::path& before, const faulty_vfs& databases,
                const faulty_disk& disk, faulty_vfs::loss how, uint64_t seed) {
  using from_disk = faulty_disk::loss;
  const auto bytes = how == faulty_vfs::loss::none  ? from_disk::none
                     : how == faulty_vfs::loss::all ? from_disk::all
                                                    : from_disk::torn;
  const auto names
    = how == faulty_vfs::loss::none ? from_disk::none : from_disk::all;
  const scratch_folder after{memory_folder()};
  disk.crash_into(after.path(), names, bytes);
  fs::create_directories(after / "data");
  databases.crash_into(before / "data", after / "data", how, seed);
  const auto wrong = check_story(all.moments, acknowledged, after.path());
  BOOST_TEST(wrong.empty(),
             "unsynced: " << int(how) << ", seed " << seed << ": " << wrong);
}

void check_every_loss(const counts& all, size_t acknowledged,
                      const fs::path& before, const faulty_vfs& databases,
                      const faulty_disk& disk, uint64_t n) {
  using loss = faulty_vfs::loss;
  check_left(all, acknowledged, before, databases, disk, loss::none, 0);
  check_left(all, acknowledged, before, databases, disk, loss::all, 0);
  for (uint64_t i = 1; i <= seeds; ++i)
    check_left(all, acknowledged, before, databases, disk, loss::chance,
               1000 * n + i);
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_points_test)

  BOOST_AUTO_TEST_CASE(a_stop_at_any_operation_of_a_database_loses_nothing) {
    const auto all = whole_story();
    BOOST_TEST_MESSAGE(all.in_databases << " operations on databases, "
                                        << all.moments.size() << " steps");
    BOOST_TEST(all.in_databases > 150u);
    for (uint64_t n = 1; n <= all.in_databases; ++n) {
      const scratch_folder before{memory_folder()};
      auto disk = std::make_shared<faulty_disk>(before.path());
      faulty_vfs databases{before.path()};
      databases.stop_at(n);
      size_t acknowledged = 0;
      {
        registry_story story{before.path(), disk};
        story.play([&](size_t steps) { acknowledged = steps; });
      } // closing changes nothing any more
      BOOST_TEST_CONTEXT("stopped at operation "
                         << n << " (" << databases.log().back() << "), after "
                         << all.moments[acknowledged].what)
      check_every_loss(all, acknowledged, before.path(), databases, *disk, n);
    }
  }

  BOOST_AUTO_TEST_CASE(a_stop_at_any_operation_of_a_bundle_loses_nothing) {
    const auto all = whole_story();
    BOOST_TEST_MESSAGE(all.in_bundles << " operations on bundles");
    BOOST_TEST(all.in_bundles > 20u);
    for (uint64_t n = 1; n <= all.in_bundles; ++n) {
      const scratch_folder before{memory_folder()};
      auto disk = std::make_shared<faulty_disk>(before.path());
      disk->stop_at(n);
      faulty_vfs databases{before.path()};
      size_t acknowledged = 0;
      {
        registry_story story{before.path(), disk};
        story.play([&](size_t steps) { acknowledged = steps; });
        databases.die(); // the same process
      }
      BOOST_TEST_CONTEXT("stopped at operation "
                         << n << " (" << disk->log().back() << "), after "
                         << all.moments[acknowledged].what)
      check_every_loss(all, acknowledged, before.path(), databases, *disk, n);
    }
  }

  BOOST_AUTO_TEST_CASE(a_full_disk_at_any_operation_leaves_all_as_it_was) {
    const auto all = whole_story();
    for (uint64_t n = 1; n <= all.in_databases; ++n) {
      const scratch_folder folder{memory_folder()};
      faulty_vfs databases{folder.path()};
      databases.full_at(n);
      size_t acknowledged = 0;
      {
        registry_story story{folder.path()};
        story.play([&](size_t steps) { acknowledged = steps; });
      }
      BOOST_TEST_CONTEXT("full at operation "
                         << n << " (" << databases.log().back() << ")") {
        const auto wrong
          = check_story(all.moments, acknowledged, folder.path());
        BOOST_TEST(wrong.empty(), wrong);
      }
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
