// Which log lines a follower has seen already.
#pragma once

#include "libfaas/ports/admin_port.hpp"

#include <map>
#include <string>

namespace faas::api {

/// Follows the lines of several nodes. Each node counts its own sequence, and
/// starts anew when it restarts, so one number cannot tell what is new: the
/// next query asks for a little too much, and lines seen before are left out.
/// Pure.
class log_cursor {
public:
  explicit log_cursor(log_query first) : query_(std::move(first)) {}

  /// The query to ask next.
  const log_query& next() const noexcept { return query_; }
  /// The lines not seen before, in order of time.
  std::vector<log_line> fresh(std::vector<log_line> lines);

private:
  struct seen {
    uint64_t sequence = 0;
    wall_time at{};
  };
  log_query query_;
  std::map<std::string, seen> last_; ///< by node
};

} // namespace faas::api
