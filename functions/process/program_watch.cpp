// The thread that watches a program: start, output, end, restart.
#include "functions/process/http_exchange.hpp"
#include "functions/process/http_rules.hpp"
#include "functions/process/program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

namespace faas::process {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// Between two looks whether a program is ready; doubled up to the second.
constexpr duration first_look = 2ms, longest_look = 200ms;
/// One answer to the question whether it is ready.
constexpr duration ready_answer = 5s;
constexpr uint64_t ready_body = 1 << 20;
constexpr auto far = 1h;
/// A program whose network is gone gets so long to be seen to end.
constexpr auto ending_wait = 500ms;

/// Output that is taken before the program's end is looked at again.
constexpr int reads_in_a_row = 16;

} // namespace

void program::watch() {
  while (!asked_to_end()) {
    const auto started = clock::now();
    auto how = run_once();
    run_ended(std::move(how), started);
    time_point until;
    {
      const std::lock_guard lock{mutex_};
      if (!was_ready_ || stop_)
        break; // the load fails with it
      until = restart_at_;
    }
    pause(until);
  }
  enter(phase::stopped);
}

/// How it ended.
std::string program::run_once() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return std::string{"cannot make a pipe: "} + std::strerror(errno);
  output_.reset(ends[0]);
  unique_fd theirs{ends[1]};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  lines_.forget_tail();
  if (config_.port == 0) {
    std::error_code ignored; // what the last run left
    std::filesystem::remove_all(config_.socket, ignored);
  }
  auto request = config_.start;
  request.fds = {{theirs.get(), 1}, {theirs.get(), 2}};
  auto process = child::child_process::spawn(request);
  theirs.reset(); // the end of its output shall be seen
  if (!process)
    return process.error().to_string();
  {
    const std::lock_guard lock{mutex_};
    ++run_.number;
    pid_ = process->pid();
    hang_ = false;
  }
  auto how = live(*process);
  {
    const std::lock_guard lock{mutex_};
    last_end_ = how; // before anybody sees that it is not ready any more
  }
  enter(phase::starting); // from here no event finds it
  process->kill();
  (void) process->wait_until(clock::now() + 5s);
  read_output();
  lines_.end(clock::now());
  return how;
}

std::string program::live(child::child_process& process) {
  std::shared_ptr<const endpoint> at;
  if (config_.port == 0) {
    at = std::make_shared<const endpoint>(config_.socket);
  } else {
    auto its = network::of(process.pid());
    if (!its) // most likely it is just ending
      (void) process.wait_until(clock::now() + ending_wait);
    if (const auto end = process.poll()) {
      read_output();
      return with_lines("it " + end->text());
    }
    if (!its)
      return its.error().message;
    at = std::make_shared<const endpoint>(std::move(*its), config_.port);
  }
  const auto until = clock::now() + config_.start_timeout;
  if (!probe(process, at, until)) {
    if (asked_to_end())
      return shut_down(process);
    read_output();
    if (const auto end = process.poll())
      return with_lines("it " + end->text());
    return with_lines(
      "it was not ready within "
      + std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(
          config_.start_timeout)
          .count())
      + " ms");
  }
  enter(phase::ready, std::move(at));
  while (true) {
    switch (pump(process, -1, 0, clock::now() + far)) {
    case woken::ended:
      read_output();
      return with_lines("it " + process.poll()->text());
    case woken::asked:
      if (asked_to_end())
        return shut_down(process);
      if (!hangs())
        break;
      return with_lines("it hung: " + std::to_string(config_.rules.hang_after)
                        + " events in a row passed their deadline");
    default:
      break;
    }
  }
}

/// False: it ended, or time is up, or this object is to end.
bool program::probe(child::child_process& process,
                    const std::shared_ptr<const endpoint>& at,
                    time_point until) {
  auto look = first_look;
  while (clock::now() < until) {
    if (asks_ready(*at, process, until))
      return true;
    const auto next = std::min(until, clock::now() + look);
    while (clock::now() < next) {
      const auto what = pump(process, -1, 0, next);
      if (what == woken::ended || (what == woken::asked && asked_to_end()))
        return false;
    }
    look = std::min(look * 2, longest_look);
  }
  return false;
}

