#include "actors/control/catalog_desk.hpp"

#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::testing;

namespace {

const wall_time noon{std::chrono::hours{12}};

/// Notes what it is asked to commit; the next answer can be lost.
struct noting_catalog : memory_catalog {
  using memory_catalog::commit;
  result<void> commit(std::span<const catalog_change> changes) override {
    groups.push_back(changes.size());
    auto done = memory_catalog::commit(changes);
    if (std::exchange(lose_answer, false))
      return error{errc::unavailable, "no answer in time"};
    return done;
  }
  result<std::optional<command_outcome>>
  outcome_of(const request_id& request) override {
    ++asked;
    if (silent)
      return error{errc::unavailable, "no answer in time"};
    return memory_catalog::outcome_of(request);
  }
  std::vector<size_t> groups;
  bool lose_answer = false, silent = false;
  int asked = 0;
};

struct desk_world {
  desk_world() {
    catalog_desk_config made;
    made.store = store;
    made.ready = [this](bool doubt) -> result<void> {
      if (away)
        return *away;
      if (doubt) {
        ++reloads;
        known = *store->load();
      }
      return {};
    };
    made.catalog = [this]() -> const catalog_state& { return known; };
    made.plan = [](const catalog_state& state, catalog_command command) {
      if (const auto* const* deploy
          = std::get_if<const deploy_command*>(&command))
        return plan(state, **deploy, noon);
      return plan(state, *std::get<const remove_command*>(command));
    };
    made.stored = [this](const catalog_change& change) {
      apply(known, change);
    };
    desk = catalog_desk{std::move(made)};
  }

  std::vector<result<command_outcome>>
  deploy(const std::vector<deploy_command>& all) {
    std::vector<catalog_command> commands;
    for (const auto& one : all)
      commands.push_back(&one);
    return desk.carry_out(commands);
  }
  void check_known() { BOOST_TEST((known == store->state())); }

  std::shared_ptr<noting_catalog> store = std::make_shared<noting_catalog>();
  catalog_state known = store->state();
  std::optional<error> away;
  int reloads = 0;
  catalog_desk desk;
};

deploy_command new_only(const std::string& name, const std::string& request) {
  auto command = deploy_of(name, 1, request);
  command.when = deploy_command::condition::must_not_exist;
  return command;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(catalog_desk_test, desk_world)

BOOST_AUTO_TEST_CASE(those_that_come_together_share_a_commit) {
  std::vector<deploy_command> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(deploy_of("f" + std::to_string(i), 1, std::to_string(i)));
  const auto done = deploy(all);
  BOOST_REQUIRE_EQUAL(done.size(), 100u);
  for (size_t i = 0; i < done.size(); ++i) {
    BOOST_REQUIRE(done[i]);
    BOOST_TEST(done[i]->at.number == i + 1);
  }
  BOOST_TEST((store->groups
              == std::vector<size_t>{most_per_commit, 100 - most_per_commit}));
  check_known();
}

BOOST_AUTO_TEST_CASE(each_sees_those_before_it) {
  const auto done
    = deploy({new_only("f", "a"), new_only("f", "b"), deploy_of("f", 2, "c")});
  BOOST_TEST(!!done[0]);
  BOOST_REQUIRE(!done[1]);
  BOOST_TEST((done[1].error().code == errc::conflict));
  BOOST_REQUIRE(done[2]);
  BOOST_TEST(done[2]->version == 2u);
  BOOST_TEST(store->groups.size() == 1u);
  check_known();
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_twice_is_carried_out_once) {
  const auto same = deploy_of("f", 1, "a");
  const auto done = deploy({same, same, deploy_of("g", 1, "b")});
  BOOST_REQUIRE((done[0] && done[1] && done[2]));
  BOOST_TEST(!done[0]->repeated);
  BOOST_TEST(done[1]->repeated);
  BOOST_TEST((done[1]->at == done[0]->at));
  BOOST_TEST(known.at.number == 2u);
  BOOST_TEST((store->groups == std::vector<size_t>{1, 1}));
  const auto later = deploy({same});
  BOOST_REQUIRE(later[0]);
  BOOST_TEST(later[0]->repeated);
  check_known();
}

BOOST_AUTO_TEST_CASE(what_a_failed_group_refused_is_asked_again) {
  store->fail_next_commit({errc::internal, "one of them is too big"});
  // "b" was refused because of "a", which was not stored then.
  const auto done = deploy({new_only("f", "a"), new_only("f", "b"),
                            deploy_of("g", 1, "c")});
  BOOST_TEST(!!done[0]);
  BOOST_TEST(!done[1]);
  BOOST_TEST(!!done[2]);
  BOOST_TEST((store->groups == std::vector<size_t>{2, 1, 1}));
  check_known();
}

BOOST_AUTO_TEST_CASE(after_a_lost_answer_the_store_is_read_again) {
  store->lose_answer = true;
  const std::vector<deploy_command> all{deploy_of("f", 1, "a"),
                                        deploy_of("g", 1, "b")};
  for (const auto& one : deploy(all)) {
    BOOST_REQUIRE(!one);
    BOOST_TEST((one.error().code == errc::unavailable));
  }
  BOOST_TEST(known.at.number == 0u);
  for (const auto& one : deploy(all)) {
    BOOST_REQUIRE(one);
    BOOST_TEST(one->repeated);
  }
  BOOST_TEST(reloads == 1);
  check_known();
}

BOOST_AUTO_TEST_CASE(a_store_that_moved_on_is_read_again_and_the_group_stored) {
  BOOST_REQUIRE(
    store->commit(*plan(store->state(), deploy_of("x", 1, "other"), noon)));
  const auto done = deploy({deploy_of("f", 1, "a"), deploy_of("g", 1, "b")});
  BOOST_TEST(!!done[0]);
  BOOST_TEST(!!done[1]);
  BOOST_TEST(known.at.number == 3u);
  BOOST_TEST(reloads == 1);
  check_known();
}

BOOST_AUTO_TEST_CASE(a_store_that_is_away_is_waited_for_once) {
  store->silent = true;
  const auto done = deploy({deploy_of("f", 1, "a"), deploy_of("g", 1, "b"),
                            deploy_of("h", 1, "c")});
  BOOST_REQUIRE_EQUAL(done.size(), 3u);
  for (const auto& one : done) {
    BOOST_REQUIRE(!one);
    BOOST_TEST((one.error().code == errc::unavailable));
  }
  BOOST_TEST(store->asked == 1);
  BOOST_TEST(store->groups.empty());
}

BOOST_AUTO_TEST_CASE(not_ready_refuses_all) {
  away = error{errc::unavailable, "another controller leads"};
  for (const auto& one :
       deploy({deploy_of("f", 1, "a"), deploy_of("g", 1, "b")})) {
    BOOST_REQUIRE(!one);
    BOOST_TEST(one.error().message == "another controller leads");
  }
  BOOST_TEST(store->groups.empty());
  BOOST_TEST(deploy({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
