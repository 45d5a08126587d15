#include "libfaas/ports/secrets.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_secrets.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

using condition = put_secret_command::condition;
const wall_time noon{12h};

struct world {
  world() { state.at.history = "h"; }
  put_secret_command put(const std::string& name, std::string_view value,
                         condition when = condition::none) {
    return {{}, secret_name{name}, secret_text{value}, when, "ada"};
  }
  result<secret_change> planned(const put_secret_command& command,
                                wall_time now = noon) {
    auto change = plan(state, command, sealer, now);
    if (change)
      apply(state, *change);
    return change;
  }
  errc refused(const put_secret_command& command) {
    const auto change = plan(state, command, sealer, noon);
    return change ? errc::ok : change.error().code;
  }
  const sealed_secret& at(const char* name) {
    return state.secrets.at(secret_name{name});
  }

  secrets_state state;
  plain_sealer sealer;
};

/// A catalog whose function f has these versions, the last one current.
catalog_state catalog_with(std::vector<std::vector<std::string>> versions) {
  catalog_state state;
  state.at.history = "h";
  uint8_t bundle = 0;
  for (auto& secrets : versions) {
    auto command = deploy_of("f", ++bundle);
    command.spec.secrets = std::move(secrets);
    const auto change = plan(state, command, noon);
    BOOST_REQUIRE(change);
    apply(state, *change);
  }
  return state;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(secret_plan_test, world)

  BOOST_AUTO_TEST_CASE(names_are_dns_names) {
    for (const char* good : {"a", "0", "db-password", "a.b", "x1.y-2.z",
                             "a--b"})
      BOOST_TEST(valid_secret_name(good), good);
    for (const char* bad :
         {"", ".", "..", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a-.b", "A",
          "a_b", "a/b", "../a", "a b", "a\n", "\xc3\xa9"})
      BOOST_TEST(!valid_secret_name(bad), bad);
    BOOST_TEST(valid_secret_name(std::string(63, 'a')));
    BOOST_TEST(!valid_secret_name(std::string(64, 'a')));
    BOOST_TEST(!valid_secret_name(std::string_view{"a\0b", 3}));
  }

  BOOST_AUTO_TEST_CASE(bad_commands_are_refused) {
    BOOST_TEST((refused(put("Bad", "v")) == errc::invalid_argument));
    BOOST_TEST((refused(put("s", "")) == errc::invalid_argument));
    BOOST_TEST((refused(put("s", std::string(limits::secret_bytes, 'x')))
                == errc::ok));
    BOOST_TEST((refused(put("s", std::string(limits::secret_bytes + 1, 'x')))
                == errc::too_large));
    BOOST_TEST((refused(put("s", "v", condition::must_exist))
                == errc::not_found));
    BOOST_REQUIRE(planned(put("s", "v")));
    BOOST_TEST((refused(put("s", "v", condition::must_not_exist))
                == errc::conflict));
    auto long_id = put("s", "w");
    long_id.id = request_id{std::string(129, 'r')};
    BOOST_TEST((refused(long_id) == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(no_error_repeats_a_value) {
    const std::string value = "hunter2" + std::string(limits::secret_bytes, 'x');
    for (auto command : {put("s", value), put("Bad", "hunter2"),
                         put("t", "hunter2", condition::must_exist)}) {
      const auto change = plan(state, command, sealer, noon);
      BOOST_REQUIRE(!change);
      BOOST_TEST(change.error().to_string().find("hunter2")
                 == std::string::npos);
    }
  }

  BOOST_AUTO_TEST_CASE(there_is_a_most_of_secrets) {
    for (size_t i = 0; i < limits::secrets; ++i)
      BOOST_REQUIRE(planned(put("s" + std::to_string(i), "v")));
    BOOST_TEST((refused(put("one-more", "v")) == errc::storage_full));
    BOOST_TEST((refused(put("s7", "w")) == errc::ok)); // a change is no more
  }

  BOOST_AUTO_TEST_CASE(a_change_has_a_new_version_and_keeps_the_birthday) {
    BOOST_REQUIRE(planned(put("s", "one")));
    const auto first = at("s");
    const auto second = planned(put("s", "two"), noon + 1h);
    BOOST_REQUIRE(second);
    BOOST_TEST(second->outcome.version == 2u);
    BOOST_TEST((at("s").created == noon));
    BOOST_TEST((at("s").changed == noon + 1h));
    BOOST_TEST(stamp_of(at("s")) != stamp_of(first));
  }

  BOOST_AUTO_TEST_CASE(the_same_value_changes_nothing) {
    BOOST_REQUIRE(planned(put("s", "one")));
    const auto before = state;
    const auto again = planned(put("s", "one"), noon + 1h);
    BOOST_REQUIRE(again);
    BOOST_TEST(again->outcome.unchanged);
    BOOST_TEST(again->outcome.version == 1u);
    BOOST_TEST((state == before));
  }

  BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_breaks_no_order) {
    BOOST_REQUIRE(planned(put("s", "one")));
    const auto first = at("s").version;
    BOOST_REQUIRE(planned(put("s", "two"), noon - 1h));
    BOOST_TEST(at("s").version > first);
    BOOST_TEST((at("s").created == noon));
    BOOST_TEST((at("s").changed == noon - 1h));
  }

  BOOST_AUTO_TEST_CASE(one_that_cannot_be_opened_is_mended_by_an_update) {
    BOOST_REQUIRE(planned(put("s", "one")));
    sealer = plain_sealer{"k2"};
    BOOST_TEST(!sealer.open(secret_name{"s"}, at("s")));
    const auto change = planned(put("s", "one", condition::must_exist));
    BOOST_REQUIRE(change);
    BOOST_TEST(!change->outcome.unchanged);
    BOOST_TEST((sealer.open(secret_name{"s"}, at("s"))->view() == "one"));
  }

  BOOST_AUTO_TEST_CASE(a_removal_names_the_users_that_stand_against_it) {
    BOOST_REQUIRE(planned(put("s", "one")));
    const remove_secret_command command{{}, secret_name{"s"}, ""};
    const auto used
      = plan(state, command, {function_name{"f"}, function_name{"g"}});
    BOOST_REQUIRE(!used);
    BOOST_TEST((used.error().code == errc::conflict));
    BOOST_TEST(used.error().message.find("f, g") != std::string::npos);
    const auto change = plan(state, command, {});
    BOOST_REQUIRE(change);
    apply(state, *change);
    BOOST_TEST(state.secrets.empty());
    BOOST_TEST((plan(state, command, {}).error().code == errc::not_found));
    // Its number is not given again.
    BOOST_TEST(planned(put("s", "one"))->outcome.version == 3u);
  }

  BOOST_AUTO_TEST_CASE(a_deploy_with_an_unknown_secret_is_refused) {
    BOOST_REQUIRE(planned(put("s", "one")));
    const auto before = catalog_with({});
    auto command = deploy_of("f", 1);
    command.spec.secrets = {"s", "t", "../u"};
    const auto refused
      = check_secrets(before, *plan(before, command, noon), state);
    BOOST_REQUIRE(!refused);
    // 404 would make faas-cli create the function.
    BOOST_TEST((refused.error().code == errc::invalid_argument));
    BOOST_TEST(refused.error().message.find("'t', '../u'")
               != std::string::npos);
    command.spec.secrets = {"s"};
    BOOST_TEST(!!check_secrets(before, *plan(before, command, noon), state));
    command.spec.secrets.assign(limits::secrets_per_function + 1, "s");
    BOOST_TEST(!check_secrets(before, *plan(before, command, noon), state));
  }

  BOOST_AUTO_TEST_CASE(what_was_in_use_before_is_not_looked_at) {
    // The store of secrets was lost.
    const auto before = catalog_with({{"s"}, {"t"}});
    const rollback_command back{{}, function_name{"f"}, 1, ""};
    BOOST_TEST(!check_secrets(before, *plan(before, back), state));
    const alias_command alias{{}, function_name{"f"}, "prod", 2, ""};
    BOOST_TEST(!!check_secrets(before, *plan(before, alias), state));
    BOOST_REQUIRE(planned(put("s", "one")));
    BOOST_TEST(!!check_secrets(before, *plan(before, back), state));
  }

BOOST_AUTO_TEST_SUITE_END()
