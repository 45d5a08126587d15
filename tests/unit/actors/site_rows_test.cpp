// What people are shown of a function's sites: as loops would predict and choose.
#include "actors/predictor/site_rows.hpp"

#include "libfaas/core/limits.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/unit/routing/candidates.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct quiet_peer final : peer {
  quiet_peer() {
    usable = true;
    body_bytes = limits::body_bytes;
  }
  void send(std::vector<link_event>) override {}
  void probe(const version_ref&,
             std::function<void(const host_probe&)>) override {}
};

/// A service of `ms` on a way of 4 ms, and 1 ms per 1000 bytes up, 2 down.
routing::estimate remote(double ms) {
  auto e = certain(ms, 4);
  e.up_ms_per_byte = 1e-3;
  e.down_ms_per_byte = 2e-3;
  return e;
}

/// Each event there costs later ones half of its time.
routing::estimate busy(double ms) {
  auto e = remote(ms);
  e.load = 1;
  return e;
}

struct rows_world {
  rows_world() {
    const auto local = *core.add_link(routing::loopback_link());
    site = *core.add_site({"edge-1/cpu", "edge", local, 1});
    of.index = *core.add_function("f@1");
    of.view.name = function_name{"f"};
    of.version = {of.view.name, 1};
    of.policy = "min-latency";
  }

  route_target& add(const std::string& name, const routing::estimate& belief) {
    auto& target = of.targets.emplace_back();
    target.site = site_name{name};
    target.tier = "cloud";
    target.index = routing::site_index{
      static_cast<uint32_t>(of.targets.size() - 1)};
    auto fresh = belief;
    fresh.updated_ms = to_ms(now.time_since_epoch());
    target.cell = std::make_shared<routing::estimate_cell>(fresh);
    target.load = std::make_shared<routing::shared_load>();
    target.link_load = std::make_shared<routing::shared_link_load>();
    target.via = std::make_shared<quiet_peer>();
    return target;
  }
  /// An event of the function has had so many bytes.
  void see(routing::way_bytes bytes) {
    routing::observation seen;
    seen.function = of.index;
    seen.site = site;
    seen.bytes = bytes;
    seen.service_ms = seen.total_ms = 10;
    seen.at = now;
    BOOST_REQUIRE(core.observe(seen));
  }
  std::vector<site_status> rows(double size = 1) const {
    return site_rows({core, stats, now}, of, size);
  }
  std::string best() const {
    for (const auto& row : rows())
      if (row.best)
        return row.site.str();
    return {};
  }
  std::string runner_up() const {
    for (const auto& row : rows())
      if (row.runner_up)
        return row.site.str();
    return {};
  }

  time_point now{1h};
  routing::predictor core;
  routing::site_index site;
  stats_book stats;
  route of;
};

const auto within = boost::test_tools::tolerance(1e-6);

} // namespace

BOOST_FIXTURE_TEST_SUITE(site_rows_test, rows_world)

BOOST_AUTO_TEST_CASE(the_bytes_of_usual_events_count) {
  add("a/cpu", remote(10));
  BOOST_TEST(rows()[0].network_ms == 4, within);
  BOOST_TEST(rows()[0].request_bytes == 0);
  see({5000, 3000});
  const auto row = rows()[0];
  BOOST_TEST(row.request_bytes == 5000);
  BOOST_TEST(row.reply_bytes == 3000);
  BOOST_TEST(row.network_ms == 4 + 5 + 6, within);
  BOOST_TEST(row.total_ms == 25, within);
}

BOOST_AUTO_TEST_CASE(bytes_decide_between_sites) {
  add("far/cpu", remote(10));
  add("near/cpu", certain(20));
  BOOST_TEST(best() == "far/cpu");
  see({5000, 3000});
  BOOST_TEST(best() == "near/cpu");
}

BOOST_AUTO_TEST_CASE(what_is_ahead_on_the_link_counts) {
  auto& target = add("a/cpu", remote(10));
  target.link_load->send(7000, 1e-3, now);
  BOOST_TEST(rows()[0].network_ms == 4 + 7, within);
}

BOOST_AUTO_TEST_CASE(replies_ahead_on_the_way_back_count) {
  auto& target = add("a/cpu", remote(10));
  // Ready when this one's is, and for 30 ms on the link.
  target.link_load->expect({to_ms(now.time_since_epoch()) + 12, 30});
  BOOST_TEST(rows()[0].network_ms == 4 + 30, within);
}

BOOST_AUTO_TEST_CASE(own_events_at_the_site_count) {
  auto& target = add("a/cpu", remote(10));
  target.load->start(50, 2, now); // there with it
  BOOST_TEST(rows()[0].queue_ms == 50, within);
}

BOOST_AUTO_TEST_CASE(what_is_imposed_is_shown_and_decides) {
  add("a/cpu", busy(20));
  add("b/cpu", remote(24));
  const auto all = rows();
  BOOST_TEST(all[0].total_ms == 24, within);
  BOOST_TEST(all[0].imposed_ms == 10, within);
  BOOST_TEST(all[1].total_ms == 28, within);
  BOOST_TEST(all[1].imposed_ms == 0, within);
  BOOST_TEST(all[1].best);
  BOOST_TEST(all[0].runner_up);
  BOOST_TEST(all[0].foretold);
  BOOST_TEST(all[0].policy == "min-latency");
  of.policy = "min-latency:social=0";
  BOOST_TEST(best() == "a/cpu");
  BOOST_TEST(runner_up() == "b/cpu");
}

BOOST_AUTO_TEST_CASE(prices_count_where_the_policy_minds_them) {
  add("a/cpu", remote(20)).costs.price_per_s = 1000;
  add("b/cpu", remote(30));
  BOOST_TEST(best() == "a/cpu");
  of.policy = "weighted";
  BOOST_TEST(best() == "b/cpu");
}

