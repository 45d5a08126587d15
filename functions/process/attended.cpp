#include "functions/process/attended.hpp"

#include "functions/process/io_wait.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace faas::process {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// Output that is taken before anything else is looked at again.
constexpr int reads_in_a_row = 16;
constexpr size_t most_also = 16;
/// What a killed process gets to be gone.
constexpr auto kill_wait = 5s;

} // namespace

attended::attended(module_events events, line_bounds lines)
  : events_(std::move(events)),
    lines_(
      [this](std::string_view line) { // with the lock
        if (events_.log)
          events_.log(log_level::info, line,
                      under_way_ ? &*under_way_ : nullptr);
      },
      lines) {}

result<std::unique_ptr<attended>> attended::start(child::spawn_request request,
                                                  module_events events,
                                                  line_bounds lines) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return error{errc::unavailable,
                 std::string{"cannot make a pipe: "} + std::strerror(errno),
                 "close files or raise the limit of open files of the node"};
  std::unique_ptr<attended> made{new attended{std::move(events), lines}};
  made->output_.reset(ends[0]);
  const unique_fd theirs{ends[1]};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  request.fds.push_back({theirs.get(), 1});
  request.fds.push_back({theirs.get(), 2});
  auto child = child::child_process::spawn(request);
  if (!child)
    return child.error();
  made->child_ = std::move(*child);
  made->pid_ = made->child_.pid();
  return made;
}

attended::~attended() {
  if (!child_ || !alive())
    return;
  child_.kill();
  finish(clock::now() + kill_wait);
}

bool attended::wait(std::span<pollfd> also, time_point until) {
  std::array<pollfd, most_also + 2> all{};
  {
    const std::lock_guard lock{mutex_};
    all[0] = {end_ ? -1 : child_.pidfd(), POLLIN, 0};
    all[1] = {output_.get(), POLLIN, 0};
  }
  const auto count = std::min(also.size(), most_also);
  std::copy_n(also.begin(), count, all.begin() + 2);
  ::poll(all.data(), count + 2, poll_timeout(clock::now(), until));
  if (all[1].revents != 0)
    read_output();
  if (all[0].revents != 0)
    (void) alive(); // notes how it ended
  bool some = false;
  for (size_t i = 0; i < count; ++i) {
    also[i].revents = all[i + 2].revents;
    some = some || also[i].revents != 0;
  }
  return some;
}

bool attended::finish(time_point until) {
  while (alive() && clock::now() < until)
    wait({}, until);
  read_output();
  const std::lock_guard lock{mutex_};
  lines_.end(clock::now());
  return end_.has_value();
}

bool attended::alive() {
  const std::lock_guard lock{mutex_};
  if (!end_ && child_)
    end_ = child_.poll();
  return !end_;
}

void attended::terminate() noexcept {
  child_.terminate();
}

void attended::kill() noexcept {
  child_.kill();
}

std::string attended::ended() {
  if (alive())
    return {};
  std::string text;
  {
    const std::lock_guard lock{mutex_};
    text = "it " + end_->text();
  }
  return with_lines(std::move(text));
}

std::string attended::with_lines(std::string text) {
  const std::lock_guard lock{mutex_};
  const auto last = lines_.last_lines();
  return last.empty() ? text + " and printed nothing"
                      : text + "; its last lines: " + last;
}

void attended::under_way(const call_id* id) {
  const std::lock_guard lock{mutex_};
  under_way_ = id ? std::optional{*id} : std::nullopt;
}

void attended::read_output() {
  std::array<char, 16 * 1024> bytes;
  const std::lock_guard lock{mutex_};
  for (int i = 0; i < reads_in_a_row && output_; ++i) {
    const auto n = ::read(output_.get(), bytes.data(), bytes.size());
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      return output_.reset(); // poll() ignores it from now on
    if (n < 0)
      return;
    lines_.feed({bytes.data(), static_cast<size_t>(n)}, clock::now());
  }
}

} // namespace faas::process
