// A line to Redis that is slow, cut, silent or mad.
#include "tests/integration/redis/redis_world.hpp"
#include "tests/support/cutting_proxy.hpp"

using namespace faas;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

struct line_world : redis_world {
  redis_catalog_options over_proxy() {
    auto with = options(server);
    with.client.server.socket = proxy.socket();
    return with;
  }
  redis_server server;
  cutting_proxy proxy{(notes / "proxy.sock").string(), server.socket()};
};

/// Time that stands still.
struct still_clock final : clock_source {
  time_point now() const noexcept override { return at; }
  wall_time wall() const noexcept override { return {}; }
  time_point at{std::chrono::hours{1}};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_line_test, line_world)

  BOOST_AUTO_TEST_CASE(a_slow_store_is_slow_and_right) {
    auto store = open(over_proxy());
    auto state = loaded(*store);
    proxy.delay_answers(100);
    advance(*store, state, 3);
    BOOST_TEST((loaded(*store) == state));
    BOOST_TEST(proxy.connections() == 1);
  }

  BOOST_AUTO_TEST_CASE(an_answer_that_is_lost_gives_one_effect) {
    auto store = open(over_proxy());
    auto state = loaded(*store);
    advance(*store, state, 1);
    for (int i = 0; i < 10; ++i) {
      const auto connections = proxy.connections();
      if (i % 2 == 0)
        proxy.cut_next_answer();
      else
        proxy.cut_next_question();
      const auto change = nth_change(state, 5);
      const auto done = store->commit(change);
      BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
      apply(state, change);
      BOOST_TEST(proxy.connections() == connections + 1);
      BOOST_TEST((loaded(*store) == state));
      const auto outcome = store->outcome_of(change.request);
      BOOST_REQUIRE(outcome && *outcome);
      BOOST_TEST(((*outcome)->at == state.at));
      // The same plan again is refused, whatever the first answer was.
      BOOST_TEST((store->commit(change).error().code == errc::conflict));
    }
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(reads_survive_a_cut) {
    auto store = open(over_proxy());
    auto state = loaded(*store);
    advance(*store, state, 20);
    proxy.cut_next_answer();
    BOOST_TEST((loaded(*store) == state));
    proxy.cut_next_answer();
    BOOST_TEST(!!*store->outcome_of(request_id{"5-20"}));
    server.ask({"CLIENT", "KILL", "TYPE", "normal"});
    advance(*store, state, 1);
    server.ask({"SCRIPT", "FLUSH"});
    advance(*store, state, 1);
    BOOST_TEST((loaded(*store) == state));
  }

  BOOST_AUTO_TEST_CASE(a_frozen_store_costs_one_deadline_and_nothing_twice) {
    auto with = options(server);
    with.client.connect_timeout = with.client.command_timeout = 300ms;
    auto store = open(with);
    auto state = loaded(*open(options(server)));
    advance(*store, state, 2);
    const request_id request{"frozen"};
    const auto command = deploy_of("once", 1, "frozen");
    server.freeze();
    check_refused(store->commit(*plan(state, command, wall_time{})),
                  errc::unavailable, "no answer in time");
    check_refused(store->outcome_of(request), errc::unavailable, "");
    server.thaw();
    // As the controller does: load, look for the outcome, else try again. The
    // first attempt may still arrive at any point between.
    auto careful = open(options(server));
    bool told = false;
    for (int i = 0; i < 20 && !told; ++i) {
      state = loaded(*careful);
      const auto outcome = careful->outcome_of(request);
      BOOST_REQUIRE(outcome);
      told = outcome->has_value();
      if (!told)
        (void) careful->commit(*plan(state, command, wall_time{}));
    }
    BOOST_REQUIRE(told);
    state = loaded(*careful);
    BOOST_TEST(state.functions.at(function_name{"once"}).last == 1u);
    BOOST_TEST(state.at.number == 3u);
  }

  BOOST_AUTO_TEST_CASE(a_store_that_is_away_is_tried_again_after_a_pause) {
    still_clock still;
    auto with = server.client();
    with.shortest_pause = 50ms;
    with.longest_pause = 2s;
    registry::redis::client one{with, still, 1};
    server.kill();
    const auto first = one.run_one({"PING"});
    check_refused(first, errc::unavailable, server.socket().c_str());
    server.start();
    // Within the pause nobody is asked: the call fails at once.
    check_refused(one.run_one({"PING"}), errc::unavailable,
                  server.socket().c_str());
    still.at += 2s;
    BOOST_TEST(!!one.run_one({"PING"}));
    server.kill();
    BOOST_TEST(!one.run_one({"PING"}));
    server.start();
    still.at += 2s;
    BOOST_TEST(!!one.run_one({"PING"}));
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_no_answer) {
    for (const std::string nonsense :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "$9999999999999\r\n",
          "*-7\r\n", ":x\r\n", "\r\n\r\n"}) {
      BOOST_TEST_CONTEXT(nonsense) {
        const auto at = (notes / "mad.sock").string();
        cutting_proxy mad{at, server.socket()};
        mad.answer_all_with(nonsense);
        auto with = options(server);
        with.client.server.socket = at;
        with.client.connect_timeout = with.client.command_timeout = 300ms;
        check_refused(open(with)->load(), errc::unavailable, at.c_str());
      }
    }
  }

BOOST_AUTO_TEST_SUITE_END()
