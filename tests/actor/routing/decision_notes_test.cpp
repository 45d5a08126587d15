// What the port hands to the log of decisions.
#include "tests/actor/routing/kept_decisions.hpp"
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;
using decisions::ending;

namespace {

struct logging_world : port_world {
  logging_world() { open_with(1); }
  ~logging_world() { port.reset(); }

  void open_with(double share, uint32_t capacity = 16) {
    port.reset();
    port_deps deps{system, counters, board, stats, ports, clock, 1, capacity};
    deps.decisions = {&sink, share, 0};
    port = std::make_unique<loop_port>(deps, loop);
  }
  /// Two peers in turn.
  void use_two() {
    for (const auto* name : {"n0", "n1"})
      peers.push_back(std::make_shared<fake_peer>(name));
    publish({{nullptr, peers[0]}, {nullptr, peers[1]}}, true, 3, {},
            "round-robin");
  }
  call_id submit_with_id(uint64_t low) {
    auto made = event(8s);
    made.id = {7, low};
    port->submit(std::move(made), got->promise(++last_token));
    return {7, low};
  }
  void flush() {
    port->request_report();
    loop.run();
  }

  kept_decisions sink;
  std::shared_ptr<fake_host> host = std::make_shared<fake_host>();
  std::vector<std::shared_ptr<fake_peer>> peers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(decision_notes_test, logging_world)

BOOST_AUTO_TEST_CASE(an_event_is_noted_with_its_candidates_and_its_end) {
  use_two();
  const auto id = submit_with_id(1);
  loop.run();
  advance(30ms);
  auto answer = ok_reply();
  answer.status = 201;
  answer.times = {2ms, 20ms, 5ms};
  answer.start = start_kind::cold;
  peers[0]->sent.front().done(std::move(answer));
  BOOST_TEST(sink.batches == 0); // with the next report
  flush();
  BOOST_REQUIRE(sink.all.size() == 1u);
  const auto& one = sink.all[0];
  BOOST_TEST((one.id == id));
  BOOST_TEST(one.of->function == "f");
  BOOST_TEST(one.of->version == 3u);
  BOOST_TEST(one.of->policy == "round-robin");
  BOOST_TEST((one.of->sites
              == std::vector<std::string>{"n0/cpu", "n1/cpu"}));
  BOOST_TEST(int{one.chosen} == 0);
  BOOST_TEST(int{one.runner_up} == 1);
  BOOST_TEST((one.why == routing::reason::round_robin));
  BOOST_TEST(one.bytes == 4.0);
  BOOST_TEST(one.deadline_ms == 8000.0);
  BOOST_TEST(one.logged == 1.0);
  BOOST_TEST((one.how == ending::ok));
  BOOST_TEST(one.status == 201);
  BOOST_TEST((one.start == decisions::began::cold));
  BOOST_TEST(one.total_ms == 30);
  BOOST_TEST(one.queue_ms == 2);
  BOOST_TEST(one.service_ms == 20);
  BOOST_TEST(one.cold_ms == 5);
  BOOST_TEST(one.network_ms() == 3);
  for (const auto& site : one.sites) {
    BOOST_TEST(site.considered);
    BOOST_TEST(site.total() > 0);
    BOOST_TEST(site.deviation > 0);
  }
}

BOOST_AUTO_TEST_CASE(each_attempt_is_noted) {
  use_two();
  submit_with_id(1);
  loop.run();
  peers[0]->answer(errc::unavailable);
  loop.run();
  peers[1]->answer(errc::ok, true);
  flush();
  BOOST_REQUIRE(sink.all.size() == 2u);
  const auto& first = sink.all[0];
  const auto& second = sink.all[1];
  BOOST_TEST((first.id == second.id));
  BOOST_TEST((first.how == ending::refused));
  BOOST_TEST(first.went_on);
  BOOST_TEST(first.status == http_status(errc::unavailable));
  BOOST_TEST(int{second.attempt} == 2);
  BOOST_TEST(!second.went_on);
  BOOST_TEST(!second.sites[0].considered); // tried before
  BOOST_TEST(second.sites[1].considered);
}

BOOST_AUTO_TEST_CASE(an_event_of_the_same_turn_is_noted) {
  host->answer_with = [](const invocation&) { return ok_reply(); };
  publish({{host, nullptr}});
  submit_with_id(1);
  submit_with_id(2);
  flush();
  BOOST_REQUIRE(sink.all.size() == 2u);
  BOOST_TEST((sink.all[0].why == routing::reason::only_candidate));
}

BOOST_AUTO_TEST_CASE(a_share_of_the_events_is_noted_by_their_ids) {
  host->answer_with = [](const invocation&) { return ok_reply(); };
  publish({{host, nullptr}});
  open_with(0.25);
  for (uint64_t i = 0; i < 1000; ++i)
    submit_with_id(i);
  flush();
  BOOST_TEST(sink.all.size() > 200u);
  BOOST_TEST(sink.all.size() < 300u);
  for (const auto& one : sink.all) {
    BOOST_TEST(one.logged == 0.25);
    BOOST_TEST(decisions::place_of(one.id) < 0.25);
  }
  BOOST_TEST(sink.batches < 4);
}

BOOST_AUTO_TEST_CASE(nothing_is_noted_at_share_zero) {
  host->answer_with = [](const invocation&) { return ok_reply(); };
  publish({{host, nullptr}});
  open_with(0);
  submit_with_id(1);
  flush();
  port.reset();
  BOOST_TEST(sink.batches == 0);
}

BOOST_AUTO_TEST_CASE(what_ended_is_handed_over_when_the_port_ends) {
  host->answer_with = [](const invocation&) { return ok_reply(); };
  publish({{host, nullptr}});
  submit_with_id(1);
  port.reset();
  BOOST_TEST(sink.all.size() == 1u);
}

BOOST_AUTO_TEST_CASE(too_many_under_way_are_counted_not_noted) {
  publish({{host, nullptr}});
  open_with(1, 5000);
  for (uint64_t i = 0; i < 5000; ++i)
    submit_with_id(i);
  for (auto& held : host->waiting)
    held.done(ok_reply());
  loop.run();
  flush();
  BOOST_TEST(sink.all.size() == 4096u);
  BOOST_TEST(sink.dropped == 904u);
}

BOOST_AUTO_TEST_CASE(a_worse_choice_counts_as_regret) {
  use_two();
  auto of = route_of({{nullptr, peers[0]}, {nullptr, peers[1]}}, true, 3, {},
                     "round-robin");
  for (int i = 0; i < 2; ++i) {
    routing::estimate belief;
    belief.intercept = i == 0 ? 10 : 14; // ms
    of->targets[static_cast<size_t>(i)].cell
      = std::make_shared<routing::estimate_cell>(belief);
  }
  publish(of);
  for (int i = 0; i < 2; ++i) { // in turn, whatever is better
    submit_with_id(static_cast<uint64_t>(i));
    loop.run();
    peers[static_cast<size_t>(i)]->answer(errc::ok, true);
  }
  double regret = -1;
  for (const auto& family : stats.collect())
    if (family.name == "petrel_predicted_regret_seconds_total") {
      regret = 0;
      for (const auto& sample : family.samples)
        regret += sample.value;
    }
  BOOST_TEST(regret > 0.0039);
  BOOST_TEST(regret < 0.02);
}

BOOST_AUTO_TEST_SUITE_END()
