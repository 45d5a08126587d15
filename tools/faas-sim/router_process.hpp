// A program that answers lines with lines.
#pragma once

#include "libfaas/core/result.hpp"

#include <chrono>
#include <string>
#include <sys/types.h>

namespace faas::sim {

/// A child process, run by /bin/sh, with its standard input and output. It ends
/// with this object, and with this process. Not thread safe.
class router_process {
public:
  router_process() = default;
  router_process(const router_process&) = delete;
  router_process& operator=(const router_process&) = delete;
  ~router_process() { stop(); }

  /// errc::unavailable when it cannot be started.
  result<void> start(const std::string& command,
                     std::chrono::milliseconds patience);
  /// Keeps a line for it until the next ask().
  void tell(const std::string& line) { waiting_ += line + '\n'; }
  /// Sends what was kept and this line; its next line, without the end. Each
  /// way within the patience given, which is real time.
  /// errc::deadline_exceeded, unavailable when it has ended, too_large.
  result<std::string> ask(const std::string& line);

  static constexpr size_t most_line = 64 << 10;

private:
  result<void> send();
  result<std::string> receive();
  /// Why nothing came or went any more.
  error ended();
  void stop() noexcept;

  std::chrono::milliseconds patience_{};
  pid_t child_ = 0;
  int to_ = -1, from_ = -1;
  std::string waiting_, come_;
};

} // namespace faas::sim
