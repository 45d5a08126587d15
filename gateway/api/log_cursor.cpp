#include "gateway/api/log_cursor.hpp"

#include <algorithm>
#include <utility>

namespace faas::api {
namespace {

/// Lines of another node may arrive this much later than ours.
constexpr auto overlap = std::chrono::seconds{5};

} // namespace

std::vector<log_line> log_cursor::fresh(std::vector<log_line> lines) {
  std::stable_sort(
    lines.begin(), lines.end(),
    [](const log_line& a, const log_line& b) { return a.at < b.at; });
  std::vector<log_line> out;
  auto newest = wall_time{};
  for (auto& line : lines) {
    newest = std::max(newest, line.at);
    auto& last = query_.seen[line.instance];
    // A lower number with a later time: the node has restarted.
    if (line.sequence <= last.sequence && line.at <= last.at)
      continue;
    last = {line.sequence, std::max(last.at, line.at)};
    out.push_back(std::move(line));
  }
  query_.tail = -1;
  if (newest != wall_time{} && !std::exchange(begun_, true))
    query_.since = std::max(query_.since, newest - overlap);
  return out;
}

} // namespace faas::api
