#include "libfaas/whatif/fits.hpp"

namespace faas::whatif {
namespace {

constexpr size_t most_points = 300;
constexpr double least_spread_bytes = 2000; ///< else no time per byte is told
constexpr double least_transfer_ms = 0.05;  ///< of a large event
constexpr double least_rtt_ms = 0.02;
constexpr double local_ms = 0.5; ///< the predictor's word for a site's own node

struct crossing {
  double at = 0, bytes = 0, ms = 0, wait = 0;
};

std::vector<crossing> crossings(const recording& from, size_t site) {
  std::vector<crossing> made;
  for (const auto& one : from.events)
    if (one.answered && one.site == site)
      made.push_back({one.at, one.bytes, one.network, 0});
  return made;
}

/// Bytes go one after the other: what each waits for those before it.
void wait_in_line(std::vector<crossing>& all, double ms_per_byte) noexcept {
  double free = 0;
  for (auto& one : all) {
    const auto start = std::max(free, one.at);
    one.wait = start - one.at;
    free = start + one.bytes * ms_per_byte;
  }
}

double slope_of(const std::vector<crossing>& all) {
  const auto every = std::max<size_t>(1, all.size() / most_points);
  std::vector<forecast::point> some;
  std::vector<double> bytes;
  for (size_t i = 0; i < all.size(); i += every) {
    some.push_back({all[i].bytes, all[i].ms - all[i].wait});
    bytes.push_back(all[i].bytes);
  }
  std::sort(bytes.begin(), bytes.end());
  const auto few = bytes[bytes.size() / 10], many
    = bytes[bytes.size() * 9 / 10];
  if (some.size() < 30 || many - few < least_spread_bytes)
    return 0;
  const auto made = forecast::theil_sen_slope(some).value_or(0);
  return made * many > least_transfer_ms ? made : 0;
}

double median_of_said(const recording& from, size_t site) {
  std::vector<double> said;
  for (size_t i = 0; i < from.events.size(); ++i)
    if (from.said_of(i, site).considered)
      said.push_back(from.said_of(i, site).network);
  return said.empty() ? 0 : forecast::median(said);
}

} // namespace

void fit_link(const recording& from, size_t site, double window_ms, gap by,
              site_fit& to) {
  auto all = crossings(from, site);
  const auto word = median_of_said(from, site);
  to.local = word < local_ms;
  if (!all.empty())
    for (int round = 0; round < 3; ++round) {
      to.ms_per_byte = to.local ? 0 : slope_of(all);
      wait_in_line(all, to.ms_per_byte);
    }
  windows by_time{from.length_ms, window_ms};
  std::vector<double> free;
  for (const auto& one : all) {
    free.push_back(one.ms - one.wait - one.bytes * to.ms_per_byte);
    by_time.measured(one.at, free.back());
  }
  for (size_t i = 0; i < from.events.size(); ++i)
    if (const auto& said = from.said_of(i, site); said.considered)
      by_time.said(from.events[i].at,
                   said.network - from.events[i].bytes * to.ms_per_byte);
  auto middle = free;
  to.rtt_ms = std::max(all.empty() ? word : forecast::median(middle),
                       least_rtt_ms);
  if (to.local) // as the simulator tells local sites
    to.rtt_ms = std::min(to.rtt_ms, 0.99);
  to.rtt_level = steps_of(by_time.course(by), window_ms, [&](double value) {
    return std::max(value / to.rtt_ms, 0.05);
  });
  for (size_t i = 0; i < all.size(); ++i)
    to.way.all.push_back(
      {all[i].at, free[i] - to.rtt_ms * to.rtt_level.at(all[i].at)});
}

} // namespace faas::whatif
