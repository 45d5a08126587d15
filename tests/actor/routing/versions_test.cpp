// The port with several versions of a function.
#include "libfaas/rollout/sample.hpp"
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

/// Version 1 in service at a local host, version 2 with a share at others.
struct versions_world : port_world {
  versions_world() {
    for (auto& host : {old_host, new_host})
      host->answer_with = [](const invocation& event) {
        auto made = ok_reply();
        made.times.service = from_ms(10.0 * event.version);
        return made;
      };
    open(4096);
    share(25);
  }
  void share(uint32_t of_new, std::vector<site> old_sites,
             std::vector<site> new_sites, bool watched = false) {
    auto in_service = route_of(std::move(old_sites));
    auto other = route_of(std::move(new_sites), false, 2, {}, "round-robin");
    in_service->weight = 100 - of_new;
    other->weight = of_new;
    other->view.version = 2;
    in_service->watched = other->watched = watched;
    in_service->aliases = {{"prod", 1}, {"next", 2}, {"gone", 7}};
    in_service->others.push_back(std::move(other));
    publish(std::move(in_service));
  }
  void share(uint32_t of_new, bool watched = false) {
    share(of_new, {{old_host, nullptr}}, {{new_host, nullptr}}, watched);
  }
  /// All events are for version 2, which may run on the edge only; version 1
  /// has sites in these tiers.
  void confine(std::vector<std::pair<std::string, site>> old_sites,
               std::vector<site> new_sites, bool confined = true) {
    std::vector<site> sites;
    for (const auto& [tier, at] : old_sites)
      sites.push_back(at);
    auto in_service = route_of(std::move(sites));
    for (size_t i = 0; i < old_sites.size(); ++i)
      in_service->targets[i].tier = old_sites[i].first;
    auto other = route_of(std::move(new_sites), false, 2, {}, "round-robin");
    for (auto& target : other->targets)
      target.tier = "edge";
    if (confined)
      other->needs.tiers = {"edge"};
    in_service->weight = 0;
    other->weight = 100;
    in_service->others.push_back(std::move(other));
    publish(std::move(in_service));
  }
  uint64_t call(uint32_t version) {
    auto made = event();
    made.version = version;
    port->submit(std::move(made), got->promise(++last_token));
    return last_token;
  }
  std::shared_ptr<fake_host> old_host = std::make_shared<fake_host>();
  std::shared_ptr<fake_host> new_host = std::make_shared<fake_host>();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(versions_test, versions_world)

BOOST_AUTO_TEST_CASE(events_are_divided_by_share) {
  for (int i = 0; i < 2000; ++i)
    submit();
  BOOST_TEST(new_host->submitted > 400);
  BOOST_TEST(new_host->submitted < 600);
  BOOST_TEST(old_host->submitted == 2000 - new_host->submitted);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(without_a_share_a_version_gets_nothing_by_itself) {
  share(0);
  for (int i = 0; i < 200; ++i)
    submit();
  BOOST_TEST(new_host->submitted == 0);
  BOOST_TEST((code(call(2)) == errc::ok)); // but when it is asked for
  BOOST_TEST(got->wait(last_token).version == 2u);
  share(100);
  old_host->submitted = 0;
  for (int i = 0; i < 200; ++i)
    submit();
  BOOST_TEST(old_host->submitted == 0);
}

BOOST_AUTO_TEST_CASE(names_with_number_or_alias_find_their_version) {
  const auto version = [&](std::string_view name) {
    const auto* view = port->find(name);
    return view != nullptr ? int(view->version) : -1;
  };
  BOOST_TEST(version("f") == 0);
  BOOST_TEST(version("f:1") == 1);
  BOOST_TEST(version("f:2") == 2);
  BOOST_TEST(version("f:prod") == 1);
  BOOST_TEST(version("f:next") == 2);
  for (const char* none : {"f:3", "f:gone", "f:", "f:0", "f:-1", "f:1x", ":1",
                           "g:1", "f:1:1", "f:99999999999"})
    BOOST_TEST(version(none) == -1, none);
  BOOST_TEST(port->find("f:prod")->name.str() == "f");
  BOOST_TEST(port->functions().size() == 1u);
  BOOST_TEST(port->functions()[0]->version == 0u);
}

BOOST_AUTO_TEST_CASE(a_version_that_does_not_run_is_not_found) {
  const auto token = call(3);
  BOOST_TEST((code(token) == errc::not_found));
  BOOST_TEST(got->wait(token).message.find("version 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_old_version_stands_in_when_the_new_one_refuses) {
  auto a = std::make_shared<fake_peer>("n0"), b = std::make_shared<fake_peer>("n1"),
       c = std::make_shared<fake_peer>("n2");
  share(100, {{old_host, nullptr}}, {{nullptr, a}, {nullptr, b}, {nullptr, c}});
  const auto token = submit();
  loop.run();
  for (int refusals = 0; !got->has(token); ++refusals) {
    BOOST_REQUIRE(refusals < 3); // the last attempt is the old version's
    for (auto& peer : {a, b, c})
      if (!peer->sent.empty())
        peer->answer(errc::overloaded);
    loop.run();
  }
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST(got->wait(token).version == 1u);
}

BOOST_AUTO_TEST_CASE(the_old_version_stands_in_when_the_new_one_has_no_site) {
  auto peer = std::make_shared<fake_peer>("n0");
  peer->usable = false;
  share(100, {{old_host, nullptr}}, {{nullptr, peer}});
  BOOST_TEST((code(submit()) == errc::ok));
  BOOST_TEST((code(call(2)) == errc::unavailable)); // that one was asked for
}

BOOST_AUTO_TEST_CASE(a_version_stands_in_only_where_the_other_one_may_run) {
  auto away = std::make_shared<fake_peer>("n0");
  away->usable = false;
  confine({{"cloud", {old_host, nullptr}}}, {{nullptr, away}}, false);
  BOOST_TEST((code(submit()) == errc::ok)); // there are no needs
  old_host->submitted = 0;
  confine({{"cloud", {old_host, nullptr}}}, {{nullptr, away}});
  BOOST_TEST((code(submit()) == errc::unavailable));
  confine({{"cloud", {old_host, nullptr}}}, {}); // it has no site at all
  BOOST_TEST((code(submit()) == errc::unavailable));
  BOOST_TEST(old_host->submitted == 0);
  confine({{"cloud", {old_host, nullptr}}, {"edge", {new_host, nullptr}}}, {});
  for (int i = 0; i < 20; ++i)
    BOOST_TEST((code(submit()) == errc::ok));
  BOOST_TEST(old_host->submitted == 0);
  BOOST_TEST(new_host->submitted == 20);
}

BOOST_AUTO_TEST_CASE(another_version_stands_in_where_the_old_one_may_not) {
  auto old = route_of({{old_host, nullptr}});
  auto empty = route_of({}, false, 2), third = route_of({{new_host, nullptr}},
                                                        false, 3);
  old->targets[0].tier = "cloud";
  third->targets[0].tier = "edge";
  empty->needs.tiers = third->needs.tiers = {"edge"};
  old->weight = 0;
  empty->weight = third->weight = 50;
  old->others = {empty, third};
  publish(std::move(old));
  for (int i = 0; i < 20; ++i)
    BOOST_TEST((code(submit()) == errc::ok));
  BOOST_TEST(old_host->submitted == 0);
}

BOOST_AUTO_TEST_CASE(a_retry_by_the_old_version_keeps_to_the_new_ones_needs) {
  for (const bool confined : {true, false}) {
    old_host->submitted = 0;
    auto a = std::make_shared<fake_peer>("n0"),
         b = std::make_shared<fake_peer>("n1"),
         c = std::make_shared<fake_peer>("n2");
    confine({{"cloud", {old_host, nullptr}}},
            {{nullptr, a}, {nullptr, b}, {nullptr, c}}, confined);
    const auto token = submit();
    loop.run();
    for (int refusals = 0; !got->has(token); ++refusals) {
      BOOST_REQUIRE(refusals < 3);
      for (auto& peer : {a, b, c})
        if (!peer->sent.empty())
          peer->answer(errc::overloaded);
      loop.run();
    }
    BOOST_TEST((code(token) == (confined ? errc::overloaded : errc::ok)));
    BOOST_TEST(old_host->submitted == (confined ? 0 : 1));
  }
}

BOOST_AUTO_TEST_CASE(what_replaces_a_version_keeps_to_its_needs) {
  for (const bool confined : {true, false}) {
    old_host->submitted = 0;
    auto edge = std::make_shared<fake_peer>("n0");
    auto before = route_of({{nullptr, edge}});
    before->targets[0].tier = "edge";
    if (confined)
      before->needs.tiers = {"edge"};
    publish(std::move(before));
    const auto token = submit();
    loop.run();
    BOOST_REQUIRE_EQUAL(edge->sent.size(), 1u);
    auto after = route_of({{old_host, nullptr}}, false, 2);
    after->targets[0].tier = "cloud";
    publish(std::move(after));
    edge->answer(errc::unavailable);
    loop.run();
    BOOST_TEST((code(token) == (confined ? errc::unavailable : errc::ok)));
    BOOST_TEST(old_host->submitted == (confined ? 0 : 1));
    BOOST_TEST((code(submit()) == errc::ok)); // that one is for version 2
  }
}

BOOST_AUTO_TEST_CASE(the_new_version_stands_in_when_the_old_one_has_no_site) {
  share(50, {}, {{new_host, nullptr}});
  for (int i = 0; i < 20; ++i)
    BOOST_TEST((code(submit()) == errc::ok));
  share(0, {}, {{new_host, nullptr}}); // unless it has no share
  BOOST_TEST((code(submit()) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_call_to_a_version_is_not_passed_to_another) {
  auto peer = std::make_shared<fake_peer>("n0");
  share(50, {{old_host, nullptr}}, {{nullptr, peer}});
  const auto token = call(2);
  loop.run();
  BOOST_REQUIRE_EQUAL(peer->sent.size(), 1u);
  peer->answer(errc::overloaded);
  BOOST_TEST((code(token) == errc::overloaded));
  BOOST_TEST(old_host->submitted == 0);
}

BOOST_AUTO_TEST_CASE(samples_leave_the_loop_while_a_rollout_is_watched) {
  std::vector<loop_report> reports;
  ports.receive_with([&](loop_report one) { reports.push_back(one); });
  const auto seen = [&] {
    std::map<uint32_t, std::vector<uint64_t>> all;
    port->request_report();
    loop.run();
    for (const auto& report : std::exchange(reports, {}))
      for (const auto& one : report.evidence) {
        BOOST_TEST(one.site.str() == "n0/cpu");
        auto& samples = all[one.version.version];
        samples.insert(samples.end(), one.samples.begin(), one.samples.end());
      }
    return all;
  };
  submit();
  BOOST_TEST(seen().empty());
  share(50, true);
  for (int i = 0; i < 40; ++i)
    submit();
  auto all = seen();
  BOOST_TEST(all[1].size() + all[2].size() == 40u);
  BOOST_REQUIRE(!all[2].empty());
  BOOST_TEST(rollout::unpack(all[2][0]).latency_ms == 20.0);
  BOOST_TEST(rollout::unpack(all[1][0]).latency_ms == 10.0);
  BOOST_TEST(!rollout::unpack(all[1][0]).failed);
  // What was refused says nothing, a failure does.
  for (const auto failure : {errc::overloaded, errc::function_failed}) {
    new_host->answer_with
      = [=](const invocation&) { return reply::failure({failure, "x"}); };
    advance(10s);
    call(2);
    all = seen();
    BOOST_TEST(all[2].size() == (failure == errc::overloaded ? 0u : 1u));
  }
  BOOST_TEST(rollout::unpack(all[2].at(0)).failed);
  // At a bounded rate.
  for (int i = 0; i < 1000; ++i)
    submit();
  all = seen();
  BOOST_TEST(all[1].size() <= 50u);
}

BOOST_AUTO_TEST_CASE(a_version_that_is_gone_is_let_go) {
  call(2);
  BOOST_TEST(counters.of(actor_kind::lane).alive == 1u);
  std::weak_ptr<fake_host> watch = new_host;
  new_host.reset();
  publish({{old_host, nullptr}});
  submit();
  settle();
  BOOST_TEST(watch.expired());
  BOOST_TEST(port->find("f:2") == nullptr);
  BOOST_TEST(counters.of(actor_kind::lane).alive == 1u); // version 1's
}

BOOST_AUTO_TEST_SUITE_END()
