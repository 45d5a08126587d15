// Which log lines a follower has seen already.
#pragma once

#include "libfaas/ports/admin_port.hpp"


namespace faas::api {

/// Follows the lines of several nodes. Each node counts its own sequence by its
/// own clock, so there is a mark for each; of those without one, lines since a
/// little before the first answer are asked for. Pure.
class log_cursor {
public:
  explicit log_cursor(log_query first) : query_(std::move(first)) {}

  /// The query to ask next.
  const log_query& next() const noexcept { return query_; }
  /// The lines not seen before, in order of time.
  std::vector<log_line> fresh(std::vector<log_line> lines);

private:
  log_query query_;
  bool begun_ = false; ///< there were lines
};

} // namespace faas::api