bool program::asks_ready(const endpoint& at, child::child_process& process,
                         time_point until) {
  // Its output is read meanwhile: a full pipe would stop it.
  const io_waiter wait = [&](int fd, short events, time_point end) {
    while (true) {
      switch (pump(process, fd, events, end)) {
      case woken::descriptor:
        return wait_end::ready;
      case woken::ended:
        return wait_end::stopped;
      case woken::asked:
        if (asked_to_end())
          return wait_end::stopped;
        break;
      case woken::timeout:
        if (clock::now() >= end)
          return wait_end::timeout;
      }
    }
  };
  until = std::min(until, clock::now() + ready_answer);
  auto made = at.connect(until, wait);
  if (!made)
    return false;
  if (config_.ready.empty())
    return true;
  const auto head = ready_head(config_.ready);
  const auto end
    = exchange(made->get(), {head, {}, false, ready_body, until}, wait);
  return end.end == exchange_outcome::how::answered
         && end.answer.status < 400;
}

std::string program::shut_down(child::child_process& process) {
  process.terminate();
  const auto until = clock::now() + config_.stop_grace;
  while (clock::now() < until)
    if (pump(process, -1, 0, until) == woken::ended)
      return "it was stopped";
  say(log_level::warning, "the program did not end after SIGTERM: killed");
  return "it was stopped";
}

/// Reads the program's output until something else happens. An ask is told
/// once per wake.
program::woken program::pump(child::child_process& process, int fd,
                             short events, time_point until) {
  while (true) {
    std::array<pollfd, 4> all{{{process.pidfd(), POLLIN, 0},
                               {wake_.get(), POLLIN, 0},
                               {output_.get(), POLLIN, 0},
                               {fd, events, 0}}};
    const auto n = ::poll(all.data(), all.size(),
                          poll_timeout(clock::now(), until));
    if (all[2].revents != 0)
      read_output();
    if (all[0].revents != 0 && process.poll())
      return woken::ended;
    if (all[1].revents != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake_.get(), &ignored);
      return woken::asked;
    }
    if (all[3].revents != 0)
      return woken::descriptor;
    if (n <= 0 && clock::now() >= until)
      return woken::timeout;
  }
}

void program::read_output() {
  std::array<char, 64 * 1024> bytes;
  for (int i = 0; i < reads_in_a_row && output_; ++i) {
    const auto n = ::read(output_.get(), bytes.data(), bytes.size());
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      return output_.reset(); // poll() ignores it from now on
    if (n < 0)
      return;
    lines_.feed({bytes.data(), static_cast<size_t>(n)}, clock::now());
  }
  const std::lock_guard lock{mutex_};
  dropped_ = lines_.dropped();
}

void program::pause(time_point until) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, until, [&] { return stop_; });
}

void program::enter(phase to, std::shared_ptr<const endpoint> at) {
  {
    const std::lock_guard lock{mutex_};
    phase_ = to;
    run_.at = std::move(at);
    was_ready_ = was_ready_ || to == phase::ready;
  }
  changed_.notify_all();
  if (to == phase::ready && config_.events.changed)
    config_.events.changed();
}

void program::run_ended(std::string how, time_point started) {
  const auto now = clock::now();
  bool told = false, looping = false;
  duration wait{};
  {
    const std::lock_guard lock{mutex_};
    pid_ = 0;
    last_end_ = how;
    told = was_ready_ && !stop_;
    restart_at_ = policy_.ended(started, now);
    wait = restart_at_ - now;
    looping = policy_.looping();
    phase_ = was_ready_ ? phase::pausing : phase::stopped;
    run_.at = nullptr;
  }
  changed_.notify_all();
  if (!told)
    return;
  say(log_level::error,
      (looping ? "crash loop: " : "the program ended: ") + how
        + "; it is started again in "
        + std::to_string(
          std::chrono::duration_cast<std::chrono::milliseconds>(wait).count())
        + " ms");
  if (config_.events.changed)
    config_.events.changed();
}

bool program::asked_to_end() const {
  const std::lock_guard lock{mutex_};
  return stop_;
}

bool program::hangs() const {
  const std::lock_guard lock{mutex_};
  return hang_;
}

std::string program::with_lines(std::string text) const {
  const auto last = lines_.last_lines();
  return last.empty() ? text + " and printed nothing"
                      : text + "; its last lines: " + last;
}

void program::say(log_level level, const std::string& text) const {
  if (config_.events.log)
    config_.events.log(level, text, nullptr);
}

} // namespace faas::process
