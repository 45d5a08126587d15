// The port with one site: routing, answers, bounds, life.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct local_world : port_world {
  local_world() { publish({{host, nullptr}}); }
  std::shared_ptr<fake_host> host = std::make_shared<fake_host>();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(loop_port_test, local_world)

BOOST_AUTO_TEST_CASE(an_event_runs_at_the_local_host_and_is_answered) {
  host->answer_with = [](const invocation& event) {
    auto made = ok_reply();
    made.body = blob{event.function.str() + ":" + std::string{event.body.view()}
                     + ":" + std::to_string(event.version)};
    return made;
  };
  const auto token = submit();
  BOOST_REQUIRE(got->has(token)); // in the same turn
  const auto answer = got->wait(token);
  BOOST_TEST(answer.body.view() == "f:body:1");
  BOOST_TEST(answer.site == "n0/cpu");
  BOOST_TEST(answer.version == 1u);
  BOOST_TEST(loop.waiting() == 0u);
}

/// An event waits for the loop's turn before its own host runs it; on the way to
/// another node it does not.
BOOST_AUTO_TEST_CASE(the_loops_lag_is_part_of_the_way_to_its_own_host) {
  host->answer_with = [](const invocation&) { return ok_reply(); };
  const auto promised_ms = [&] {
    const auto token = submit();
    loop.run();
    return to_ms(got->wait(token).promise);
  };
  const auto prompt = promised_ms();
  loop.set_lag(500ms);
  BOOST_TEST(promised_ms() - prompt >= 500); // what waits varies more, too
  const auto other = std::make_shared<fake_peer>("n1");
  publish({{host, nullptr}, {nullptr, other}});
  const auto before = host->submitted;
  submit();
  loop.run();
  BOOST_TEST(host->submitted == before);
  BOOST_REQUIRE(other->sent.size() == 1u);
  loop.set_lag(0s);
  submit();
  loop.run();
  BOOST_TEST(host->submitted == before + 1); // the other one has one already
  other->answer(errc::ok);
  loop.run();
}

BOOST_AUTO_TEST_CASE(promises_and_those_that_were_kept_are_counted) {
  const auto counted = [&](const std::string& name) {
    for (const auto& family : stats.collect())
      if (family.name == name && family.samples.size() == 1)
        return family.samples[0].value;
    return -1.0;
  };
  const auto play = [&](duration takes, errc code) {
    const auto token = submit();
    advance(takes);
    auto held = std::move(host->waiting.back());
    host->waiting.clear();
    held.done(code == errc::ok ? ok_reply() : reply::failure({code, "x"}));
    loop.run();
    return got->wait(token).promise;
  };
  const auto promised = play(0s, errc::ok);
  BOOST_TEST((promised > 0s));
  BOOST_TEST((promised < 5s));
  BOOST_TEST(counted("petrel_promises_total") == 1);
  BOOST_TEST(counted("petrel_promises_kept_total") == 1);
  play(5s, errc::ok);
  BOOST_TEST(counted("petrel_promises_total") == 2);
  BOOST_TEST(counted("petrel_promises_kept_total") == 1);
  play(0s, errc::deadline_exceeded); // its client had less patience than promised
  BOOST_TEST(counted("petrel_promises_total") == 2);
  play(5s, errc::deadline_exceeded);
  BOOST_TEST(counted("petrel_promises_total") == 3);
  BOOST_TEST(counted("petrel_promises_kept_total") == 1);
  play(0s, errc::function_failed); // says nothing of the site's speed
  BOOST_TEST(counted("petrel_promises_total") == 3);
}

