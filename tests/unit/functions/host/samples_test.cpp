// Sample events between load and readiness of a host.
#include "tests/support/scratch_folder.hpp"
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;
using faas::testing::scratch_folder;
using faas::testing::write_file;

namespace {

struct samples_fixture : host_fixture {
  scratch_folder bundle;
  std::atomic<int> ran{0};

  samples_fixture() {
    write_file(bundle / "small", "12");
    write_file(bundle / "large", "123456");
    scripts["f"].invoke = [this](const invocation& event, invocation_context&) {
      ++ran;
      const auto* mark = find_header(event.headers, "X-Faas-Sample");
      return text_reply(mark ? "sample" : "event");
    };
  }
  host_request sampled() {
    auto from = request("f");
    from.folder = bundle.path();
    from.spec.petrel.samples = {{"small", {}}, {"large", {}}};
    from.spec.petrel.size.divisor = 2;
    return from;
  }
  bool logged(std::string_view text) {
    auto& report = told["f"];
    const std::lock_guard lock{report.mutex};
    return std::any_of(
      report.lines.begin(), report.lines.end(), [&](const auto& line) {
        return line.text.find(text) != std::string::npos;
      });
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(samples_test, samples_fixture)

BOOST_AUTO_TEST_CASE(they_are_run_before_it_is_ready_and_are_its_profile) {
  auto host = open_ready(sampled());
  BOOST_TEST(ran == 12); // of each one to warm up and five that count
  const auto points = host->profile();
  BOOST_REQUIRE(points.size() == 2u);
  BOOST_TEST(points[0].size == 1); // by the manifest's rule
  BOOST_TEST(points[1].size == 3);
  BOOST_TEST(points[0].ms > 0);
  BOOST_TEST(host->facts().at("samples").starts_with("2 of 2: n=1 "));
  BOOST_TEST(host->facts().count("samples_left_out") == 0u);
}

BOOST_AUTO_TEST_CASE(they_are_no_events) {
  auto host = open_ready(sampled());
  const auto before = host->stats();
  BOOST_TEST(before.accepted == 0u);
  BOOST_TEST(before.answered == 0u);
  BOOST_TEST(before.warm_starts + before.cold_starts + before.pool_starts
             == 0u);
  BOOST_TEST((host->probe().lately == duration::zero()));
  BOOST_TEST(before.instances == 1u);
  BOOST_TEST(scripts["f"].created == 1); // the one that the event finds
  BOOST_TEST(call(*host).body.view() == "event");
  BOOST_TEST(scripts["f"].created == 1);
  BOOST_TEST(host->stats().answered == 1u);
}

BOOST_AUTO_TEST_CASE(a_module_that_measures_itself_needs_none) {
  scripts["f"].profile = {{1, 0.5}};
  auto host = open_ready(sampled());
  BOOST_TEST(ran == 0);
  BOOST_REQUIRE(host->profile().size() == 1u);
  BOOST_TEST(host->profile()[0].ms == 0.5);
  BOOST_TEST(host->facts().at("samples").starts_with("not run"));
}

BOOST_AUTO_TEST_CASE(without_samples_nothing_is_run_or_said) {
  auto host = open_ready(request("f"));
  BOOST_TEST(ran == 0);
  BOOST_TEST(host->profile().empty());
  BOOST_TEST(host->facts().count("samples") == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_fails_does_not_keep_the_version_from_serving) {
  scripts["f"].invoke = [](const invocation& event, invocation_context&) {
    return event.body.size() == 2
             ? reply::failure({errc::function_failed, "it threw", ""})
             : text_reply("fine");
  };
  auto host = open_ready(sampled());
  BOOST_REQUIRE(host->profile().size() == 1u);
  BOOST_TEST(host->profile()[0].size == 3);
  BOOST_TEST(host->facts().at("samples_left_out") == "small: it threw");
  BOOST_TEST(logged("warning: sample event left out: small: it threw"));
  BOOST_TEST(call(*host, "123").body.view() == "fine");
  BOOST_TEST(told["f"].quarantined.empty());
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_said_and_the_rest_is_run) {
  auto from = sampled();
  from.spec.petrel.samples[0].body = "none";
  auto host = open_ready(from);
  BOOST_TEST(ran == 6);
  BOOST_TEST(host->profile().size() == 1u);
  BOOST_TEST(host->facts().at("samples_left_out")
             == "none: the bundle has no such file");
}

BOOST_AUTO_TEST_CASE(no_instance_is_asked_for_before_the_first_event) {
  auto from = sampled();
  from.spec.petrel.scale.min = 0;
  from.scale.least = 0;
  auto host = open_ready(from);
  BOOST_TEST(ran == 12);
  BOOST_TEST(host->profile().size() == 2u);
  BOOST_TEST(call(*host).body.view() == "event");
}

BOOST_AUTO_TEST_CASE(not_again_when_it_comes_back_into_memory) {
  auto from = sampled();
  from.spec.petrel.scale.min = 0;
  from.spec.petrel.scale.idle = 60s;
  auto host = open_ready(from);
  BOOST_TEST(ran == 12);
  hosts->tick(std::chrono::steady_clock::now());
  hosts->tick(std::chrono::steady_clock::now() + 61s);
  BOOST_REQUIRE(eventually([&] { return host->stats().unloads == 1; }));
  BOOST_TEST(call(*host).body.view() == "event");
  BOOST_TEST(scripts["f"].loaded == 2);
  BOOST_TEST(ran == 13);
  BOOST_TEST(host->profile().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_close_ends_them_and_waits_for_their_end) {
  door gate;
  std::atomic<bool> cancelled{false};
  scripts["f"].invoke = [&](const invocation&, invocation_context& context) {
    gate.pass();
    cancelled = context.cancelled();
    ++ran;
    return text_reply("");
  };
  start();
  auto from = sampled();
  from.spec.petrel.timeout = 3600s;
  auto& report = told["f"];
  auto host = *hosts->open(from, report.events());
  gate.await(1);
  host->close(report.on_close());
  BOOST_REQUIRE(report.wait([&] { return !report.loaded.empty(); }));
  BOOST_TEST(!report.loaded[0]);
  // What another thread had to do for its end is behind it now.
  scripts["g"].profile = {};
  close(open_ready(request("g")), "g");
  BOOST_TEST(report.closed == 0); // an instance is still in use
  gate.open();
  BOOST_REQUIRE(report.wait([&] { return report.closed == 1; }));
  BOOST_TEST(cancelled);
  BOOST_TEST(ran == 1);
  BOOST_TEST(scripts["f"].modules == 0);
  BOOST_TEST(scripts["f"].instances == 0);
}

BOOST_AUTO_TEST_CASE(a_close_does_not_wait_for_ever) {
  door gate;
  config.samples.each = config.samples.all = 20ms;
  scripts["f"].invoke = [&](const invocation&, invocation_context&) {
    gate.pass();
    return text_reply("");
  };
  start();
  auto& report = told["f"];
  auto host = *hosts->open(sampled(), report.events());
  gate.await(1);
  host->close(report.on_close());
  BOOST_REQUIRE(report.wait([&] { return report.closed == 1; }));
  BOOST_TEST(scripts["f"].modules == 1); // a thread is inside
  host.reset();
  gate.open();
  BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  BOOST_TEST(scripts["f"].instances == 0);
}

/// Its thread is written off like that of an event.
BOOST_AUTO_TEST_CASE(one_that_never_ends_costs_a_thread_and_no_version) {
  door gate;
  config.samples.each = config.samples.all = 20ms;
  scripts["f"].invoke = [&](const invocation& event, invocation_context&) {
    if (find_header(event.headers, "X-Faas-Sample"))
      gate.pass();
    return text_reply("fine");
  };
  auto host = open_ready(sampled());
  BOOST_TEST(host->profile().empty());
  BOOST_TEST(host->facts().at("samples_left_out")
             == "all: one of them did not end");
  BOOST_TEST(call(*host).body.view() == "fine");
  BOOST_TEST(scripts["f"].created == 2); // the lost one is not used
  BOOST_TEST(scripts["f"].modules == 1);
  close(host, "f"); // the module stays for the thread that is inside
  BOOST_TEST(scripts["f"].modules == 1);
  gate.open();
  host.reset();
  BOOST_TEST(eventually([&] { return scripts["f"].instances == 0; }));
  BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()
