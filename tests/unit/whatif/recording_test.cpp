// Decisions of a log become events.
#include "libfaas/whatif/recording.hpp"
#include "tests/unit/decisions/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace faas;
using namespace faas::whatif;
using decisions::record;

namespace {

std::vector<record> some(size_t count,
                         const decisions::context_ptr& of
                         = test::three_sites()) {
  random_source random{5};
  std::vector<record> made;
  for (size_t i = 0; i < count; ++i)
    made.push_back(test::usual(
      random, of, 1'700'000'000'000'000 + static_cast<int64_t>(i) * 20'000));
  return made;
}

std::string refusal(std::vector<record> log, const std::string& function = {}) {
  const auto got = recording_of(std::move(log), function);
  BOOST_REQUIRE(!got);
  BOOST_TEST(bool(got.error().code == errc::invalid_argument));
  return got.error().message;
}

void says(const std::string& text, const char* part) {
  BOOST_TEST(text.find(part) != std::string::npos, text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(recording_test)

BOOST_AUTO_TEST_CASE(events_come_by_time_with_what_was_said_of_all_sites) {
  auto log = some(50);
  std::swap(log[3], log[40]);
  const auto got = recording_of(log);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->events.size() == 50u);
  BOOST_TEST(got->sites.size() == 3u);
  BOOST_TEST(got->events[1].at == 20);
  BOOST_TEST(got->events.back().at == 980);
  BOOST_TEST(got->policies.front() == "min-latency");
  BOOST_TEST(got->said_of(7, 2).considered);
  BOOST_TEST(got->said_of(7, 2).service >= 11);
  BOOST_TEST(!got->sampled);
}

BOOST_AUTO_TEST_CASE(attempts_are_one_event) {
  auto log = some(50);
  log[10].how = decisions::ending::lost;
  log[10].went_on = true;
  log[10].total_ms = 250;
  auto again = log[10];
  again.at_us += 250'000;
  again.attempt = 2;
  again.chosen = 2;
  again.how = decisions::ending::ok;
  again.went_on = false;
  again.total_ms = 40;
  log.push_back(again);
  const auto got = recording_of(log);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->events.size() == 50u);
  BOOST_TEST(got->again == 1u);
  BOOST_TEST(got->not_run == 0u);
  BOOST_TEST(got->events[10].site == 2u);
  BOOST_TEST(std::abs(got->events[10].latency - 290) < 0.01);
}

BOOST_AUTO_TEST_CASE(a_sample_stands_for_all) {
  auto log = some(50);
  for (auto& one : log)
    one.logged = 0.25;
  const auto got = recording_of(log);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->sampled);
  BOOST_TEST(got->events[0].weight == 4);
}

BOOST_AUTO_TEST_CASE(a_log_that_does_not_tell_is_refused) {
  says(refusal({}), "no decisions in it");
  says(refusal(some(50), "other"), "no decisions of other");
  auto mixed = some(50);
  for (auto& one : some(20, std::make_shared<decisions::context>(
                              decisions::context{"other", 1, "random",
                                                 {"edge-1/cpu"}}))) {
    one.sites.resize(1);
    mixed.push_back(one);
  }
  says(refusal(mixed), "different sites");
  BOOST_TEST(bool(recording_of(mixed, "resize")));
  auto switched = some(50);
  auto other = *test::three_sites();
  other.policy = "random";
  const auto of = std::make_shared<const decisions::context>(other);
  for (size_t i = 30; i < 50; ++i)
    switched[i].of = of;
  says(refusal(switched), "several policies");
  auto failing = some(50);
  for (size_t i = 0; i < 10; ++i)
    failing[i].how = decisions::ending::refused;
  says(refusal(failing), "10 of 50 events");
}

BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
  const auto spoil = [](auto change) {
    auto log = some(50);
    change(log[20]);
    return refusal(std::move(log));
  };
  const auto nan = std::nanf("");
  says(spoil([&](record& one) { one.total_ms = nan; }), "damaged");
  says(spoil([&](record& one) { one.service_ms = -1; }), "damaged");
  says(spoil([&](record& one) { one.logged = 0; }), "damaged");
  says(spoil([&](record& one) { one.size = INFINITY; }), "damaged");
}

BOOST_AUTO_TEST_SUITE_END()