BOOST_AUTO_TEST_CASE(power_counts_where_the_policy_minds_it) {
  auto& hot = add("a/cpu", remote(20));
  hot.costs.busy_watts = 400;
  hot.threads = 4;
  add("b/cpu", remote(30));
  of.policy = "weighted:energy=1"; // 100 W for 20 ms: 2
  BOOST_TEST(best() == "a/cpu");
  of.policy = "weighted:energy=10";
  BOOST_TEST(best() == "b/cpu");
}

BOOST_AUTO_TEST_CASE(a_static_policy_names_its_site) {
  add("a/cpu", remote(20));
  add("b/cpu", remote(90));
  of.policy = "static";
  of.fixed_name = "b/cpu";
  of.fixed = routing::site_index{1};
  BOOST_TEST(best() == "b/cpu");
  BOOST_TEST(runner_up() == "");
  BOOST_TEST(rows()[0].policy == "static:b/cpu");
  BOOST_TEST(rows()[0].candidate);
  of.targets[1].via->usable = false;
  BOOST_TEST(best() == "");
  BOOST_TEST(rows()[1].why_not == "the node does not answer");
}

BOOST_AUTO_TEST_CASE(a_policy_that_counts_is_not_foretold) {
  add("a/cpu", busy(20));
  add("b/cpu", remote(24));
  add("c/cpu", remote(90));
  for (const auto policy : {"jsq", "round-robin", "ewma:alpha=0.3", "linucb",
                            "stoic"}) {
    of.policy = policy;
    BOOST_TEST(!rows()[0].foretold, policy);
    BOOST_TEST(rows()[0].policy == policy);
    BOOST_TEST(best() == "b/cpu", policy);
    BOOST_TEST(runner_up() == "a/cpu", policy);
  }
}

/// A policy of a newer node is run as min-latency.
BOOST_AUTO_TEST_CASE(an_unknown_policy_goes_as_min_latency) {
  add("a/cpu", busy(20));
  add("b/cpu", remote(24)).deploying = true;
  of.policy = "of-a-newer-node";
  BOOST_TEST(rows()[0].foretold);
  BOOST_TEST(best() == "b/cpu");
}

BOOST_AUTO_TEST_CASE(the_manifest_s_deadline_is_minded) {
  add("a/cpu", remote(20)).costs.price_per_s = 5;
  add("b/cpu", remote(60)).costs.price_per_s = 1;
  of.policy = "deadline";
  of.view.timeout = 10s;
  BOOST_TEST(best() == "b/cpu");
  of.deadline = 40ms;
  BOOST_TEST(best() == "a/cpu");
  BOOST_TEST(runner_up() == "");
  of.deadline = 5ms;
  BOOST_TEST(best() == "");
  of.deadline = 0ms;
  of.view.timeout = 40ms; // without a deadline that is all the time there is
  BOOST_TEST(best() == "a/cpu");
}

BOOST_AUTO_TEST_CASE(a_site_that_is_deploying_says_when_it_is_ready) {
  auto coming = remote(1);
  coming.ready_at_ms = to_ms(now.time_since_epoch()) + 3000;
  add("a/cpu", remote(20));
  add("b/cpu", coming).deploying = true;
  auto row = rows()[1];
  BOOST_TEST(row.candidate);
  BOOST_TEST(row.ready_in_ms.value() == 3000, within);
  BOOST_TEST(row.cold_ms == 3000 - 2, within);
  BOOST_TEST(best() == "a/cpu");
  BOOST_TEST(runner_up() == "b/cpu");
  BOOST_TEST(!rows()[0].ready_in_ms);
  of.policy = "jsq";
  row = rows()[1];
  BOOST_TEST(!row.candidate);
  BOOST_TEST(row.why_not.find("policy jsq does not wait")
             != std::string::npos);
  BOOST_TEST(runner_up() == "");
}

BOOST_AUTO_TEST_CASE(events_that_wait_for_a_deployment_are_ahead) {
  auto coming = remote(10);
  coming.ready_at_ms = to_ms(now.time_since_epoch()) + 3000;
  add("b/cpu", coming).deploying = true;
  auto counts = stats.open(of.view.name, site_name{"b/cpu"});
  counts->in_flight = 7;
  BOOST_TEST(rows()[0].queue_ms == 70, within);
  BOOST_TEST(rows()[0].in_flight == 7u);
}

BOOST_AUTO_TEST_CASE(who_is_no_candidate_says_why) {
  add("a/cpu", remote(10)).cannot = true;
  add("b/cpu", remote(20));
  add("c/cpu", remote(30));
  of.targets[2].via->body_bytes = 1000;
  of.unfit = {{site_name{"d"}, "edge", "no GPU"}};
  see({5000, 0});
  const auto all = rows();
  BOOST_TEST(all[0].why_not == "it cannot be loaded there now");
  BOOST_TEST(all[1].best);
  BOOST_TEST(!all[2].candidate);
  BOOST_TEST(all[2].why_not.find("5000 bytes") != std::string::npos);
  BOOST_REQUIRE(all.size() == 4u);
  BOOST_TEST(all[3].why_not == "no GPU");
  BOOST_TEST(all[3].policy == "min-latency");
  BOOST_TEST(!all[3].best);
}

BOOST_AUTO_TEST_CASE(a_host_of_this_node_is_a_candidate) {
  auto& here = add("a/cpu", certain(10));
  here.via = nullptr;
  BOOST_TEST(!rows()[0].candidate);
  here.host = std::make_shared<fake_host>();
  BOOST_TEST(rows()[0].candidate);
  BOOST_TEST(best() == "a/cpu");
}

BOOST_AUTO_TEST_SUITE_END()
