#include "functions/process/fork_call.hpp"

#include "functions/process/environment.hpp"
#include "functions/process/http_rules.hpp"
#include "functions/process/io_wait.hpp"
#include "functions/process/line_cutter.hpp"
#include "functions/process/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

namespace faas::process {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Between two questions whether somebody still waits.
constexpr auto ask_every = 50ms;
/// What a killed process gets to be gone.
constexpr auto kill_wait = 1s;

error trouble(const char* what) {
  return {errc::unavailable, std::string{what} + ": " + std::strerror(errno),
          "close files or raise the limits of the node"};
}

/// A file in memory with the body, read from its start. No pipe: it is written
/// in one go, and a program that does not read it stops nobody.
result<unique_fd> body_file(std::string_view body) {
  if (body.empty())
    return unique_fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  unique_fd file{::memfd_create("body", MFD_CLOEXEC)};
  while (file && !body.empty()) {
    const auto n = ::write(file.get(), body.data(), body.size());
    if (n < 0 && errno != EINTR)
      return trouble("cannot keep the body for the program");
    body.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  if (!file || ::lseek(file.get(), 0, SEEK_SET) != 0)
    return trouble("cannot keep the body for the program");
  return file;
}

struct pipe_ends {
  unique_fd ours, theirs;
};

result<pipe_ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return trouble("cannot make a pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return pipe_ends{unique_fd{ends[0]}, unique_fd{ends[1]}};
}

class forked_call {
public:
  forked_call(const fork_config& config, const invocation& event,
              invocation_context& context)
    : config_(config), event_(event), context_(context),
      until_(back_before(event.deadline, clock::now())),
      lines_([&](std::string_view line) {
        context_.log(log_level::info, line);
      }) {}

  reply run() {
    if (auto started = start(); !started)
      return reply::failure(started.error());
    while (!failure_ && !over())
      wait();
    lines_.end(clock::now());
    if (failure_) {
      process_.kill();
      (void) process_.wait_until(clock::now() + kill_wait);
      return reply::failure(*failure_);
    }
    return finish(*process_.poll());
  }

private:
  result<void> start() {
    auto in = body_file(event_.body.view());
    if (!in)
      return in.error();
    auto out = make_pipe();
    if (!out)
      return out.error();
    auto err = make_pipe();
    if (!err)
      return err.error();
    auto request = config_.start;
    for (auto& [key, value] : event_environment(event_))
      request.env[key] = value;
    request.fds
      = {{in->get(), 0}, {out->theirs.get(), 1}, {err->theirs.get(), 2}};
    auto made = child::child_process::spawn(request);
    if (!made)
      return made.error();
    process_ = std::move(*made);
    out_ = std::move(out->ours);
    err_ = std::move(err->ours);
    return {};
  }

  /// It has ended and its output was read to the end.
  bool over() { return ended_ && !out_ && !err_; }

  void wait() {
    const auto now = clock::now();
    if (now >= until_)
      return fail(errc::deadline_exceeded,
                  config_.name + " did not end before its deadline and was "
                                 "killed",
                  "make it faster or raise petrel.timeout");
    if (context_.cancelled())
      return fail(errc::cancelled, "nobody waits for the answer any more", "");
    std::array<pollfd, 3> all{{{out_.get(), POLLIN, 0},
                               {err_.get(), POLLIN, 0},
                               {ended_ ? -1 : process_.pidfd(), POLLIN, 0}}};
    ::poll(all.data(), all.size(),
           poll_timeout(now, std::min(until_, now + ask_every)));
    if (all[0].revents != 0)
      read(out_, [&](std::string_view bytes) { take_answer(bytes); });
    if (all[1].revents != 0)
      read(err_, [&](std::string_view bytes) {
        lines_.feed(bytes, clock::now());
      });
    if (all[2].revents != 0)
      ended_ = process_.poll().has_value();
  }

  /// Once; what is left makes poll() come back at once.
  template <class Take>
  void read(unique_fd& from, Take take) {
    const auto n = ::read(from.get(), buffer_.data(), buffer_.size());
    if (n > 0)
      take(std::string_view{buffer_.data(), static_cast<size_t>(n)});
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
      from.reset();
  }

  /// The manifest's content_type may say that output is passed on as it comes.
  void take_answer(std::string_view bytes) {
    if (in_parts_) {
      reply head;
      head.content_type = config_.content_type;
      switch (context_.send(head, bytes)) {
      case part_fate::sent:
        return;
      case part_fate::kept:
        in_parts_ = false;
        break;
      case part_fate::stop:
        return fail(errc::cancelled, "nobody waits for the answer any more",
                    "");
      }
    }
    if (bytes.size() > config_.max_body - answer_.size())
      return fail(errc::function_failed,
                  config_.name + " answered with more than "
                    + std::to_string(config_.max_body) + " bytes and was "
                                                         "killed",
                  "answer with less or raise petrel.max_body");
    answer_.append(bytes);
  }

  void fail(errc code, std::string what, std::string next) {
    if (!failure_)
      failure_.emplace(code, std::move(what), std::move(next));
  }

  reply finish(const child::exit_status& status) {
    if (!status.success()) {
      const auto last = lines_.last_lines();
      return reply::failure(
        {status.signal != 0 ? errc::outcome_unknown : errc::function_failed,
         config_.name + " " + status.text()
           + (last.empty() ? "" : ": " + last),
         "see the function's log"});
    }
    reply answer;
    answer.content_type = !config_.content_type.empty() ? config_.content_type
                          : !event_.content_type.empty()
                            ? event_.content_type
                            : "text/plain";
    answer.body = blob{std::move(answer_)};
    return answer;
  }

  const fork_config& config_;
  const invocation& event_;
  invocation_context& context_;
  const time_point until_;
  line_cutter lines_;
  unique_fd out_, err_;
  std::string answer_;
  std::string buffer_ = std::string(64 * 1024, '\0');
  std::optional<error> failure_;
  bool ended_ = false;
  bool in_parts_ = comes_in_parts(config_.content_type);
  child::child_process process_; ///< last: goes first
};

} // namespace

reply run_forked(const fork_config& config, const invocation& event,
                 invocation_context& context) {
  return forked_call{config, event, context}.run();
}

} // namespace faas::process
