// Runs of sample events, under a clock of the test.
#include "functions/host/sample_runs.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace faas;
using namespace faas::host;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

struct runs_fixture {
  /// What a sample does, given how often it ran before.
  using behaviour = std::function<reply(int, invocation_context&)>;

  class instance final : public function_instance {
  public:
    explicit instance(runs_fixture& of) : of_(of) { ++of_.made; }
    reply invoke(const invocation& event,
                 invocation_context& context) noexcept override {
      const std::string name{event.body.view()};
      of_.ids.push_back(event.id);
      BOOST_TEST((context.remaining() == of_.limits.each));
      of_.order += name;
      return of_.plans.at(name)(of_.ran[name]++, context);
    }
    bool usable() noexcept override { return !of_.broken; }

  private:
    runs_fixture& of_;
  };

  time_point now{100s};
  bool broken = false, stopped = false, makes = true;
  int made = 0;
  std::map<std::string, behaviour> plans;
  std::map<std::string, int> ran;
  std::string order;
  std::vector<call_id> ids;
  std::vector<sample> samples;
  std::unique_ptr<function_instance> used;
  sample_limits limits;

  behaviour takes(std::vector<duration> times) {
    return [this, times](int before, invocation_context&) {
      now += times[std::min<size_t>(before, times.size() - 1)];
      return reply{};
    };
  }
  void add(const std::string& name, double size, behaviour what) {
    sample one{name + ".bin", {}};
    one.event.body = blob{name};
    one.event.size = size;
    samples.push_back(std::move(one));
    plans[name] = std::move(what);
  }
  sample_outcome run() {
    const sample_bench bench{
      [this] { return now; }, [this] { return stopped; },
      [](log_level, std::string_view, const call_id*) {},
      [this]() -> result<std::unique_ptr<function_instance>> {
        if (!makes)
          return error{errc::unavailable, "no memory"};
        broken = false;
        std::unique_ptr<function_instance> fresh
          = std::make_unique<instance>(*this);
        return fresh;
      }};
    return run_samples(samples, used, bench, limits);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sample_runs_test, runs_fixture)

BOOST_AUTO_TEST_CASE(a_point_is_the_median_of_what_came_after_a_warm_up) {
  add("a", 3, takes({900ms, 4ms, 90ms, 6ms, 5ms, 1ms}));
  add("b", 7, takes({1ms, 9ms}));
  const auto found = run();
  BOOST_TEST(order == "abababababab"); // in turn, the warm-ups first
  BOOST_REQUIRE(found.points.size() == 2u);
  BOOST_TEST(found.points[0].size == 3);
  BOOST_TEST(found.points[0].ms == 5);
  BOOST_TEST(found.points[1].size == 7);
  BOOST_TEST(found.points[1].ms == 9);
  BOOST_TEST(found.left_out.empty());
  BOOST_TEST((found.took == 1052ms));
  BOOST_TEST(made == 1);
  BOOST_TEST(bool(used)); // warm, for the first event
  std::sort(ids.begin(), ids.end());
  BOOST_TEST((std::adjacent_find(ids.begin(), ids.end()) == ids.end()));
}

BOOST_AUTO_TEST_CASE(no_run_begins_after_the_whole_time) {
  add("a", 1, takes({800ms}));
  add("b", 2, takes({700ms}));
  const auto found = run(); // a, b, a, b: the fourth begins at 2.3 s
  BOOST_TEST(order == "abab");
  BOOST_REQUIRE(found.points.size() == 2u);
  BOOST_TEST((found.took == 3s));
}

BOOST_AUTO_TEST_CASE(what_had_no_time_left_says_so) {
  add("a", 1, takes({900ms}));
  add("b", 2, takes({900ms}));
  add("c", 3, takes({900ms}));
  const auto found = run();
  BOOST_TEST(order == "abca");
  BOOST_REQUIRE(found.points.size() == 1u);
  BOOST_TEST(found.points[0].size == 1);
  BOOST_REQUIRE(found.left_out.size() == 2u);
  BOOST_TEST(found.left_out[0].starts_with("b.bin: no time was left"));
}

BOOST_AUTO_TEST_CASE(one_that_fails_is_left_out_with_the_reason) {
  add("a", 1, [](int, invocation_context&) {
    return reply::failure({errc::function_failed, "it threw", ""});
  });
  add("b", 2, [](int before, invocation_context&) {
    reply answer;
    answer.status = before < 3 ? 200 : 404;
    return answer;
  });
  add("c", 3, takes({1001ms, 1ms}));
  add("d", 4, takes({1000ms, 2ms}));
  const auto found = run();
  BOOST_TEST(order == "abcdbdbdbddd"); // not again once it failed
  BOOST_REQUIRE(found.points.size() == 1u);
  BOOST_TEST(found.points[0].size == 4);
  const std::vector<std::string> wanted{
    "a.bin: it threw", "c.bin: it took longer than 1000 ms",
    "b.bin: it was answered 404"};
  BOOST_TEST(found.left_out == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(crashes_cost_two_instances_at_most) {
  const auto crashes = [this](int, invocation_context&) {
    broken = true;
    return reply::failure({errc::outcome_unknown, "it died", ""});
  };
  add("a", 1, crashes);
  add("b", 2, takes({1ms}));
  auto found = run();
  BOOST_REQUIRE(found.points.size() == 1u); // on another instance
  BOOST_TEST(found.left_out.at(0) == "a.bin: it died");
  BOOST_TEST(made == 2);

  used.reset();
  made = 0;
  order.clear();
  add("c", 3, crashes);
  add("d", 4, crashes);
  found = run();
  BOOST_TEST(order == "abc");
  BOOST_TEST(made == 2);
  BOOST_TEST(!used);
  BOOST_TEST(found.points.empty());
  BOOST_REQUIRE(found.left_out.size() == 4u);
  BOOST_TEST(found.left_out[2].starts_with("b.bin: it was not run"));
}

BOOST_AUTO_TEST_CASE(an_instance_that_cannot_be_made_ends_it) {
  makes = false;
  add("a", 1, takes({1ms}));
  const auto found = run();
  BOOST_TEST(order == "");
  BOOST_TEST(found.left_out.at(0)
             == "a.bin: no instance could be made: no memory");
}

BOOST_AUTO_TEST_CASE(a_stop_ends_it_and_tells_the_run_under_way) {
  bool told = false;
  add("a", 1, [&](int, invocation_context& context) {
    BOOST_TEST(!context.cancelled());
    stopped = true;
    told = context.cancelled() && context.abandoned();
    return reply{};
  });
  const auto found = run();
  BOOST_TEST(told);
  BOOST_TEST(order == "a");
  BOOST_TEST(found.points.empty());
}

BOOST_AUTO_TEST_CASE(a_run_past_its_deadline_is_cancelled) {
  add("a", 1, [&](int, invocation_context& context) {
    now += limits.each;
    BOOST_TEST(context.cancelled());
    return reply::failure({errc::cancelled, "gave up", ""});
  });
  BOOST_TEST(run().left_out.at(0) == "a.bin: gave up");
}

BOOST_AUTO_TEST_CASE(bodies_and_headers_are_those_of_the_bundle) {
  scratch_folder bundle;
  write_file(bundle / "in/a.json", "{}");
  write_file(bundle / "large", std::string((1 << 20) + 1, 'x'));
  write_file(bundle / "over", "12345");
  write_file(bundle / "most", std::string(4, 'x'));
  function_spec spec;
  spec.name = function_name{"f"};
  spec.petrel.max_body_bytes = 4;
  spec.petrel.samples
    = {{"in/a.json", {{"content-TYPE", "application/json"}, {"X-A", "b"}}},
       {"none", {}},
       {"in", {}},
       {"large", {}},
       {"over", {}},
       {"most", {}}};
  std::vector<std::string> out;
  const auto all = read_samples(spec, bundle.path(), out);
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].name == "in/a.json");
  const auto& event = all[0].event;
  BOOST_TEST(event.body.view() == "{}");
  BOOST_TEST(event.content_type == "application/json");
  BOOST_TEST(*find_header(event.headers, "X-A") == "b");
  BOOST_TEST(*find_header(event.headers, "X-Faas-Sample") == "1");
  BOOST_TEST(event.method == "POST");
  BOOST_TEST(all[1].event.body.size() == 4u);
  const std::vector<std::string> wanted{
    "none: the bundle has no such file", "in: the bundle has no such file",
    "large: it has more than 1048576 bytes",
    "over: it is larger than petrel.max_body"};
  BOOST_TEST(out == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(facts_say_what_was_found) {
  const sample_outcome found{
    {{3, 5.25}, {1200, 123.4}}, {"a: why", "b: no"}, 1052ms};
  const auto facts = sample_facts(found, 4);
  BOOST_TEST(facts.at("samples") == "2 of 4: n=3 5.25 ms, n=1200 123 ms");
  BOOST_TEST(facts.at("samples_left_out") == "a: why; b: no");
  BOOST_TEST(facts.at("samples_ms") == "1052");
  BOOST_TEST(sample_facts({}, 1).at("samples") == "0 of 1");
  BOOST_TEST(sample_facts({}, 1).count("samples_left_out") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
