// The parts of one event's answer, between the function and its connection.
#pragma once

#include "libfaas/event/answer_parts.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace faas::http {

/// Holds what the connection has not taken yet. put() and began() on any
/// thread; the rest on the loop.
class answer_stream : public answer_parts {
public:
  /// What is held at most, unless one part alone is larger.
  static constexpr size_t most_bytes = 256 * 1024;

  taken put(const reply& head, std::string_view part) noexcept override;
  void wait_for_room(time_point until) noexcept override;
  bool began() const noexcept override { return began_.load(); }

  struct content {
    std::optional<reply> head; ///< the first time
    std::string bytes;
  };
  /// All that has come.
  content take();
  /// Nobody waits any more.
  void close() noexcept;

private:
  /// Something came after take() had taken all. Any thread.
  virtual void wake() = 0;

  std::atomic<bool> began_{false};
  std::condition_variable room_;
  std::mutex mutex_; ///< guards what follows
  content waiting_;
  bool told_ = false; ///< wake() was called since the last take()
  bool closed_ = false;
};

} // namespace faas::http
