// Prints a function's log as it comes from a gateway.
#pragma once

#include "tools/faas-cli/machine.hpp"

#include <set>

namespace faas::cli {

/// RFC 3339, as the gateway takes it in `since`.
std::string rfc3339(wall_time at);

/// Prints the lines of a log. A stream that is opened anew begins with lines of
/// the last second again; those are left out.
class log_printer {
public:
  log_printer(session& s, bool as_json) : s_(s), json_(as_json) {}

  /// The next line comes from a new stream, since last().
  void reopened() { again_ = printed_; }

  /// A line of the gateway; false when the output is gone.
  bool operator()(std::string_view line);

  /// Time of the last line; empty: none yet.
  const std::string& last() const noexcept { return last_; }

private:
  using lines = std::multiset<std::string, std::less<>>;

  session& s_;
  bool json_;
  std::string last_;
  lines printed_; ///< lines of that time
  lines again_;   ///< what a new stream repeats
};

} // namespace faas::cli
