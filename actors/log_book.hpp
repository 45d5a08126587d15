// The last log lines of each function on this node.
#pragma once

#include "libfaas/core/limits.hpp"
#include "libfaas/ports/admin_port.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <vector>

namespace faas::actors {

/// A bounded ring of lines per function. Thread safe.
class log_book {
public:
  /// Numbers the line and keeps it; the oldest one goes.
  void add(log_line line) {
    const std::lock_guard lock{mutex_};
    line.sequence = ++last_;
    auto& lines = lines_[line.function];
    if (lines.size() == limits::log_lines)
      lines.pop_front();
    lines.push_back(std::move(line));
  }

  std::vector<log_line> query(const log_query& what) const {
    const std::lock_guard lock{mutex_};
    std::vector<log_line> found;
    const auto lines = lines_.find(what.function);
    if (lines == lines_.end())
      return found;
    for (const auto& line : lines->second)
      if (what.wants(line))
        found.push_back(line);
    const auto tail = static_cast<size_t>(what.tail);
    if (what.tail > 0 && found.size() > tail)
      found.erase(found.begin(),
                  found.end() - static_cast<std::ptrdiff_t>(tail));
    return found;
  }

private:
  mutable std::mutex mutex_;
  std::map<function_name, std::deque<log_line>> lines_;
  uint64_t last_ = 0;
};

} // namespace faas::actors
