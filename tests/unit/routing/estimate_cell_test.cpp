#include "libfaas/routing/estimate_cell.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

using namespace faas::routing;

namespace {

estimate all(double value) {
  std::array<double, sizeof(estimate) / sizeof(double)> words;
  words.fill(value);
  return std::bit_cast<estimate>(words);
}

bool whole(const estimate& e) {
  const auto words
    = std::bit_cast<std::array<double, sizeof(estimate) / sizeof(double)>>(e);
  for (const double w : words)
    if (w != words[0])
      return false;
  return true;
}

} // namespace

BOOST_AUTO_TEST_SUITE(estimate_cell_test)

  BOOST_AUTO_TEST_CASE(reads_back_what_was_written) {
    estimate_cell cell;
    BOOST_TEST(cell.read().servers == 1);
    auto e = all(3);
    e.rtt_ms = 40;
    cell.write(e);
    BOOST_TEST(cell.read().rtt_ms == 40);
    BOOST_TEST(cell.read().slope == 3);
    BOOST_TEST(cell.writes() == 2u); // the default counts
  }

  BOOST_AUTO_TEST_CASE(readers_never_see_half_a_write) {
    // Until both readers have often seen another value than before: only then
    // do reads and writes really overlap on a busy machine.
    constexpr uint64_t enough = 500, most_writes = 1'000'000;
    estimate_cell cell{all(0)};
    std::atomic<bool> done{false};
    std::vector<std::thread> readers;
    std::array<std::atomic<uint64_t>, 2> torn{}, backward{}, changes{};
    for (size_t r = 0; r < 2; ++r)
      readers.emplace_back([&, r] {
        double last = 0;
        while (!done.load(std::memory_order_relaxed)) {
          const auto e = cell.read();
          torn[r] += !whole(e);
          backward[r] += e.slope < last;
          changes[r] += e.slope != last;
          last = e.slope;
        }
      });
    uint64_t writes = 0;
    while ((changes[0] < enough || changes[1] < enough) && writes < most_writes)
      cell.write(all(static_cast<double>(++writes)));
    done = true;
    for (auto& reader : readers)
      reader.join();
    BOOST_TEST(torn[0] + torn[1] == 0u);
    BOOST_TEST(backward[0] + backward[1] == 0u);
    BOOST_TEST(cell.read().slope == static_cast<double>(writes));
    BOOST_TEST(writes > 1000u);
    BOOST_TEST_MESSAGE(writes << " writes, seen " << changes[0] << " and "
                              << changes[1]);
  }

  BOOST_AUTO_TEST_SUITE_END()
