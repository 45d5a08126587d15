// The promise to answer an event exactly once.
#pragma once

#include "libfaas/event/invocation.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace faas {

/// Takes the answers of many events; implemented by whoever owes them (a
/// gateway loop, a link, a test). Must be callable from any thread.
class completion_sink {
public:
  virtual ~completion_sink() = default;
  /// Called exactly once per token. Never blocks, never throws.
  virtual void complete(uint64_t token, reply&& answer) noexcept = 0;
  /// False once nobody waits any more (client gone, deadline passed): a
  /// function learns it as "cancelled". Any thread.
  virtual bool wanted(uint64_t token) const noexcept = 0;
};

/// Answers one event exactly once. Destroyed unanswered, it answers
/// errc::abandoned, so that an actor that dies or drops an event cannot leave
/// a client hanging. Move only. Costs no allocation. The holder may answer
/// from any thread, but only one thread may hold it at a time.
class completion {
public:
  completion() = default;
  completion(std::shared_ptr<completion_sink> sink, uint64_t token) noexcept
    : sink_(std::move(sink)), token_(token) {}
  completion(completion&& other) noexcept = default;
  completion& operator=(completion&& other) noexcept {
    if (this != &other) {
      abandon();
      sink_ = std::move(other.sink_);
      token_ = other.token_;
    }
    return *this;
  }
  ~completion() { abandon(); }

  /// Answers; later calls do nothing.
  void operator()(reply&& answer) noexcept {
    if (auto sink = std::exchange(sink_, nullptr))
      sink->complete(token_, std::move(answer));
  }
  /// Hands the duty to answer to the caller: the sink (null when answered) and
  /// its token. For routers that keep many completions in a table.
  std::pair<std::shared_ptr<completion_sink>, uint64_t> release() noexcept {
    return {std::exchange(sink_, nullptr), token_};
  }
  /// True while an answer is owed.
  explicit operator bool() const noexcept { return sink_ != nullptr; }
  /// False when the answer would go nowhere.
  bool wanted() const noexcept { return sink_ && sink_->wanted(token_); }

private:
  void abandon() noexcept;

  std::shared_ptr<completion_sink> sink_;
  uint64_t token_ = 0;
};

} // namespace faas
