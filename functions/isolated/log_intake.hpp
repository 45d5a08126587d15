// What a worker process says: log lines of its function, and whatever it writes
// to standard output and standard error.
#pragma once

#include "functions/isolated/line_splitter.hpp"
#include "libfaas/ports/runtime.hpp"

#include <deque>

namespace faas::isolated {

/// Takes the lines of one worker and hands them to the call that runs. Keeps
/// lines that come while none runs, and the last ones for a report. All
/// bounded: more lines in one call than `most` are counted only. One thread at
/// a time.
class log_intake {
public:
  static constexpr size_t most = 1000;      ///< lines of one call
  static constexpr size_t most_held = 100;  ///< lines between two calls
  static constexpr size_t most_last = 5;

  /// Lines go there from now on; null: they are held.
  void begin(invocation_context* call);
  /// Ends the call: says how many lines were left out.
  void end();
  /// A record of the function's log: its level, then the text.
  void record(std::string_view bytes);
  /// A piece of the output.
  void output(std::string_view bytes);
  /// Takes an unfinished line of the output as a line.
  void flush();
  /// The last lines, as a text to end a message with; empty when there were
  /// none.
  std::string last_lines() const;

private:
  struct line {
    log_level level;
    std::string text;
  };
  void take(log_level level, std::string_view text);

  line_splitter splitter_;
  invocation_context* call_ = nullptr;
  size_t taken_ = 0; ///< in this call
  std::deque<line> held_;
  std::deque<std::string> last_;
};

} // namespace faas::isolated
