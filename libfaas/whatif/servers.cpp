#include "libfaas/whatif/laws.hpp"

#include <algorithm>
#include <cmath>
#include <queue>

namespace faas::whatif {
namespace {

constexpr size_t most_servers = 256;
/// A wait is one when it is over both: what a node needs to hand an event over
/// is none.
constexpr double least_wait_ms = 1, least_wait_share = 0.05;

using ends = std::priority_queue<double, std::vector<double>, std::greater<>>;

/// The most events that were served at once.
size_t most_at_once(const std::vector<visit>& visits) {
  std::vector<std::pair<double, int>> changes;
  for (const auto& one : visits) {
    const auto begin = one.at + one.waited;
    changes.emplace_back(begin, 1);
    changes.emplace_back(begin + one.service, -1);
  }
  std::sort(changes.begin(), changes.end());
  int now = 0, most = 1;
  for (const auto& [time, by] : changes)
    most = std::max(most, now += by);
  return std::min(static_cast<size_t>(most), most_servers);
}

struct tried {
  double error = 0, mean = 0;
};

/// First come, first served by `servers`: mean of |wait - measured wait|.
tried try_servers(const std::vector<visit>& visits, size_t servers) {
  ends busy;
  tried made;
  for (const auto& one : visits) {
    double wait = 0;
    if (busy.size() == servers) {
      wait = std::max(0.0, busy.top() - one.at);
      busy.pop();
    }
    busy.push(one.at + wait + one.service);
    made.error += std::abs(wait - one.waited);
    made.mean += wait;
  }
  const auto n = static_cast<double>(visits.size());
  return {made.error / n, made.mean / n};
}

} // namespace

servers_found find_servers(const std::vector<visit>& visits) {
  servers_found made;
  if (visits.empty())
    return made;
  size_t waits = 0;
  for (const auto& one : visits) {
    made.waited_ms += one.waited / static_cast<double>(visits.size());
    waits += one.waited > std::max(least_wait_ms,
                                   least_wait_share * one.service);
  }
  const auto most = most_at_once(visits);
  double least = std::numeric_limits<double>::infinity();
  for (size_t c = 1; c <= most; ++c) {
    const auto got = try_servers(visits, c);
    if (got.error < least * 0.999) { // a tie goes to the fewer
      least = got.error;
      made.servers = c;
      made.modelled_ms = got.mean;
    }
  }
  made.known = waits >= std::max<size_t>(5, visits.size() / 200);
  if (!made.known)
    made.servers = most;
  return made;
}

} // namespace faas::whatif
