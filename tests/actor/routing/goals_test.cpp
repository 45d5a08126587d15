// Goals other than the least latency: money, energy, events that stay together.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;

namespace {

/// Two local sites that answer at once: "n0" takes 10 ms on paper, "n1" 12.
struct goals_world : port_world {
  goals_world() {
    for (auto* one : {&quick, &slow})
      (*one)->answer_with = [](const invocation&) { return ok_reply(); };
  }
  static routing::estimate belief_of(double ms) {
    routing::estimate belief;
    belief.slope = 0;
    belief.intercept = ms;
    belief.log_var = belief.log_noise = 0.01;
    return belief;
  }
  std::shared_ptr<route> with(const std::string& policy) {
    auto made
      = route_of({{quick, nullptr}, {slow, nullptr}}, false, 1, {}, policy);
    cells = {std::make_shared<routing::estimate_cell>(belief_of(10)),
             std::make_shared<routing::estimate_cell>(belief_of(12))};
    for (size_t i = 0; i < cells.size(); ++i)
      made->targets[i].cell = cells[i];
    return made;
  }
  /// How many of 20 events went to the slower site.
  int to_slow(std::shared_ptr<const route> by) {
    open();
    publish(std::move(by));
    quick->submitted = slow->submitted = 0;
    for (int i = 0; i < 20; ++i)
      BOOST_TEST((code(submit()) == errc::ok));
    BOOST_TEST(quick->submitted + slow->submitted == 20);
    return slow->submitted;
  }
  int to_slow(const std::string& policy, const routing::site_costs& of_quick,
              const routing::site_costs& of_slow, double threads = 1) {
    auto made = with(policy);
    made->targets[0].costs = of_quick;
    made->targets[1].costs = of_slow;
    made->targets[0].threads = threads;
    return to_slow(std::move(made));
  }
  /// Where an event of that session went; its policy is "sticky".
  int site_of(const std::string& session) {
    const auto before = slow->submitted;
    auto one = event();
    one.headers.push_back({"X-Session", session});
    port->submit(std::move(one), got->promise(++last_token));
    BOOST_TEST((code(last_token) == errc::ok));
    return slow->submitted - before;
  }

  std::shared_ptr<fake_host> quick = std::make_shared<fake_host>(),
                             slow = std::make_shared<fake_host>();
  std::array<std::shared_ptr<routing::estimate_cell>, 2> cells;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(goals_test, goals_world)

BOOST_AUTO_TEST_CASE(a_price_sends_events_to_the_cheaper_site) {
  // 10 ms at 4 a second cost 0.04, 12 ms at 1 a second 0.012: 2 ms more are
  // worth it where the currency's unit weighs more than 71 ms.
  const routing::site_costs dear{4, 0, 0}, cheap{1, 0, 0};
  BOOST_TEST(to_slow("weighted:price=100,explore=0", dear, cheap) == 20);
  BOOST_TEST(to_slow("weighted:price=50,explore=0", dear, cheap) == 0);
  BOOST_TEST(to_slow("weighted:price=0,explore=0", dear, cheap) == 0);
  BOOST_TEST(to_slow("weighted:price=100,explore=0", cheap, dear) == 0);
  BOOST_TEST(to_slow("weighted:price=100,explore=0", dear, dear) == 0);
}

BOOST_AUTO_TEST_CASE(a_price_does_not_matter_to_who_asks_for_latency) {
  BOOST_TEST(to_slow("min-latency:explore=0", {4, 0, 0}, {1, 0, 0}) == 0);
}

BOOST_AUTO_TEST_CASE(energy_is_the_power_beyond_the_idle_site) {
  // 10 ms at 150 W are 1.5 J, 12 ms at 10 W 0.12 J: worth 2 ms where a joule
  // weighs more than 1.45 ms. What the idle site draws is drawn anyway.
  const routing::site_costs hungry{0, 50, 200}, frugal{0, 300, 310};
  const auto by = [](const char* joule) {
    return "weighted:price=0,explore=0,energy=" + std::string{joule};
  };
  BOOST_TEST(to_slow(by("2"), hungry, frugal) == 20);
  BOOST_TEST(to_slow(by("1"), hungry, frugal) == 0);
  BOOST_TEST(to_slow("weighted:explore=0", hungry, frugal) == 0);
  BOOST_TEST(to_slow(by("2"), frugal, hungry) == 0);
  // Eight events at once share the power: 0.19 J each.
  BOOST_TEST(to_slow(by("2"), hungry, frugal, 8) == 0);
}

BOOST_AUTO_TEST_CASE(a_key_stays_until_its_site_is_much_slower) {
  auto made = with("sticky:factor=1.5,slack=1");
  made->key = "X-Session";
  open();
  publish(std::move(made));
  cells[0]->write(belief_of(100)); // both sessions begin at the other one
  for (const auto* session : {"anna", "ben"})
    BOOST_TEST(site_of(session) == 1);
  cells[0]->write(belief_of(10));
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(site_of(i % 2 == 0 ? "anna" : "ben") == 1);
  cells[1]->write(belief_of(20)); // more than 1.5 times 10 ms and 1 ms
  BOOST_TEST(site_of("anna") == 0);
  cells[1]->write(belief_of(12));
  BOOST_TEST(site_of("anna") == 0);
  BOOST_TEST(site_of("ben") == 1); // it sent nothing meanwhile
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_SUITE_END()
