// One zygote: a Python in which everything is loaded, that forks for the node.
#pragma once

#include "functions/sandbox/image.hpp"
#include "libfaas/core/clock.hpp"

#include <filesystem>
#include <functional>

namespace faas::zygote {

/// A child of this process. Thread safe but for the destructor.
class process {
public:
  /// Starts it and waits until it has loaded everything, or nobody wants it any
  /// more. errc::unavailable with what it printed.
  static result<process> start(const std::filesystem::path& python,
                               time_point until,
                               const std::function<bool()>& wanted);
  process(process&&) noexcept = default;
  process& operator=(process&&) = delete;
  /// Ends it; what it forked goes on.
  ~process();

  pid_t pid() const noexcept { return pid_; }
  bool alive() const noexcept;
  void kill() const noexcept;
  /// A fork, which waits for its order: a child of this process. It does as
  /// petrel-init does. errc::unavailable: the zygote should be replaced.
  result<sandbox::started_init> fork() const;

private:
  process(pid_t pid, sandbox::descriptor channel);
  result<void> await_loaded(time_point until,
                            const std::function<bool()>& wanted);

  pid_t pid_;
  sandbox::descriptor channel_, pidfd_;
};

/// Ends a fork that nobody needs.
void discard(sandbox::started_init&& unused) noexcept;
/// It still waits for its order.
bool waits(const sandbox::started_init& fork) noexcept;

} // namespace faas::zygote
