#include "libfaas/ports/catalog.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

using namespace faas;
using namespace std::chrono_literals;
using condition = deploy_command::condition;

namespace {

struct fixture {
  catalog_state state{{"history", 0}, {}, {}};
  wall_time now{1000s};
  int requests = 0;

  deploy_command command(const std::string& name, uint8_t bundle = 1) {
    deploy_command c;
    c.id = request_id{"r" + std::to_string(++requests)};
    c.spec.name = function_name{name};
    c.spec.petrel.artifact = "libf.so";
    c.bundle.bytes[0] = bundle;
    c.by = "tester";
    return c;
  }

  /// Plans, applies, and gives the outcome.
  command_outcome carry_out(const deploy_command& c) {
    const auto change = plan(state, c, now);
    BOOST_REQUIRE(change);
    apply(state, *change);
    return change->outcome;
  }
  command_outcome remove(const std::string& name) {
    const auto change
      = plan(state, remove_command{{}, function_name{name}, {}});
    BOOST_REQUIRE(change);
    apply(state, *change);
    return change->outcome;
  }
  const function_record& record(const std::string& name) {
    BOOST_REQUIRE(state.functions.contains(function_name{name}));
    return state.functions.at(function_name{name});
  }
  errc failure(const deploy_command& c) {
    const auto before = state;
    const auto change = plan(state, c, now);
    BOOST_REQUIRE(!change);
    BOOST_TEST((state == before));
    BOOST_TEST(!change.error().message.empty());
    return change.error().code;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(catalog_test, fixture)

  BOOST_AUTO_TEST_CASE(the_first_deploy_makes_version_one) {
    const auto c = command("f", 9);
    const auto outcome = carry_out(c);
    BOOST_TEST((outcome.at == revision{"history", 1}));
    BOOST_TEST(outcome.version == 1);
    BOOST_TEST(!outcome.unchanged);
    BOOST_TEST(!outcome.repeated);
    BOOST_TEST((state.at == outcome.at));
    const auto& r = record("f");
    BOOST_TEST(r.current == 1);
    BOOST_TEST(r.last == 1);
    const auto& version = r.versions.at(1);
    BOOST_TEST(version.number == 1);
    BOOST_TEST((version.spec == c.spec));
    BOOST_TEST((version.bundle == c.bundle));
    BOOST_TEST((version.created == now));
    BOOST_TEST(version.by == "tester");
  }

  BOOST_AUTO_TEST_CASE(a_new_bundle_or_spec_makes_the_next_version) {
    carry_out(command("f", 1));
    BOOST_TEST(carry_out(command("f", 2)).version == 2);
    auto changed = command("f", 2);
    changed.spec.petrel.concurrency = 3;
    BOOST_TEST(carry_out(changed).version == 3);
    BOOST_TEST(record("f").current == 3);
    BOOST_TEST(record("f").versions.size() == 3);
    BOOST_TEST(record("f").versions.at(1).spec.petrel.concurrency == 1);
    BOOST_TEST(state.at.number == 3);
  }

  BOOST_AUTO_TEST_CASE(planning_alone_changes_nothing) {
    carry_out(command("f", 1));
    const auto before = state;
    BOOST_REQUIRE(plan(state, command("f", 2), now));
    BOOST_REQUIRE(plan(state, remove_command{{}, function_name{"f"}, {}}));
    BOOST_TEST((state == before));
  }

  BOOST_AUTO_TEST_CASE(an_identical_deploy_changes_nothing) {
    carry_out(command("f", 1));
    const auto before = state;
    const auto outcome = carry_out(command("f", 1));
    BOOST_TEST(outcome.unchanged);
    BOOST_TEST(outcome.version == 1);
    BOOST_TEST((outcome.at == before.at));
    BOOST_TEST((state == before));
  }

  BOOST_AUTO_TEST_CASE(the_order_of_sets_is_no_difference) {
    auto first = command("f");
    first.spec.petrel.topics = {"b/+", "a", "a"};
    first.spec.petrel.needs.tiers = {"edge", "cloud"};
    first.spec.petrel.needs.nodes = {"n2", "n1"};
    first.spec.secrets = {"s2", "s1"};
    first.spec.constraints = {"y", "x"};
    carry_out(first);
    auto again = command("f");
    again.spec.petrel.topics = {"a", "b/+"};
    again.spec.petrel.needs.tiers = {"cloud", "edge"};
    again.spec.petrel.needs.nodes = {"n1", "n2"};
    again.spec.secrets = {"s1", "s2"};
    again.spec.constraints = {"x", "y"};
    BOOST_TEST(carry_out(again).unchanged);
    // What is kept is what was written first.
    BOOST_TEST(record("f").versions.at(1).spec.petrel.topics[0] == "b/+");
  }

  BOOST_AUTO_TEST_CASE(the_order_of_environment_files_is_a_difference) {
    auto first = command("f");
    first.spec.environment_files = {"base.yml", "site.yml"};
    carry_out(first);
    auto again = command("f");
    again.spec.environment_files = {"site.yml", "base.yml"};
    BOOST_TEST(!carry_out(again).unchanged);
  }

  BOOST_AUTO_TEST_CASE(an_older_content_deployed_again_is_a_new_version) {
    carry_out(command("f", 1));
    carry_out(command("f", 2));
    const auto outcome = carry_out(command("f", 1));
    BOOST_TEST(!outcome.unchanged);
    BOOST_TEST(outcome.version == 3);
  }

  BOOST_AUTO_TEST_CASE(must_exist_fails_for_an_unknown_function) {
    auto c = command("f");
    c.when = condition::must_exist;
    BOOST_TEST((failure(c) == errc::not_found));
    carry_out(command("f", 1));
    c.bundle.bytes[0] = 2;
    BOOST_TEST(carry_out(c).version == 2);
  }

  BOOST_AUTO_TEST_CASE(must_not_exist_fails_for_a_known_function) {
    auto c = command("f");
    c.when = condition::must_not_exist;
    BOOST_TEST(carry_out(c).version == 1);
    BOOST_TEST((failure(c) == errc::conflict));
    remove("f");
    BOOST_TEST(carry_out(c).version == 2);
  }

  BOOST_AUTO_TEST_CASE(bad_names_and_requests_are_refused) {
    for (const auto name : {"", "F", "a_b", "../f", "-f"})
      BOOST_TEST((failure(command(name)) == errc::invalid_argument));
    BOOST_TEST(
      (failure(command(std::string(5000, 'x'))) == errc::invalid_argument));
    auto c = command("f");
    c.id = request_id{std::string(request_id_bytes, 'i')};
    BOOST_TEST(!!plan(state, c, now));
    c.id = request_id{std::string(request_id_bytes + 1, 'i')};
    BOOST_TEST((failure(c) == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(a_spec_that_could_not_be_read_again_is_refused) {
    auto c = command("f");
    c.spec.petrel.timeout = 0s;
    BOOST_TEST((failure(c) == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(the_version_has_the_spec_as_a_store_gives_it_back) {
    auto c = command("f");
    c.spec.labels["note"] = "not UTF-8: \xff";
    carry_out(c);
    const auto& kept = record("f").versions.at(1).spec;
    const auto stored = spec_from_json(to_json(kept));
    BOOST_REQUIRE(stored);
    BOOST_TEST((*stored == kept));
    BOOST_TEST(carry_out(c).unchanged);
  }

  rollback_command back(uint32_t version = 0, const std::string& name = "f") {
    return {request_id{"back"}, function_name{name}, version, "tester"};
  }

  BOOST_AUTO_TEST_CASE(a_rollback_is_one_revision_and_keeps_the_numbers) {
    for (uint8_t bundle = 1; bundle <= 3; ++bundle)
      carry_out(command("f", bundle));
    const auto change = plan(state, back());
    BOOST_REQUIRE(change);
    apply(state, *change);
    BOOST_TEST(change->outcome.version == 2u);
    BOOST_TEST(change->outcome.at.number == 4u);
    BOOST_TEST(record("f").current == 2u);
    BOOST_TEST(record("f").versions.size() == 3u);
    const auto all = versions_of(record("f"));
    BOOST_REQUIRE(all.size() == 3u);
    BOOST_TEST(all[0].number == 3u);
    BOOST_TEST(!all[0].current);
    BOOST_TEST(all[1].current);
    BOOST_TEST(all[2].bundle.bytes[0] == 1);
    // Forward again by its number, then a new one: numbers are never reused.
    apply(state, *plan(state, back(3)));
    BOOST_TEST(record("f").current == 3u);
    apply(state, *plan(state, back(1)));
    BOOST_TEST(carry_out(command("f", 7)).version == 4u);
  }

  BOOST_AUTO_TEST_CASE(a_rollback_to_the_current_version_changes_nothing) {
    carry_out(command("f"));
    const auto before = state;
    const auto change = plan(state, back(1));
    BOOST_REQUIRE(change);
    BOOST_TEST(change->outcome.unchanged);
    apply(state, *change);
    BOOST_TEST((state == before));
  }

  BOOST_AUTO_TEST_CASE(a_rollback_needs_a_version_that_is_kept) {
    const auto code = [&](const rollback_command& c) {
      const auto change = plan(state, c);
      BOOST_REQUIRE(!change);
      BOOST_TEST(!change.error().next_step.empty());
      return change.error().code;
    };
    BOOST_TEST((code(back()) == errc::not_found));
    carry_out(command("f"));
    BOOST_TEST((code(back()) == errc::conflict)); // there is nothing before
    BOOST_TEST((code(back(9)) == errc::not_found));
    BOOST_TEST((code(back(1, "F!")) == errc::invalid_argument));
    for (uint8_t bundle = 2; bundle < 2 + kept_versions + 3; ++bundle)
      carry_out(command("f", bundle));
    BOOST_TEST((code(back(1)) == errc::not_found)); // trimmed
  }

  BOOST_AUTO_TEST_CASE(removing_an_unknown_function_is_not_found) {
    const auto change = plan(state, remove_command{{}, function_name{"f"}, {}});
    BOOST_REQUIRE(!change);
    BOOST_TEST((change.error().code == errc::not_found));
    const auto bad = plan(state, remove_command{{}, function_name{"F!"}, {}});
    BOOST_REQUIRE(!bad);
    BOOST_TEST((bad.error().code == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(removing_takes_the_function_and_tells_its_version) {
    carry_out(command("f", 1));
    carry_out(command("f", 2));
    carry_out(command("g", 1));
    const auto outcome = remove("f");
    BOOST_TEST(outcome.version == 2);
    BOOST_TEST(outcome.at.number == 4);
    BOOST_TEST(state.functions.size() == 1);
    BOOST_TEST(state.functions.contains(function_name{"g"}));
  }

  BOOST_AUTO_TEST_CASE(version_numbers_are_not_given_again_after_removal) {
    carry_out(command("f", 1));
    carry_out(command("f", 2));
    remove("f");
    BOOST_TEST(carry_out(command("f", 3)).version == 3);
    BOOST_TEST(record("f").versions.size() == 1);
    BOOST_TEST(state.retired.empty());
  }

  BOOST_AUTO_TEST_CASE(the_newest_versions_are_kept) {
    for (int i = 1; i <= 25; ++i)
      carry_out(command("f", static_cast<uint8_t>(i)));
    const auto& r = record("f");
    BOOST_TEST(r.current == 25);
    BOOST_TEST(r.versions.size() == kept_versions);
    BOOST_TEST(r.versions.begin()->first == 16);
    BOOST_TEST(r.versions.contains(25));
  }

  BOOST_AUTO_TEST_CASE(the_longest_removed_function_is_forgotten_first) {
    for (size_t i = 0; i <= kept_retired; ++i) {
      const auto name = "f" + std::to_string(i);
      carry_out(command(name));
      remove(name);
    }
    BOOST_TEST(state.retired.size() == kept_retired);
    BOOST_TEST(!state.retired.contains(function_name{"f0"}));
    BOOST_TEST(state.retired.contains(function_name{"f1"}));
  }

  BOOST_AUTO_TEST_CASE(numbers_never_wrap_around) {
    carry_out(command("f", 1));
    state.functions.at(function_name{"f"}).last
      = std::numeric_limits<uint32_t>::max();
    BOOST_TEST((failure(command("f", 2)) == errc::conflict));
  }

  BOOST_AUTO_TEST_CASE(applying_the_same_changes_gives_the_same_state) {
    catalog_state replica = state;
    for (int i = 0; i < 20; ++i) {
      const auto c
        = command("f" + std::to_string(i % 3), static_cast<uint8_t>(i));
      const auto change = plan(state, c, now);
      BOOST_REQUIRE(change);
      apply(state, *change);
      apply(replica, *change);
    }
    BOOST_TEST((state == replica));
  }

  BOOST_AUTO_TEST_SUITE_END()
