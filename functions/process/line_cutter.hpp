// Cuts a program's output into lines for the log, within bounds.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/limits.hpp"
#include "libfaas/flow/token_bucket.hpp"

#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace faas::process {

struct line_bounds {
  size_t line_bytes = limits::log_line_bytes; ///< a longer line is cut here
  double burst = 1000;                        ///< lines at once
  double per_second = 100;
  size_t tail = 10;        ///< last lines kept for error messages
  size_t tail_bytes = 256; ///< of each of them
};

/// Takes any bytes at any speed: lines beyond the bounds are dropped and
/// counted, so neither memory nor the log grows with what a program prints.
/// One thread.
class line_cutter {
public:
  using line_sink = std::function<void(std::string_view)>;

  /// `out` gets each line without its end, and a line that says how many were
  /// dropped before it.
  explicit line_cutter(line_sink out, line_bounds bounds = {});

  void feed(std::string_view bytes, time_point now);
  /// The output has ended: its last line may have no end.
  void end(time_point now);

  uint64_t dropped() const noexcept { return dropped_; }
  /// The last lines, dropped ones too, joined by " | "; empty: none.
  std::string last_lines() const;
  /// Forgets the last lines: another program prints from now on.
  void forget_tail() { tail_.clear(); }

private:
  void append(std::string_view part);
  void finish_line(time_point now);
  void tell_dropped();

  line_sink out_;
  line_bounds bounds_;
  flow::token_bucket bucket_;
  std::string line_;
  bool cut_ = false; ///< line_ is longer than what is kept of it
  std::deque<std::string> tail_;
  uint64_t dropped_ = 0, told_ = 0;
  time_point pass_again_{}; ///< while some are dropped
};

} // namespace faas::process
