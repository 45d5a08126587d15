#include "actors/system/thread_roll.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include <poll.h>
#include <unistd.h>

namespace faas::actors {
namespace {

bool runs(pid_t thread) {
  std::error_code unknown;
  return std::filesystem::exists("/proc/self/task/" + std::to_string(thread),
                                 unknown);
}

} // namespace

void thread_roll::enter() {
  const std::lock_guard lock{mutex_};
  threads_.push_back(::gettid());
}

size_t thread_roll::size() const {
  const std::lock_guard lock{mutex_};
  return threads_.size();
}

bool thread_roll::wait_until_ended(duration patience) const {
  const auto end = std::chrono::steady_clock::now() + patience;
  const std::lock_guard lock{mutex_};
  while (std::any_of(threads_.begin(), threads_.end(), runs)) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    ::poll(nullptr, 0, 1); // a millisecond: the kernel tells nobody
  }
  return true;
}

} // namespace faas::actors
