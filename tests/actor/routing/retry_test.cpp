// The port with several sites: peers, retries, their bounds.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct peers_world : port_world {
  /// `n` peers, round robin among them.
  void use(size_t n, bool idempotent = false) {
    std::vector<site> sites;
    for (size_t i = 0; i < n; ++i) {
      peers.push_back(std::make_shared<fake_peer>("n" + std::to_string(i)));
      sites.push_back({nullptr, peers.back()});
    }
    publish(std::move(sites), idempotent, 1, {}, "round-robin");
  }
  /// The peer that has the event now.
  fake_peer* holder() {
    loop.run();
    for (auto& one : peers)
      if (!one->sent.empty())
        return one.get();
    return nullptr;
  }
  /// Answers one event with `outcome` wherever it goes; how often it went.
  int attempts(errc outcome, bool started = false) {
    int n = 0;
    submit();
    while (auto* at = holder()) {
      ++n;
      at->answer(outcome, started);
    }
    return n;
  }
  invocation long_event() {
    auto made = event();
    made.body = blob{std::string(limits::old_body_bytes + 1, 'x')};
    return made;
  }
  std::vector<std::shared_ptr<fake_peer>> peers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(retry_test, peers_world)

BOOST_AUTO_TEST_CASE(events_of_one_turn_travel_in_one_message) {
  use(1);
  submit(), submit(), submit();
  BOOST_TEST(peers[0]->messages == 0);
  loop.run();
  BOOST_TEST(peers[0]->messages == 1);
  BOOST_TEST(peers[0]->sent.size() == 3u);
  BOOST_TEST(peers[0]->sent[0].event.body.view() == "body");
  while (!peers[0]->sent.empty())
    peers[0]->answer(errc::ok, true);
  BOOST_TEST(got->wait(2).site == "n0/cpu");
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(what_was_refused_before_it_ran_goes_to_another_site) {
  for (const auto refusal : {errc::unavailable, errc::overloaded,
                             errc::shutting_down, errc::quarantined}) {
    peers.clear();
    use(2);
    const auto token = submit();
    auto* first = holder();
    BOOST_REQUIRE(first);
    first->answer(refusal);
    BOOST_TEST(!got->has(token));
    auto* second = holder();
    BOOST_REQUIRE(second);
    BOOST_TEST(second != first);
    BOOST_TEST(second->sent[0].event.body.view() == "body");
    BOOST_TEST(int(second->sent[0].event.attempt) == 2);
    second->answer(errc::ok, true);
    BOOST_TEST((code(token) == errc::ok));
  }
}

BOOST_AUTO_TEST_CASE(what_may_have_run_is_not_repeated) {
  use(2);
  for (const auto outcome : {errc::outcome_unknown, errc::abandoned,
                             errc::function_failed, errc::deadline_exceeded,
                             errc::too_large})
    BOOST_TEST(attempts(outcome) == 1);
  BOOST_TEST(attempts(errc::overloaded, true) == 1);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(an_idempotent_function_is_repeated_after_a_loss) {
  use(2, true);
  BOOST_TEST(attempts(errc::outcome_unknown) == 2);
  BOOST_TEST(attempts(errc::abandoned) == 2);
  BOOST_TEST(attempts(errc::function_failed) == 1);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(an_event_is_tried_three_times_at_most) {
  use(5, true);
  BOOST_TEST(attempts(errc::unavailable) == 3);
  BOOST_TEST((code(last_token) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(no_time_no_retry) {
  use(2);
  const auto token = submit(3ms);
  holder()->answer(errc::unavailable);
  BOOST_TEST((code(token) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_not_usable_is_no_candidate) {
  use(2);
  peers[0]->usable = false;
  for (int i = 0; i < 4; ++i)
    submit();
  loop.run();
  BOOST_TEST(peers[0]->sent.empty());
  BOOST_TEST(peers[1]->sent.size() == 4u);
  peers[1]->usable = false;
  BOOST_TEST((code(submit()) == errc::unavailable));
  peers[1]->sent.clear();
}

BOOST_AUTO_TEST_CASE(a_retry_can_fall_back_on_the_local_host) {
  auto host = std::make_shared<fake_host>();
  host->answer_with = [](const invocation&) { return ok_reply(); };
  peers.push_back(std::make_shared<fake_peer>("n1"));
  publish({{host, nullptr}, {nullptr, peers[0]}}, true, 1, {}, "round-robin");
  const auto one = submit(), two = submit(); // one each
  loop.run();
  BOOST_REQUIRE_EQUAL(peers[0]->sent.size(), 1u);
  peers[0]->answer(errc::outcome_unknown);
  BOOST_TEST((code(one) == errc::ok));
  BOOST_TEST((code(two) == errc::ok));
  BOOST_TEST(host->submitted == 2);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_retry_looks_at_the_structure_as_it_is_then) {
  use(2);
  const auto token = submit();
  auto* first = holder();
  auto host = std::make_shared<fake_host>();
  host->answer_with = [](const invocation&) { return ok_reply(); };
  publish({{host, nullptr}}, false, 2);
  first->answer(errc::unavailable);
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST(got->wait(token).version == 2u);
}

BOOST_AUTO_TEST_CASE(the_only_site_is_asked_again_for_a_newer_version) {
  use(1);
  const auto token = submit();
  auto* only = holder();
  publish({{nullptr, peers[0]}}, false, 2);
  only->answer(errc::unavailable); // it has replaced version 1
  only = holder();
  BOOST_REQUIRE(only);
  BOOST_TEST(only->sent[0].event.version == 2u);
  only->answer(errc::ok, true);
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST(attempts(errc::unavailable) == 1); // no news, no second try
}

BOOST_AUTO_TEST_CASE(a_retry_of_a_removed_function_ends_with_its_refusal) {
  use(2);
  const auto token = submit();
  auto* first = holder();
  publish_nothing();
  first->answer(errc::unavailable);
  BOOST_TEST((code(token) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_body_too_long_for_older_nodes_is_told_why) {
  use(1);
  peers[0]->body_bytes = limits::old_body_bytes;
  port->submit(long_event(), got->promise(1));
  BOOST_REQUIRE(got->has(1));
  const auto answer = got->wait(1);
  BOOST_TEST((answer.code == errc::too_large));
  BOOST_TEST(answer.message.find("262144") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_long_body_goes_to_a_node_that_takes_it) {
  use(2);
  for (auto i = 0; i < 4; ++i) {
    peers[0]->body_bytes = limits::old_body_bytes;
    port->submit(long_event(), got->promise(1 + i));
    loop.run();
    BOOST_TEST(peers[0]->sent.empty());
    BOOST_REQUIRE_EQUAL(peers[1]->sent.size(), 1u);
    peers[1]->answer(errc::ok, true);
  }
}

BOOST_AUTO_TEST_CASE(a_site_that_cannot_run_it_is_left_out_for_a_while) {
  open(256);
  use(2);
  int asked = 0;
  const auto play = [&](int events) {
    for (int i = 0; i < events; ++i) {
      const auto token = submit();
      while (auto* at = holder()) {
        asked += at == peers[0].get();
        at->answer(at == peers[0].get() ? errc::unavailable : errc::ok,
                   at != peers[0].get());
      }
      BOOST_TEST((code(token) == errc::ok));
    }
  };
  play(40);
  BOOST_TEST(asked == 2);
  advance(300ms);
  play(40);
  BOOST_TEST(asked == 3); // one tries
  peers[1]->usable = false; // those that rest are better than none
  submit();
  BOOST_REQUIRE(holder() == peers[0].get());
  peers[0]->answer(errc::ok, true);
  peers[1]->usable = true;
  asked = 0;
  for (int i = 0; i < 10; ++i) {
    submit();
    auto* at = holder();
    asked += at == peers[0].get();
    at->answer(errc::ok, true);
  }
  BOOST_TEST(asked == 5); // it serves again
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(an_observation_counts_the_bytes_of_the_request) {
  std::vector<routing::observation> seen;
  ports.receive_with([&](loop_report report) {
    seen.insert(seen.end(), report.ended.begin(), report.ended.end());
  });
  use(1); // a single site: the event is not kept for a retry
  submit();
  holder()->answer(errc::ok, true);
  port->request_report();
  loop.run();
  BOOST_REQUIRE_EQUAL(seen.size(), 1u);
  BOOST_TEST(seen[0].bytes.up == 4.0);
}

BOOST_AUTO_TEST_SUITE_END()
