// Calls of a function, timed one by one.
#pragma once

#include "libfaas/ports/function_host.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace faas::bench {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

[[noreturn]] inline void stop(const std::string& why) {
  std::fprintf(stderr, "failed: %s\n", why.c_str());
  std::exit(1);
}

using samples = std::vector<double>; ///< microseconds

/// Sorts them.
inline double quantile(samples& all, double q) {
  if (all.empty())
    return 0;
  std::sort(all.begin(), all.end());
  return all[static_cast<size_t>(q * static_cast<double>(all.size() - 1))];
}

/// Notes how long each event took, until the moment of its answer.
class timing_sink final : public completion_sink {
public:
  void complete(uint64_t token, reply&& answer) noexcept override {
    const auto now = clock_type::now();
    const std::lock_guard lock{mutex_};
    if (answer.code != errc::ok)
      stop("a call failed: " + answer.message);
    took_.push_back(
      std::chrono::duration<double, std::micro>(now - begun_[token]).count());
    ++free_;
    if (free_ == 1 || took_.size() == wanted_)
      changed_.notify_one();
  }
  bool wanted(uint64_t) const noexcept override { return true; }

  void set_limit(size_t most) { free_ = most; }
  /// Waits for a free place; the token of the next event.
  uint64_t begin() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return free_ > 0; });
    --free_;
    begun_.push_back(clock_type::now());
    return begun_.size() - 1;
  }
  samples end(size_t count) {
    std::unique_lock lock{mutex_};
    wanted_ = count;
    changed_.wait(lock, [&] { return took_.size() == count; });
    return std::move(took_);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<clock_type::time_point> begun_;
  samples took_;
  size_t free_ = 0;
  size_t wanted_ = 0; ///< answers, once all events are on their way
};

inline invocation make_event(const char* function, const blob& body) {
  invocation event;
  event.id = {1, 2};
  event.function = function_name{function};
  event.content_type = "text/plain";
  event.headers = {{"Accept", "*/*"}, {"User-Agent", "bench"}};
  event.body = body;
  event.deadline = clock_type::now() + 60s;
  return event;
}

/// Calls through a host, so many at a time.
inline samples drive(function_host& host, const char* function, const blob& body, size_t in_flight,
              size_t count) {
  auto sink = std::make_shared<timing_sink>();
  sink->set_limit(in_flight);
  for (size_t i = 0; i < count; ++i) {
    auto event = make_event(function, body);
    const auto token = sink->begin();
    host.submit(std::move(event), completion{sink, token});
  }
  return sink->end(count);
}

/// The context of a direct call.
struct quiet final : invocation_context {
  bool cancelled() const noexcept override { return false; }
  duration remaining() const noexcept override { return 1s; }
  void log(log_level, std::string_view) noexcept override {}
};

/// Opens a version and waits until it is loaded.
inline std::shared_ptr<function_host> open_ready(function_hosts& hosts,
                                                 host_request request) {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  host_events events;
  events.loaded = [&](result<void> how) {
    if (!how)
      stop(how.error().to_string());
    const std::lock_guard lock{mutex};
    ready = true;
    changed.notify_all();
  };
  std::unique_lock lock{mutex};
  auto host = hosts.open(std::move(request), events);
  if (!host)
    stop(host.error().to_string());
  changed.wait(lock, [&] { return ready; });
  return *host;
}

} // namespace faas::bench