BOOST_AUTO_TEST_CASE(an_unknown_function_is_not_found) {
  invocation other = event();
  other.function = function_name{"g"};
  port->submit(std::move(other), got->promise(1));
  BOOST_TEST((code(1) == errc::not_found));
  BOOST_TEST(port->find("g") == nullptr);
  BOOST_TEST(port->find("f") != nullptr);
  BOOST_TEST(port->functions().size() == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_site_the_reason_is_told) {
  publish({}, false, 1, "n0: bad_bundle: no such file");
  const auto token = submit();
  BOOST_REQUIRE((code(token) == errc::unavailable));
  BOOST_TEST(got->wait(token).message.find("no such file")
             != std::string::npos);
  BOOST_TEST(!got->wait(token).next_step.empty());
}

BOOST_AUTO_TEST_CASE(loops_see_what_the_others_have_sent) {
  const auto second = std::make_shared<fake_host>();
  publish({{host, nullptr}, {second, nullptr}});
  fake_loop other_loop;
  loop_port other{{system, counters, board, stats, ports, clock, 2, 16},
                  other_loop};
  submit();
  BOOST_REQUIRE_EQUAL(host->waiting.size(), 1u);
  other.submit(event(), got->promise(90)); // the first site is busy
  BOOST_TEST(host->waiting.size() == 1u);
  BOOST_TEST(second->waiting.size() == 1u);
  host->waiting[0].done(ok_reply());
  second->waiting[0].done(ok_reply());
  loop.run();
  other_loop.run();
}

BOOST_AUTO_TEST_CASE(a_static_site_that_is_unknown_is_named) {
  publish({{host, nullptr}, {std::make_shared<fake_host>(), nullptr}}, false, 1,
          {}, "static");
  const auto token = submit();
  BOOST_REQUIRE((code(token) == errc::unavailable));
  BOOST_TEST(host->waiting.empty());
  BOOST_TEST(got->wait(token).message.find("only n9/cpu") != std::string::npos);
  publish({{host, nullptr}}, false, 1, {}, "static"); // likewise with one site
  BOOST_TEST((code(submit()) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(an_event_dropped_unanswered_is_abandoned) {
  const auto token = submit();
  BOOST_REQUIRE_EQUAL(host->waiting.size(), 1u);
  BOOST_TEST(!got->has(token));
  host->waiting.clear();
  BOOST_TEST((code(token) == errc::abandoned));
}

BOOST_AUTO_TEST_CASE(an_answer_from_another_thread_waits_for_the_loop) {
  const auto one = submit(), two = submit();
  std::thread{[&] {
    for (auto& held : host->waiting)
      held.done(ok_reply());
  }}.join();
  BOOST_TEST(!got->has(one));
  BOOST_TEST(loop.run() == 1u); // one task for both
  BOOST_TEST((code(one) == errc::ok));
  BOOST_TEST((code(two) == errc::ok));
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_full_table_is_overloaded_and_frees_again) {
  open(2);
  submit(), submit();
  const auto third = submit();
  BOOST_TEST((code(third) == errc::overloaded));
  BOOST_TEST(host->submitted == 2);
  host->waiting.erase(host->waiting.begin());
  const auto fourth = submit();
  BOOST_TEST(!got->has(fourth));
  host->waiting.clear();
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_port_that_ends_answers_shutting_down) {
  const auto one = submit(), two = submit();
  auto late = std::move(host->waiting);
  host->waiting.clear();
  port.reset();
  BOOST_TEST((code(one) == errc::shutting_down));
  BOOST_TEST((code(two) == errc::shutting_down));
  late[0].done(ok_reply()); // finds the port closed
  std::thread{[&] { late[1].done(ok_reply()); }}.join();
  loop.run();
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(tasks_posted_by_a_port_outlive_it_harmlessly) {
  submit();
  std::thread{[&] { host->waiting[0].done(ok_reply()); }}.join();
  port->request_report();
  BOOST_TEST(loop.waiting() == 2u);
  port.reset();
  BOOST_TEST(loop.run() == 2u);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_removed_function_still_answers_what_is_in_flight) {
  const auto token = submit();
  publish_nothing();
  BOOST_TEST(port->find("f") == nullptr);
  host->waiting[0].done(ok_reply());
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST((code(submit()) == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_new_version_takes_new_events_only) {
  const auto old = submit();
  auto next = std::make_shared<fake_host>();
  publish({{next, nullptr}}, false, 2);
  submit();
  BOOST_TEST(next->submitted == 1);
  BOOST_TEST(host->submitted == 1);
  host->waiting[0].done(ok_reply());
  BOOST_TEST(got->wait(old).version == 1u);
  next->waiting[0].done(ok_reply());
  BOOST_TEST(got->wait(old + 1).version == 2u);
}

BOOST_AUTO_TEST_CASE(structure_version_moves_with_each_table) {
  const auto before = port->structure_version();
  publish({{host, nullptr}});
  BOOST_TEST(port->structure_version() > before);
}

BOOST_AUTO_TEST_CASE(a_lane_that_throws_is_replaced_and_counted) {
  host->fault = [] { throw std::runtime_error("on purpose"); };
  const auto first = submit();
  settle();
  BOOST_TEST((code(first) == errc::abandoned));
  host->fault = nullptr;
  host->answer_with = [](const invocation&) { return ok_reply(); };
  const auto second = submit();
  BOOST_TEST((code(second) == errc::ok));
  BOOST_TEST(counters.of(actor_kind::lane).restarts == 1u);
  BOOST_TEST(counters.of(actor_kind::lane).alive == 1u);
}

BOOST_AUTO_TEST_CASE(late_and_repeated_answers_are_dropped) {
  const auto token = submit();
  auto held = std::move(host->waiting[0]);
  auto [sink, inner] = held.done.release();
  sink->complete(inner, ok_reply());
  sink->complete(inner, reply::failure({errc::internal, "again"}));
  const auto next = submit(); // reuses the slot
  sink->complete(inner, reply::failure({errc::internal, "much later"}));
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST(!got->has(next));
  host->waiting.clear();
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(wanted_goes_false_when_nobody_waits) {
  submit();
  auto& done = host->waiting[0].done;
  BOOST_TEST(done.wanted());
  std::thread{[&] { BOOST_TEST(done.wanted()); }}.join();
  got->nobody_waits();
  BOOST_TEST(!done.wanted());
  auto late = std::move(host->waiting[0]);
  port.reset();
  host->waiting.clear();
}

BOOST_AUTO_TEST_CASE(wanted_is_false_for_an_answered_event) {
  submit();
  auto [sink, inner] = host->waiting[0].done.release();
  sink->complete(inner, ok_reply());
  BOOST_TEST(!sink->wanted(inner));
  submit(); // another event in the same slot
  BOOST_TEST(!sink->wanted(inner));
}

BOOST_AUTO_TEST_CASE(reports_carry_what_ended_and_what_is_in_flight) {
  std::vector<loop_report> reports;
  ports.receive_with([&](loop_report got) { reports.push_back(got); });
  submit(), submit();
  host->waiting[0].done(ok_reply());
  advance(20ms);
  port->request_report();
  loop.run();
  BOOST_REQUIRE(!reports.empty());
  BOOST_TEST(reports.back().complete);
  BOOST_REQUIRE_EQUAL(reports.back().in_flight.size(), 1u);
  BOOST_TEST(reports.back().in_flight[0].age_ms == 20.0);
  size_t ended = 0;
  for (const auto& one : reports)
    ended += one.ended.size();
  BOOST_TEST(ended == 1u);
}

/// So that what is published counts the interval that was told.
BOOST_AUTO_TEST_CASE(an_observation_has_what_was_predicted_of_it) {
  std::vector<routing::observation> ended;
  ports.receive_with([&](loop_report got) {
    ended.insert(ended.end(), got.ended.begin(), got.ended.end());
  });
  auto route = route_of({{host, nullptr}});
  routing::estimate belief;
  belief.interval_sigmas = 0.25;
  route->targets[0].cell = std::make_shared<routing::estimate_cell>(belief);
  publish(route);
  submit();
  host->waiting[0].done(ok_reply());
  port->request_report();
  loop.run();
  BOOST_REQUIRE_EQUAL(ended.size(), 1u);
  BOOST_TEST(ended[0].predicted_ms > 0);
  BOOST_TEST(ended[0].predicted_sd > 0);
  BOOST_TEST(ended[0].predicted_reach == 0.25 * ended[0].predicted_sd,
             boost::test_tools::tolerance(1e-9));
}

/// The second event waits for the first, and joins the batch after it; the
/// answer tells of the batch.
BOOST_AUTO_TEST_CASE(events_that_share_batches_are_planned_and_told_so) {
  std::vector<routing::observation> ended;
  ports.receive_with([&](loop_report got) {
    ended.insert(ended.end(), got.ended.begin(), got.ended.end());
  });
  auto route = route_of({{host, nullptr}});
  auto& target = route->targets[0];
  const auto load = target.load;
  target.batches = {7, {8, 0}, &load->open()};
  publish(route);
  const auto next_has = [&] {
    const auto now = to_ms(clock.now().time_since_epoch());
    return load->open().place(7, {8, 0}, 1, now + 0.1, now).items;
  };
  const auto submit_one = [&] {
    auto one = event();
    one.size = 1; // without a size it would go alone
    port->submit(std::move(one), got->promise(++last_token));
  };
  submit_one(); // runs from 0.025 ms on, for some 1.5 ms by the first belief
  BOOST_TEST(next_has() == 0);
  advance(1ms);
  submit_one(), submit_one();
  BOOST_TEST(load->in_flight() == 3u);
  BOOST_TEST(next_has() == 2);
  advance(10ms);
  auto alone = ok_reply();
  alone.times = {0ms, 8ms, {}};
  host->waiting[0].done(std::move(alone));
  auto joined = ok_reply(); // with two more of others
  joined.times = {10ms, 2ms, {}, 8ms};
  advance(8ms);
  host->waiting[1].done(std::move(joined));
  port->request_report();
  loop.run();
  BOOST_TEST(load->in_flight() == 1u);
  BOOST_REQUIRE(ended.size() == 2u);
  BOOST_TEST(ended[0].batch_ms == 0);
  BOOST_TEST(ended[0].batch_size == 0);
  BOOST_TEST(ended[1].service_ms == 2);
  BOOST_TEST(ended[1].batch_ms == 8);
  BOOST_TEST(ended[1].batch_size == 4 * ended[1].size);
}

BOOST_AUTO_TEST_CASE(no_lane_is_left_behind) {
  submit();
  publish({{host, nullptr}}, false, 2);
  submit();
  publish_nothing();
  port->find("f");
  host->waiting.clear();
  port.reset();
  settle();
  BOOST_TEST(counters.of(actor_kind::lane).alive == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
