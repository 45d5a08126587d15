#include "actors/functions/vault.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/memory_secret_files.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

const node_name cloud{"cloud-1"};
const version_ref f1{function_name{"f"}, 1};
const version_ref g1{function_name{"g"}, 1};

struct vault_world : actor_fixture {
  ~vault_world() {
    stop(vault);
    vault = nullptr;
  }
  void start(bool with_files = true) {
    vault_config config;
    config.files = with_files ? &files : nullptr;
    config.why = {errc::unavailable, "no memory here"};
    config.counters = &counters;
    config.clock = &clock;
    vault = spawn_scheduled_vault(system, config);
    secret_source source;
    source.node = cloud;
    source.ask = [this](const wire::secret_request& request) {
      if (!reachable)
        return false;
      asked.push_back(request.name.str());
      return true;
    };
    caf::anon_send(vault, make_local(std::move(source)));
    settle();
  }
  void need(const version_ref& version, string_map stamps) {
    caf::anon_send(vault, make_local(need_secrets{
                            version, std::move(stamps),
                            [this, version](secrets_ready what) {
                              ready.emplace_back(version, std::move(what));
                            }}));
    settle();
  }
  void arrive(const std::string& name, const std::string& stamp,
              std::string_view value, const node_name& from = cloud) {
    wire::secret_value got;
    got.name = secret_name{name};
    got.stamp = stamp;
    got.value = secret_text{value};
    caf::anon_send(vault, make_local(secret_arrived{from, std::move(got)}));
    settle();
  }
  void refuse(const std::string& name, error why) {
    wire::secret_value got;
    got.name = secret_name{name};
    got.why = std::move(why);
    caf::anon_send(vault, make_local(secret_arrived{cloud, std::move(got)}));
    settle();
  }
  /// The one answer that came since the last look.
  secrets_ready answer() {
    BOOST_REQUIRE(ready.size() == 1u);
    auto one = ready.front().second;
    ready.clear();
    return one;
  }

  census counters;
  testing::memory_secret_files files;
  vault_actor vault;
  bool reachable = true;
  std::vector<std::string> asked;
  std::vector<std::pair<version_ref, secrets_ready>> ready;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(vault_test, vault_world)

  BOOST_AUTO_TEST_CASE(it_answers_when_all_files_are_there) {
    start();
    need(f1, {{"a", "1"}, {"b", "2"}});
    BOOST_TEST((asked == std::vector<std::string>{"a", "b"}));
    arrive("a", "1", "va");
    BOOST_TEST(ready.empty());
    arrive("b", "2", "vb");
    const auto what = answer();
    BOOST_REQUIRE(what.folder);
    BOOST_TEST(*what.folder == files.folder_of(f1));
    BOOST_TEST((what.stamps == string_map{{"a", "1"}, {"b", "2"}}));
    BOOST_TEST((files.files[f1] == string_map{{"a", "va"}, {"b", "vb"}}));
  }

  BOOST_AUTO_TEST_CASE(only_what_changed_is_asked_for) {
    start();
    need(f1, {{"a", "1"}, {"b", "2"}});
    arrive("a", "1", "va");
    arrive("b", "2", "vb");
    answer();
    asked.clear();
    need(f1, {{"a", "1"}, {"b", "2"}});
    BOOST_TEST(!!answer().folder);
    need(f1, {{"a", "1"}, {"b", "3"}});
    BOOST_TEST((asked == std::vector<std::string>{"b"}));
    arrive("b", "3", "new");
    BOOST_TEST(!!answer().folder);
    BOOST_TEST((files.files[f1] == string_map{{"a", "va"}, {"b", "new"}}));
  }

  BOOST_AUTO_TEST_CASE(a_value_that_is_here_is_not_asked_for_again) {
    start();
    need(f1, {{"a", "1"}});
    arrive("a", "1", "va");
    answer();
    reachable = false; // an edge that is cut off
    need(g1, {{"a", "1"}});
    BOOST_TEST(!!answer().folder);
    BOOST_TEST((files.files[g1] == string_map{{"a", "va"}}));
    need(g1, {{"a", "2"}}); // another value is another matter
    BOOST_TEST((answer().folder.error().code == errc::unavailable));
    BOOST_TEST((files.files[g1] == string_map{{"a", "va"}}));
  }

  BOOST_AUTO_TEST_CASE(two_versions_wait_for_one_value) {
    start();
    need(f1, {{"a", "1"}});
    need(g1, {{"a", "1"}});
    arrive("a", "1", "va");
    BOOST_TEST(ready.size() == 2u);
    BOOST_TEST(files.files[f1].at("a") == "va");
    BOOST_TEST(files.files[g1].at("a") == "va");
  }

  BOOST_AUTO_TEST_CASE(a_newer_value_than_was_wished_for_is_good) {
    start();
    need(f1, {{"a", "1"}});
    arrive("a", "2", "newer");
    BOOST_TEST((answer().stamps == string_map{{"a", "2"}}));
    asked.clear();
    need(f1, {{"a", "2"}}); // the view that follows
    BOOST_TEST(!!answer().folder);
    BOOST_TEST(asked.empty());
  }

  BOOST_AUTO_TEST_CASE(the_controllers_refusal_is_passed_on) {
    start();
    need(f1, {{"a", "1"}});
    refuse("a", {errc::internal, "the record was changed", "update it"});
    BOOST_TEST(answer().folder.error().message == "the record was changed");
    BOOST_TEST(files.writes == 0);
  }

  BOOST_AUTO_TEST_CASE(nobody_else_is_believed) {
    start();
    need(f1, {{"a", "1"}});
    arrive("a", "1", "forged", node_name{"edge-2"});
    arrive("b", "1", "not asked for");
    BOOST_TEST(files.writes == 0);
    BOOST_TEST(ready.empty());
  }

  BOOST_AUTO_TEST_CASE(silence_is_asked_again_and_then_told) {
    start();
    need(f1, {{"a", "1"}});
    advance(2900ms);
    BOOST_TEST(asked.size() == 1u);
    advance(1100ms);
    BOOST_TEST(asked.size() == 2u);
    advance(20s, 100ms);
    BOOST_TEST(asked.size() == 5u);
    BOOST_TEST((answer().folder.error().code == errc::unavailable));
    arrive("a", "1", "late"); // nobody waits
    BOOST_TEST(files.writes == 0);
  }

  BOOST_AUTO_TEST_CASE(files_that_cannot_be_written_say_why) {
    start();
    files.fail = error{errc::storage_full, "memory is full"};
    need(f1, {{"a", "1"}});
    arrive("a", "1", "va");
    BOOST_TEST((answer().folder.error().code == errc::storage_full));
    files.fail.reset();
    need(f1, {{"a", "1"}});
    arrive("a", "1", "va");
    BOOST_TEST(!!answer().folder);
  }

  BOOST_AUTO_TEST_CASE(a_dropped_version_leaves_nothing) {
    start();
    need(f1, {{"a", "1"}});
    arrive("a", "1", "va");
    answer();
    caf::anon_send(vault, make_local(drop_secrets{f1}));
    settle();
    BOOST_TEST(files.files.empty());
    asked.clear();
    need(f1, {{"a", "1"}});
    BOOST_TEST(asked.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(without_a_place_in_memory_nothing_is_asked) {
    start(false);
    need(f1, {{"a", "1"}});
    BOOST_TEST(answer().folder.error().message == "no memory here");
    BOOST_TEST(asked.empty());
  }

BOOST_AUTO_TEST_SUITE_END()
