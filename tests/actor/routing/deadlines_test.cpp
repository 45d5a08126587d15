// Events that would be late: refused at once, or answered by a lighter variant;
// keys that stay together.
#include "tests/actor/routing/kept_decisions.hpp"
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct deadline_world : port_world {
  std::shared_ptr<route> heavy(double ms, const std::string& policy,
                               const std::string& lighter = {}) {
    host->answer_with = [](const invocation&) { return ok_reply(); };
    auto made = route_of({{host, nullptr}}, false, 1, {}, policy);
    made->lighter = lighter;
    made->targets[0].cell = cell_of(ms);
    return made;
  }
  std::shared_ptr<route> small(double ms, const std::string& policy) {
    light->answer_with = [](const invocation&) { return ok_reply(); };
    auto made = route_of({{light, nullptr}}, false, 1, {}, policy);
    made->view.name = function_name{"small"};
    made->version.function = function_name{"small"};
    made->targets[0].cell = cell_of(ms);
    return made;
  }
  static std::shared_ptr<const routing::estimate_cell> cell_of(double ms) {
    routing::estimate belief;
    belief.slope = 0;
    belief.intercept = ms;
    belief.log_var = belief.log_noise = 0.01;
    return std::make_shared<routing::estimate_cell>(belief);
  }
  /// "f" at nodes n0 to n3, which keeps together what has that header alike.
  std::vector<std::shared_ptr<fake_peer>> stick_by(const std::string& header) {
    std::vector<std::shared_ptr<fake_peer>> peers;
    std::vector<site> sites;
    for (int i = 0; i < 4; ++i) {
      peers.push_back(std::make_shared<fake_peer>("n" + std::to_string(i)));
      sites.push_back({nullptr, peers.back()});
    }
    auto made = route_of(std::move(sites), false, 1, {}, "sticky");
    made->key = header;
    for (size_t i = 0; i < peers.size(); ++i) {
      made->targets[i].cell = cell_of(10);
      made->targets[i].node = peers[i]->name;
    }
    open(256);
    publish(std::move(made));
    return peers;
  }
  void publish_both(std::shared_ptr<const route> one,
                    std::shared_ptr<const route> other) {
    auto table = std::make_shared<routing_table>();
    table->routes.emplace("f", std::move(one));
    table->routes.emplace("small", std::move(other));
    board.publish(std::move(table));
  }
  /// "f", whose needs confine it to the edge, is always late; others answer in
  /// its place. `next`: names them, the lightest last.
  void publish_confined(std::vector<std::shared_ptr<route>> next,
                        bool confined = true) {
    auto table = std::make_shared<routing_table>();
    auto first = heavy(200, no_trials, "");
    first->targets[0].tier = "edge";
    if (confined)
      first->needs.tiers = {"edge"};
    next.insert(next.begin(), first);
    for (size_t i = 0; i + 1 < next.size(); ++i)
      next[i]->lighter = next[i + 1]->view.name.str();
    for (const auto& one : next)
      table->routes.emplace(one->view.name.str(), one);
    board.publish(std::move(table));
    submit(10s); // its site has been sent something
  }
  /// A lighter function with a site per pair, all of them quick.
  static std::shared_ptr<route>
  lighter(const std::string& name,
          std::vector<std::pair<std::string, site>> by_tier) {
    std::vector<site> sites;
    for (const auto& [tier, at] : by_tier)
      sites.push_back(at);
    auto made = route_of(std::move(sites), false, 1, {}, no_trials);
    made->view.name = made->version.function = function_name{name};
    for (size_t i = 0; i < by_tier.size(); ++i) {
      made->targets[i].tier = by_tier[i].first;
      made->targets[i].cell = cell_of(by_tier[i].first == "edge" ? 5 : 1);
    }
    return made;
  }
  static std::shared_ptr<fake_host> answering() {
    auto made = std::make_shared<fake_host>();
    made->answer_with = [](const invocation&) { return ok_reply(); };
    return made;
  }
  static constexpr auto no_trials = "deadline:retry=100000";

  /// Takes the place of the port; what it decides is kept in `sink`.
  void open_with(kept_decisions& sink) {
    port.reset();
    port_deps deps{system, counters, board, stats, ports, clock, 1, 16};
    deps.decisions = {&sink, 1, 0};
    port = std::make_unique<loop_port>(deps, loop);
  }
  /// Of all of that counter's series; -1: there are none.
  double sum_of(const std::string& counter) const {
    double sum = 0;
    for (const auto& family : stats.collect())
      if (family.name == counter) {
        if (family.samples.empty())
          return -1;
        for (const auto& sample : family.samples)
          sum += sample.value;
        return sum;
      }
    return -1;
  }

  std::string variant_of(uint64_t token) {
    const auto answer = got->wait(token);
    const auto* name = find_header(answer.headers, "X-Faas-Variant");
    return name != nullptr ? *name : "";
  }
  std::shared_ptr<fake_host> host = std::make_shared<fake_host>(),
                             light = std::make_shared<fake_host>();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(deadlines_test, deadline_world)

BOOST_AUTO_TEST_CASE(what_no_site_can_answer_in_time_is_refused_at_once) {
  publish(heavy(200, "deadline:retry=100000"));
  submit(10s); // the site has been sent something
  const auto token = submit(50ms);
  BOOST_REQUIRE(got->has(token));
  BOOST_TEST((code(token) == errc::deadline_exceeded
              || code(token) == errc::overloaded));
  const auto answer = got->wait(token);
  BOOST_TEST(answer.message.find("50") != std::string::npos);
  BOOST_TEST(!answer.next_step.empty());
  BOOST_TEST(host->submitted == 1);
  BOOST_TEST((code(submit(10s)) == errc::ok));
}

/// The first of them try the sites out; then nothing is chosen, so nothing has
/// a runner-up or costs anything on paper.
BOOST_AUTO_TEST_CASE(what_is_refused_beside_two_sites_regrets_nothing) {
  kept_decisions sink;
  open_with(sink);
  const auto slow = answering(), slower = answering();
  auto both = route_of({{slow, nullptr}, {slower, nullptr}}, false, 1, {},
                       no_trials);
  both->targets[0].cell = cell_of(200);
  both->targets[1].cell = cell_of(200); // alike: trials cost nothing either
  publish(both);
  for (int i = 0; i < 2; ++i)
    BOOST_TEST((code(submit(50ms)) == errc::ok));
  BOOST_TEST(slow->submitted + slower->submitted == 2);
  for (int i = 0; i < 3; ++i)
    BOOST_TEST((code(submit(50ms)) != errc::ok));
  BOOST_TEST(slow->submitted + slower->submitted == 2);
  BOOST_TEST(sum_of("petrel_predicted_regret_seconds_total") == 0);
  port.reset(); // hands the log over
  BOOST_REQUIRE(sink.all.size() == 5u);
  for (const auto& one : sink.all) {
    const bool refused = one.why == routing::reason::refused;
    BOOST_TEST(refused == (&one >= &sink.all[2]));
    BOOST_TEST((one.chosen == routing::decision::none) == refused);
    BOOST_TEST((one.runner_up == routing::decision::none) == refused);
    BOOST_TEST(one.sites.size() == 2u);
    for (const auto& site : one.sites)
      BOOST_TEST(site.considered);
  }
}

BOOST_AUTO_TEST_CASE(the_log_has_the_deadline_that_the_policy_went_by) {
  kept_decisions sink;
  open_with(sink);
  for (const auto own : {duration::zero(), duration{100ms}, duration{60s}}) {
    auto of = heavy(20, "deadline");
    of->deadline = own;
    publish(of);
    submit(10s);
  }
  port.reset();
  BOOST_REQUIRE(sink.all.size() == 3u);
  BOOST_TEST(sink.all[0].deadline_ms == 10'000);
  BOOST_TEST(sink.all[1].deadline_ms == 100); // the sooner
  BOOST_TEST(sink.all[2].deadline_ms == 10'000);
}

BOOST_AUTO_TEST_CASE(a_lighter_variant_answers_where_the_heavy_one_is_late) {
  publish_both(heavy(200, "deadline:retry=100000", "small"),
               small(5, "deadline"));
  const auto easy = submit(10s);
  BOOST_TEST((code(easy) == errc::ok));
  BOOST_TEST(variant_of(easy) == "");
  const auto late = submit(50ms);
  BOOST_TEST((code(late) == errc::ok));
  BOOST_TEST(variant_of(late) == "small");
  BOOST_TEST(host->submitted == 1);
  BOOST_TEST(light->submitted == 1);
  const auto hopeless = submit(1ms);
  BOOST_TEST((code(hopeless) != errc::ok));
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_lighter_variant_runs_only_where_the_heavy_one_may) {
  open(256);
  const auto near = answering(), far = answering();
  for (const bool confined : {true, false}) {
    publish_confined({lighter("small", {{"cloud", {far, nullptr}},
                                        {"edge", {near, nullptr}}})},
                     confined);
    for (int i = 0; i < 8; ++i)
      BOOST_TEST(variant_of(submit(50ms)) == "small");
    BOOST_TEST((far->submitted == 0) == confined);
    BOOST_TEST((!confined || near->submitted == 8));
  }
  // No other site: rather late or refused than there.
  far->submitted = 0;
  publish_confined({lighter("small", {{"cloud", {far, nullptr}}})});
  const auto late = submit(50ms);
  BOOST_TEST((code(late) != errc::ok));
  BOOST_TEST(far->submitted == 0);
}

BOOST_AUTO_TEST_CASE(the_lightest_of_a_chain_keeps_to_the_first_ones_needs) {
  open(256);
  const auto near = answering(), far = answering();
  publish_confined({lighter("small", {{"cloud", {far, nullptr}}}),
                    lighter("tiny", {{"cloud", {far, nullptr}},
                                     {"edge", {near, nullptr}}})});
  for (int i = 0; i < 8; ++i)
    BOOST_TEST(variant_of(submit(50ms)) == "tiny");
  BOOST_TEST(far->submitted == 0);
  BOOST_TEST(near->submitted == 8);
}

BOOST_AUTO_TEST_CASE(a_lighter_variant_is_sent_again_only_where_it_may_run) {
  for (const bool confined : {true, false}) {
    open(256);
    const auto near = std::make_shared<fake_peer>("n0"),
               far = std::make_shared<fake_peer>("n1");
    auto small = lighter("small", {{"edge", {nullptr, near}},
                                   {"cloud", {nullptr, far}}});
    small->needs.tiers = {"edge", "cloud"}; // its own do not widen the others
    publish_confined({small}, confined);
    far->usable = false; // at first
    const auto token = submit(50ms);
    loop.run();
    far->usable = true;
    BOOST_REQUIRE_EQUAL(near->sent.size(), 1u);
    near->answer(errc::overloaded);
    loop.run();
    BOOST_TEST(far->sent.size() == (confined ? 0u : 1u));
    BOOST_TEST(got->has(token) == confined);
    while (!far->sent.empty())
      far->answer(errc::ok, true);
  }
}

BOOST_AUTO_TEST_CASE(a_second_start_keeps_to_the_needs_too) {
  for (const bool confined : {true, false}) {
    open(256);
    const auto near = std::make_shared<fake_peer>("n0"),
               beside = std::make_shared<fake_peer>("n1"),
               far = std::make_shared<fake_peer>("n2");
    auto small = lighter("small", {{"edge", {nullptr, near}},
                                   {"edge", {nullptr, beside}},
                                   {"cloud", {nullptr, far}}});
    small->policy = "min-latency:hedge=1,price=0,explore=0";
    small->view.idempotent = true;
    publish_confined({small}, confined);
    submit(50ms);
    loop.run();
    loop.reach(clock.now()); // a second start is free, so it comes at once
    loop.run();
    BOOST_TEST(near->sent.size() + beside->sent.size()
               == (confined ? 2u : 1u));
    BOOST_TEST(far->sent.size() == (confined ? 0u : 1u)); // the quickest
  }
}

BOOST_AUTO_TEST_CASE(a_version_that_was_asked_for_is_not_made_lighter) {
  publish_both(heavy(200, no_trials, "small"), small(5, "deadline"));
  submit(10s);
  auto asked = event(50ms);
  asked.version = 1;
  port->submit(std::move(asked), got->promise(++last_token));
  BOOST_TEST((code(last_token) != errc::ok));
  BOOST_TEST(light->submitted == 0);
}

BOOST_AUTO_TEST_CASE(a_lighter_variant_that_is_not_there_changes_nothing) {
  publish(heavy(200, "deadline:retry=100000", "small"));
  BOOST_TEST((code(submit(10s)) == errc::ok));
  BOOST_TEST((code(submit(50ms)) != errc::ok));
}

BOOST_AUTO_TEST_CASE(a_policy_without_deadlines_refuses_nothing) {
  publish(heavy(200, "min-latency"));
  BOOST_TEST((code(submit(50ms)) == errc::ok));
}

BOOST_AUTO_TEST_CASE(events_of_one_key_go_to_one_site) {
  const auto peers = stick_by("X-Session");
  std::set<int> of_anna, of_all;
  for (int i = 0; i < 60; ++i) {
    auto one = event();
    one.headers.push_back(
      {"x-session", i % 3 == 0 ? "anna" : "s" + std::to_string(i)});
    port->submit(std::move(one), got->promise(++last_token));
    loop.run();
    for (int n = 0; n < 4; ++n)
      while (!peers[n]->sent.empty()) {
        (i % 3 == 0 ? of_anna : of_all).insert(n);
        peers[n]->answer(errc::ok, true);
      }
  }
  BOOST_TEST(of_anna.size() == 1u);
  BOOST_TEST(of_all.size() > 1u);
}

/// Data locality: the key is the name of the node that has the data.
BOOST_AUTO_TEST_CASE(an_event_goes_to_the_node_that_its_key_names) {
  const auto peers = stick_by("X-Data-At");
  for (int i = 0; i < 12; ++i) {
    auto one = event();
    one.headers.push_back({"X-Data-At", "n" + std::to_string(i % 4)});
    port->submit(std::move(one), got->promise(++last_token));
    loop.run();
    BOOST_TEST_REQUIRE(peers[i % 4]->sent.size() == 1u);
    peers[i % 4]->answer(errc::ok, true);
  }
}

BOOST_AUTO_TEST_SUITE_END()
