#include "libfaas/flow/slot_table.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

using faas::flow::slot_table;

BOOST_AUTO_TEST_SUITE(slot_table_test)

BOOST_AUTO_TEST_CASE(a_token_finds_its_value_until_it_is_taken) {
  slot_table<std::string> table{4};
  const auto token = table.insert("one").first;
  BOOST_REQUIRE(table.find(token));
  BOOST_TEST(*table.find(token) == "one");
  BOOST_TEST(table.take(token) == "one");
  BOOST_TEST(table.find(token) == nullptr);
  BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_stale_token_does_not_find_the_slots_next_value) {
  slot_table<std::string> table{1};
  const auto old = table.insert("one").first;
  table.erase(old);
  const auto fresh = table.insert("two").first;
  BOOST_TEST(static_cast<uint32_t>(old) == static_cast<uint32_t>(fresh));
  BOOST_TEST(table.find(old) == nullptr);
  BOOST_TEST(*table.find(fresh) == "two");
}

BOOST_AUTO_TEST_CASE(it_is_full_at_its_capacity) {
  slot_table<int> table{2};
  table.insert(1);
  BOOST_TEST(!table.full());
  const auto second = table.insert(2).first;
  BOOST_TEST(table.full());
  table.take(second);
  BOOST_TEST(!table.full());
}

BOOST_AUTO_TEST_CASE(it_agrees_with_a_map_under_random_use) {
  const uint64_t seed = 42;
  BOOST_TEST_MESSAGE("seed " << seed);
  faas::random_source random{seed};
  slot_table<uint64_t> table{64};
  std::map<uint64_t, uint64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    if (!table.full() && random.below(2) == 0) {
      auto [token, slot] = table.insert(random.next());
      BOOST_REQUIRE(model.emplace(token, slot).second);
    } else if (!model.empty()) {
      auto it = model.begin();
      std::advance(it, static_cast<long>(random.below(model.size())));
      BOOST_REQUIRE(table.find(it->first));
      BOOST_REQUIRE_EQUAL(table.take(it->first), it->second);
      BOOST_REQUIRE(!table.find(it->first));
      model.erase(it);
    }
    BOOST_REQUIRE_EQUAL(table.size(), model.size());
  }
  size_t seen = 0;
  table.for_each([&](uint64_t token, uint64_t value) {
    ++seen;
    BOOST_TEST(model.at(token) == value);
  });
  BOOST_TEST(seen == model.size());
}

BOOST_AUTO_TEST_SUITE_END()
