// What a predictor keeps over its restart, and tells others.
#include "tests/actor/predictor/predictor_rig.hpp"

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(experience_test, predictor_rig)

BOOST_AUTO_TEST_CASE(another_router_begins_with_what_this_one_knows) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  std::string text;
  caf::anon_send(actor, make_local(estimates_wanted{
                          [&](std::string told) { text = std::move(told); }}));
  settle();
  BOOST_REQUIRE(!text.empty());
  stop(actor);
  actor = start("edge-1", board);
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 100, 10);
  caf::anon_send(actor,
                 make_local(estimates_arrived{node_name{"cloud-1"}, text}));
  settle();
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
  caf::anon_send(actor, make_local(estimates_arrived{node_name{"cloud-1"},
                                                     "no estimates"}));
  settle();
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
}

BOOST_AUTO_TEST_CASE(what_was_learned_is_kept_over_a_restart) {
  kept_text store;
  const auto restart = [&] {
    stop(actor);
    actor = start("edge-1", board, &store);
    auto plain = version(1, 1, 10);
    plain.profiles.clear();
    publish({plain});
  };
  restart();
  BOOST_TEST(service(1, there, 10) < 100);
  teach(1, there, 300);
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
  // In doubt, as of a peer: a few events say what is so now.
  teach(1, there, 50, 10);
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  // Also what had no event meanwhile, and what is not deployed.
  teach(1, here, 30, 10);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  stop(actor);
  actor = start("edge-1", board, &store);
  publish({version(2, 2, 10)});
  teach(2, here, 30, 10);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  stop(actor);
  BOOST_TEST(told.empty());
  actor = start("edge-1", board);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_learned_anew) {
  kept_text store;
  store.text = "[1, 2";
  stop(actor);
  actor = start("edge-1", board, &store);
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 100, 10);
  teach(1, there, 300);
  stop(actor);
  BOOST_TEST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].find("learned anew") != std::string::npos);
  BOOST_TEST(store.text->find("cloud-1/cpu") != std::string::npos);
  actor = start("edge-1", board);
}

/// It said no format.
BOOST_AUTO_TEST_CASE(what_an_older_release_kept_is_learned_anew) {
  kept_text store;
  store.text = R"({"sites":[["cloud-1/cpu",1]],"pairs":[]})";
  stop(actor);
  actor = start("edge-1", board, &store);
  stop(actor);
  BOOST_TEST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].find("older release") != std::string::npos);
  BOOST_TEST(told[0].find("learned anew") != std::string::npos);
  actor = start("edge-1", board);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_once_and_harms_nobody) {
  kept_text store;
  learn_on_a_full_disk(store);
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
  stop(actor);
  BOOST_TEST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].find("no room") != std::string::npos);
  actor = start("edge-1", board);
}

/// Sites that are not ready yet have no part in the first structure.
BOOST_AUTO_TEST_CASE(a_trial_run_does_not_replace_what_was_kept) {
  kept_text store;
  const auto restart = [&] {
    stop(actor);
    actor = start("edge-1", board, &store);
  };
  restart();
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  restart();
  auto not_ready = version(1, 1, 10);
  not_ready.targets.clear();
  not_ready.profiles.clear();
  publish({not_ready});
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_saved_is_saved_at_the_end) {
  kept_text store;
  learn_on_a_full_disk(store);
  advance(61s);
  const auto tried = [&] { return store.tries.load() > 0; };
  const auto patience = std::chrono::steady_clock::now() + 30s;
  while (!tried() && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield();
  BOOST_REQUIRE(tried());
  store.full = false;
  stop(actor);
  BOOST_TEST(store.text.has_value());
  actor = start("edge-1", board);
}

BOOST_AUTO_TEST_SUITE_END()
