#include "functions/process/program.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <system_error>

namespace faas::process {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

program::program(program_config config)
  : config_(std::move(config)),
    wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
    lines_(
      [this](std::string_view line) {
        std::optional<call_id> only;
        {
          const std::lock_guard lock{mutex_};
          if (under_way_.size() == 1)
            only = under_way_.front();
        }
        if (config_.events.log)
          config_.events.log(log_level::info, line, only ? &*only : nullptr);
      },
      config_.lines),
    policy_(config_.rules) {}

result<std::unique_ptr<program>> program::start(program_config config) {
  std::unique_ptr<program> made{new program{std::move(config)}};
  if (!made->wake_)
    return error{errc::unavailable,
                 std::string{"cannot make an eventfd: "}
                   + std::strerror(errno),
                 "close files or raise the limit of open files of the node"};
  try {
    made->watcher_ = std::thread{[self = made.get()] { self->watch(); }};
  } catch (const std::system_error& failed) {
    return error{errc::unavailable,
                 std::string{"cannot make a thread: "} + failed.what(),
                 "raise the limit of threads of the node"};
  }
  std::unique_lock lock{made->mutex_};
  made->changed_.wait(lock, [&] { return made->phase_ != phase::starting; });
  if (made->phase_ == phase::ready)
    return made;
  return error{errc::bad_bundle,
               made->config_.name + " does not start: " + made->last_end_,
               "run its command by hand in the function's folder; it gets the "
               "port in PORT, or the socket in PETREL_SOCKET"};
}

program::~program() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  if (wake_)
    ::eventfd_write(wake_.get(), 1);
  if (watcher_.joinable())
    watcher_.join();
}

result<program::run> program::ready(time_point until,
                                    const std::function<bool()>& stop) {
  until = std::min(until, clock::now() + config_.patience);
  std::unique_lock lock{mutex_};
  while (true) {
    if (phase_ == phase::ready)
      return run_;
    const bool pausing = phase_ == phase::pausing;
    if (phase_ == phase::stopped || (pausing && policy_.looping())
        || (pausing && restart_at_ >= until) || clock::now() >= until)
      return not_ready();
    changed_.wait_until(lock, std::min(until, clock::now() + 50ms));
    if (phase_ == phase::ready)
      return run_;
    lock.unlock();
    if (stop())
      return error{errc::cancelled, "nobody waits for the answer any more", ""};
    lock.lock();
  }
}

/// With the lock.
error program::not_ready() const {
  if (phase_ == phase::stopped)
    return {errc::shutting_down, config_.name + " is being stopped", ""};
  return why_held_back(policy_, config_.name, last_end_);
}

void program::begin(const call_id& id) {
  const std::lock_guard lock{mutex_};
  under_way_.push_back(id);
}

void program::end(const call_id& id) {
  const std::lock_guard lock{mutex_};
  const auto found = std::find(under_way_.begin(), under_way_.end(), id);
  if (found != under_way_.end())
    under_way_.erase(found);
}

void program::answered(uint64_t number) {
  const std::lock_guard lock{mutex_};
  if (number == run_.number)
    policy_.answered();
}

void program::missed(uint64_t number) {
  {
    const std::lock_guard lock{mutex_};
    if (number != run_.number || phase_ != phase::ready || !policy_.missed())
      return;
    hang_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
}

std::string program::ended(uint64_t number, time_point until) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, until, [&] {
    return run_.number != number || phase_ != phase::ready;
  });
  return run_.number == number && phase_ == phase::ready ? "" : last_end_;
}

string_map program::facts() const {
  const std::lock_guard lock{mutex_};
  string_map out{{"protocol", "http"},
                 {"restarts", std::to_string(policy_.restarts())}};
  switch (phase_) {
  case phase::ready:
    out["program"] = "running";
    break;
  case phase::starting:
    out["program"] = "starting";
    break;
  case phase::pausing:
    out["program"] = policy_.looping() ? "crash loop" : "waits for its restart";
    break;
  case phase::stopped:
    out["program"] = "stopped";
    break;
  }
  out["listen"] = config_.port == 0 ? std::string{"unix"}
                                    : "port " + std::to_string(config_.port);
  if (pid_ != 0)
    out["pid"] = std::to_string(pid_);
  if (!last_end_.empty())
    out["last_end"] = last_end_;
  if (dropped_ > 0)
    out["lines_dropped"] = std::to_string(dropped_);
  return out;
}

} // namespace faas::process
