// kill -9 at random points of a process that changes the catalog.
#include "registry/sqlite/sqlite_catalog.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/killed_child.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;

namespace {

constexpr uint64_t history_seed = 17;

std::unique_ptr<sqlite_catalog> opened(const std::filesystem::path& file) {
  random_source random{1};
  auto store = sqlite_catalog::open({file}, random);
  BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
  return std::move(*store);
}

/// Commits without end; reports each revision once it is acknowledged.
void commit_for_ever(const std::filesystem::path& file,
                     const killed_child::report& report) {
  random_source random{1};
  auto store = sqlite_catalog::open({file}, random);
  if (!store)
    return;
  auto state = (*store)->load();
  while (state) {
    const auto change = nth_change(*state, history_seed);
    if (!(*store)->commit(change))
      return;
    apply(*state, change);
    report(state->at.number);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(catalog_crash_it_test)

  BOOST_AUTO_TEST_CASE(every_acknowledged_change_survives_kill_9) {
    const scratch_folder folder;
    const auto file = folder / "catalog.db";
    auto expected = *opened(file)->load();
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        killed_child child{
          [&](auto& report) { commit_for_ever(file, report); }};
        uint64_t acknowledged = expected.at.number;
        for (auto wait = random.below(30); wait > 0; --wait)
          if (const auto number = child.next())
            acknowledged = *number;
        // Nothing waits for this pause: it only moves the point of the kill.
        ::poll(nullptr, 0, static_cast<int>(random.below(4)));
        BOOST_REQUIRE(child.kill());
        while (const auto number = child.next())
          acknowledged = *number;

        const auto before = expected.at.number;
        const auto store = opened(file);
        const auto found = store->load();
        BOOST_REQUIRE_MESSAGE(found, (found ? "" : found.error().to_string()));
        // At most the one change that was being made may be there as well.
        BOOST_TEST(found->at.number >= acknowledged);
        BOOST_TEST(found->at.number <= acknowledged + 1);
        while (expected.at.number < found->at.number)
          apply(expected, nth_change(expected, history_seed));
        BOOST_TEST((*found == expected));
        for (auto number = before + 1; number <= found->at.number; ++number) {
          const request_id id{std::to_string(history_seed) + "-"
                              + std::to_string(number)};
          const auto outcome = store->outcome_of(id);
          BOOST_REQUIRE((outcome && *outcome));
          BOOST_TEST((*outcome)->at.number == number);
        }
      }
    }
    BOOST_TEST_MESSAGE("revision " << expected.at.number << " at the end");
    BOOST_TEST(expected.at.number > 50);
  }

  BOOST_AUTO_TEST_CASE(a_store_killed_while_it_is_made_can_be_opened) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        const scratch_folder folder;
        const auto file = folder / "catalog.db";
        {
          killed_child child{
            [&](auto& report) { commit_for_ever(file, report); }};
          ::poll(nullptr, 0, static_cast<int>(random.below(8)));
          BOOST_REQUIRE(child.kill());
        }
        const auto state = opened(file)->load();
        BOOST_REQUIRE(state);
        BOOST_TEST(!state->at.history.empty());
      }
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
