// What a scrape tells of slots and queues.
#include "actors/routing/host_metrics.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

class busy_host final : public function_host {
public:
  void submit(invocation&&, completion&&) override {}
  host_stats stats() const override {
    host_stats now;
    now.slots = 4;
    now.running = 3;
    now.waiting = 2;
    now.refused = 7;
    now.instances = 5;
    now.cold_starts = 1;
    now.pool_starts = 20;
    now.warm_starts = 300;
    return now;
  }
  std::vector<profile_point> profile() const override { return {}; }
  string_map facts() const override { return {}; }
  void close(std::function<void()> closed) override { closed(); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(host_metrics_test)

BOOST_AUTO_TEST_CASE(each_host_has_its_slots_and_queue) {
  routing_board board;
  auto table = std::make_shared<routing_table>();
  table->hosts[{function_name{"f"}, 2}] = std::make_shared<busy_host>();
  board.publish(std::move(table));
  const host_metrics metrics{board, site_name{"n1/cpu"}};
  std::map<std::string, double> values;
  for (const auto& family : metrics.collect()) {
    if (family.name == "petrel_starts_total") {
      for (const auto& sample : family.samples)
        values[sample.labels.at(3).second] = sample.value;
      continue;
    }
    BOOST_REQUIRE_EQUAL(family.samples.size(), 1u);
    const auto& sample = family.samples[0];
    BOOST_TEST(sample.labels[0].second == "f");
    BOOST_TEST(sample.labels[1].second == "2");
    BOOST_TEST(sample.labels[2].second == "n1/cpu");
    values[family.name] = sample.value;
  }
  BOOST_TEST(values["petrel_slots"] == 4);
  BOOST_TEST(values["petrel_running"] == 3);
  BOOST_TEST(values["petrel_queue_depth"] == 2);
  BOOST_TEST(values["petrel_refused_total"] == 7);
  BOOST_TEST(values["petrel_instances"] == 5);
  BOOST_TEST(values["cold"] == 1);
  BOOST_TEST(values["pool"] == 20);
  BOOST_TEST(values["warm"] == 300);
}

BOOST_AUTO_TEST_CASE(without_functions_the_families_are_empty) {
  const routing_board board;
  for (const auto& family : host_metrics{board, site_name{"n"}}.collect())
    BOOST_TEST(family.samples.empty());
}

BOOST_AUTO_TEST_SUITE_END()
