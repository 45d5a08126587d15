// Which parts of a bundle are asked for, and when again.
#include "actors/functions/pull_window.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using faas::actors::pull_window;

namespace {

constexpr uint64_t chunk = pull_window::chunk_bytes;

std::vector<uint64_t> asked(pull_window& window) {
  std::vector<uint64_t> all;
  while (const auto at = window.ask())
    all.push_back(*at);
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pull_window_test)

BOOST_AUTO_TEST_CASE(until_the_size_is_known_one_chunk_is_asked_for) {
  pull_window window;
  BOOST_TEST(asked(window) == std::vector<uint64_t>{0},
             boost::test_tools::per_element());
  BOOST_TEST(!window.complete());
}

BOOST_AUTO_TEST_CASE(a_bounded_number_of_bytes_is_on_the_way) {
  pull_window window;
  asked(window);
  BOOST_TEST(window.take(0, chunk, 100 * chunk));
  BOOST_TEST(asked(window).size() == pull_window::by_link.window / chunk);
  BOOST_TEST(asked(window).empty());
  BOOST_TEST(window.take(chunk, chunk, 100 * chunk));
  BOOST_TEST(asked(window).size() == 1u);
}

BOOST_AUTO_TEST_CASE(every_byte_is_asked_for_once_and_nothing_beyond) {
  for (const uint64_t total : {uint64_t{1}, chunk, chunk + 1, 20 * chunk - 5}) {
    pull_window window;
    auto open = asked(window);
    uint64_t next = 0;
    for (size_t i = 0; i < open.size(); ++i) { // grows
      BOOST_REQUIRE(open[i] == next);
      const auto size = std::min(chunk, total - next);
      BOOST_REQUIRE(!window.complete());
      BOOST_REQUIRE(window.take(open[i], size, total));
      next += size;
      for (const auto at : asked(window))
        open.push_back(at);
    }
    BOOST_TEST(next == total);
    BOOST_TEST(window.complete());
  }
}

BOOST_AUTO_TEST_CASE(after_a_loss_all_that_is_missing_is_asked_for_again) {
  pull_window window;
  asked(window);
  window.take(0, chunk, 4 * chunk);
  BOOST_TEST(asked(window).size() == 3u);
  BOOST_TEST(!window.take(2 * chunk, chunk, 4 * chunk)); // 1 was lost
  window.repeat();
  BOOST_TEST(asked(window) == (std::vector<uint64_t>{chunk, 2 * chunk,
                                                     3 * chunk}),
             boost::test_tools::per_element());
  BOOST_TEST(!window.take(0, chunk, 4 * chunk)); // a late copy
}

BOOST_AUTO_TEST_CASE(by_bulk_more_is_asked_for) {
  pull_window window{0, 100'000'000};
  size_t count = 0;
  while (const auto at = window.ask(pull_window::by_bulk))
    BOOST_REQUIRE(*at == count++ * pull_window::by_bulk.chunk);
  BOOST_TEST(count
             == pull_window::by_bulk.window / pull_window::by_bulk.chunk);
}

BOOST_AUTO_TEST_CASE(a_gap_is_mended_once_however_much_comes_behind_it) {
  pull_window window{chunk, 100 * chunk};
  const auto before = asked(window);
  BOOST_TEST(!window.mend());
  BOOST_TEST(!window.take(before[1], chunk, 100 * chunk)); // [0] was lost
  BOOST_TEST(window.mend());
  BOOST_TEST(asked(window) == before, boost::test_tools::per_element());
  for (size_t i = 2; i < before.size(); ++i) { // these were on the way
    BOOST_TEST(!window.take(before[i], chunk, 100 * chunk));
    BOOST_TEST(!window.mend());
  }
  BOOST_TEST(window.take(before[0], chunk, 100 * chunk));
  BOOST_TEST(!window.mend());
  BOOST_TEST(!window.take(before[2], chunk, 100 * chunk)); // another gap
  BOOST_TEST(window.mend());
}

BOOST_AUTO_TEST_CASE(a_repeated_answer_is_no_gap) {
  pull_window window{2 * chunk, 100 * chunk};
  asked(window);
  BOOST_TEST(!window.take(0, chunk, 100 * chunk));
  BOOST_TEST(!window.mend());
}

BOOST_AUTO_TEST_SUITE_END()
