// Which events join a batch, and when it is closed; with a clock of the test.
#include "functions/host/batch_former.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::host;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};

batch_entry entry(uint32_t items, duration left = 10s, uint64_t bucket = 0) {
  return {items, bucket, start + left};
}

/// 4 ms and 1 ms per item.
batch_rules timed(uint32_t most, duration window = {}) {
  return {most, window,
          [](uint32_t items) -> duration { return 4ms + items * 1ms; }};
}

} // namespace

BOOST_AUTO_TEST_SUITE(batch_former_test)

  BOOST_AUTO_TEST_CASE(events_join_up_to_the_most) {
    const batch_rules rules{8};
    batch_former batch{rules, entry(3), start};
    BOOST_TEST(batch.admits(entry(5), start));
    BOOST_TEST(!batch.admits(entry(6), start));
    batch.add(entry(5));
    BOOST_TEST(batch.items() == 8u);
    BOOST_TEST(batch.full());
    BOOST_TEST(!batch.admits(entry(1), start));
  }

  BOOST_AUTO_TEST_CASE(without_a_window_nothing_is_waited_for) {
    const batch_rules rules{8};
    const batch_former batch{rules, entry(1), start};
    BOOST_TEST((batch.closes() == start));
  }

  BOOST_AUTO_TEST_CASE(window_is_waited_for_unless_the_batch_is_full) {
    const batch_rules rules{4, 5ms};
    batch_former batch{rules, entry(1), start};
    BOOST_TEST((batch.closes() == start + 5ms));
    batch.add(entry(3));
    BOOST_TEST((batch.closes() == start));
  }

  BOOST_AUTO_TEST_CASE(no_batches_where_the_most_is_one_or_none) {
    for (const uint32_t most : {0, 1}) {
      const batch_rules rules{most, 5ms};
      const batch_former batch{rules, entry(1), start};
      BOOST_TEST(!batch.admits(entry(1), start));
      BOOST_TEST((batch.closes() == start));
    }
  }

  BOOST_AUTO_TEST_CASE(event_larger_than_the_most_goes_alone) {
    const batch_rules rules{8, 5ms};
    const batch_former batch{rules, entry(100), start};
    BOOST_TEST(!batch.admits(entry(1), start));
    BOOST_TEST((batch.closes() == start));
  }

  BOOST_AUTO_TEST_CASE(event_that_cannot_be_joined_goes_alone) {
    const batch_rules rules{8, 5ms};
    const batch_former alone{rules, entry(0), start};
    BOOST_TEST(!alone.admits(entry(1), start));
    BOOST_TEST((alone.closes() == start));
    const batch_former batch{rules, entry(1), start};
    BOOST_TEST(!batch.admits(entry(0), start));
  }

  BOOST_AUTO_TEST_CASE(other_shapes_do_not_join) {
    const batch_rules rules{8};
    const batch_former batch{rules, entry(1, 10s, 7), start};
    BOOST_TEST(!batch.admits(entry(1, 10s, 8), start));
    BOOST_TEST(batch.admits(entry(1, 10s, 7), start));
  }

  BOOST_AUTO_TEST_CASE(batch_is_closed_before_an_event_misses_its_deadline) {
    const auto rules = timed(8, 100ms);
    batch_former batch{rules, entry(1, 50ms), start};
    // 5 ms expected and a quarter on top
    BOOST_TEST((batch.closes() == start + 50ms - 6250us));
    batch.add(entry(1, 20ms));
    BOOST_TEST((batch.closes() == start + 20ms - 7500us));
    batch.add(entry(1, 1ms)); // it is late already: at once
    BOOST_TEST((batch.closes() == start));
  }

  BOOST_AUTO_TEST_CASE(event_does_not_join_when_one_would_be_too_late) {
    const auto rules = timed(100);
    const batch_former batch{rules, entry(1, 30ms), start};
    BOOST_TEST(batch.admits(entry(19, 10s), start));  // 30 ms with the quarter
    BOOST_TEST(!batch.admits(entry(20, 10s), start)); // the first would be late
    BOOST_TEST(!batch.admits(entry(1, 7ms), start));  // itself would be
    BOOST_TEST(batch.admits(entry(1, 8ms), start));
    BOOST_TEST(!batch.admits(entry(19, 10s), start + 1ms));
  }

  BOOST_AUTO_TEST_SUITE_END()
