// kill -9 at random points of a process that changes secrets.
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tests/support/killed_child.hpp"
#include "tests/support/memory_secrets.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;

namespace {

const plain_sealer sealer;

std::unique_ptr<sqlite_secrets> opened(const std::filesystem::path& file) {
  random_source random{1};
  sqlite_secrets_options options;
  options.file = file;
  auto store = sqlite_secrets::open(options, random);
  BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
  return std::move(*store);
}

request_id id_of(uint64_t number) {
  return request_id{"r" + std::to_string(number)};
}

/// The change that leads to revision number + 1: the same in every process.
secret_change next_change(const secrets_state& state) {
  const auto number = state.at.number + 1;
  const secret_name name{"s" + std::to_string(number * 7 % 13)};
  if (number % 4 == 3 && state.secrets.contains(name))
    return *plan(state, remove_secret_command{id_of(number), name, ""}, {});
  return *plan(state,
               put_secret_command{id_of(number), name,
                                  secret_text{std::to_string(number)
                                              + std::string(number % 5000, 'x')},
                                  {}, "ada"},
               sealer, wall_time{std::chrono::seconds{number}});
}

/// Commits without end; reports each revision once it is acknowledged.
void commit_for_ever(const std::filesystem::path& file,
                     const killed_child::report& report) {
  random_source random{1};
  sqlite_secrets_options options;
  options.file = file;
  auto store = sqlite_secrets::open(options, random);
  if (!store)
    return;
  auto state = (*store)->load();
  while (state) {
    const auto change = next_change(*state);
    if (!(*store)->commit(change))
      return;
    apply(*state, change);
    report(state->at.number);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(secrets_crash_it_test)

  BOOST_AUTO_TEST_CASE(every_acknowledged_secret_survives_kill_9) {
    const scratch_folder folder;
    const auto file = folder / "secrets.db";
    auto expected = *opened(file)->load();
    for (uint64_t seed = 1; seed <= 15; ++seed) {
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
        const auto store = opened(file);
        const auto found = store->load();
        BOOST_REQUIRE(found);
        // At most the one change that was being made may be there as well.
        BOOST_TEST(found->at.number >= acknowledged);
        BOOST_TEST(found->at.number <= acknowledged + 1);
        while (expected.at.number < found->at.number)
          apply(expected, next_change(expected));
        BOOST_TEST((*found == expected));
        const auto last = store->outcome_of(id_of(found->at.number));
        BOOST_TEST((found->at.number == 0 || (last && *last)));
      }
    }
  }

BOOST_AUTO_TEST_SUITE_END()
