// What a program of protocol worker says, and what is made of it.
#include "functions/process/io_wait.hpp"
#include "functions/process/worker_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace faas::process::worker {

using clock = std::chrono::steady_clock;

void worker_process::read_some(time_point until) {
  std::array<pollfd, 1> one{{{link_.get(), POLLIN, 0}}};
  {
    const std::lock_guard lock{mutex_};
    flush();
    if (!unsent_.empty())
      one[0].events |= POLLOUT;
  }
  if (!child_->wait(one, until))
    return;
  if ((one[0].revents & ~POLLOUT) == 0)
    return; // the next round sends
  std::array<char, 64 * 1024> bytes;
  const auto n = ::recv(link_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  const int failed = n < 0 ? errno : 0;
  if (failed == EAGAIN || failed == EINTR)
    return;
  const std::lock_guard lock{mutex_};
  if (n <= 0)
    return break_link("it closed its link to the node");
  reader_.feed({bytes.data(), static_cast<size_t>(n)});
  while (broken_.empty()) {
    const auto next = reader_.next();
    if (!next)
      break;
    take(*next);
  }
  if (broken_.empty() && !reader_.wrong().empty())
    malformed(reader_.wrong());
}

/// With the lock, as all that follow.
void worker_process::take(const frame& what) {
  const auto kind = static_cast<frame_kind>(what.kind);
  if (kind == frame_kind::log)
    return take_log(what);
  if (!ready_)
    return kind == frame_kind::ready
             ? take_ready(what)
             : malformed("a frame before the one that says it is ready");
  if (kind == frame_kind::answer || kind == frame_kind::failure)
    return take_answer(what);
  if (kind == frame_kind::part)
    return take_part(what);
  malformed("a frame of kind " + std::to_string(what.kind)
            + ", which no program sends now");
}

void worker_process::take_ready(const frame& what) {
  auto said = decode_ready(what.payload);
  if (!said)
    return malformed("its frame that says it is ready");
  if (said->version != protocol_version)
    return break_link("it speaks version " + std::to_string(said->version)
                      + " of protocol worker, this node version "
                      + std::to_string(protocol_version)
                      + ": pack it again with this node's faas-cli");
  at_once_ = std::min(said->at_once, config_.areas);
  about_ = std::move(said->about);
  ready_ = true;
}

worker_process::pending* worker_process::call_of(const frame& what,
                                                 const char* kind) const {
  for (auto* one : calls_)
    if (one->number == what.call && !one->done)
      return one;
  log(log_level::warning,
      std::string{kind}
        + " to a call that is not open was dropped: it came twice, or long "
          "after its deadline",
      nullptr);
  return nullptr;
}

void worker_process::take_part(const frame& what) {
  auto* call = call_of(what, "a part of an answer");
  if (call == nullptr)
    return;
  if (call->part)
    return malformed("a part before the one before it was taken");
  call->part = decode_part(what.payload);
  if (!call->part)
    malformed("a part of an answer");
}

void worker_process::take_answer(const frame& what) {
  auto* found = call_of(what, "an answer");
  if (found == nullptr)
    return;
  auto& call = *found;
  const bool failure = static_cast<frame_kind>(what.kind) == frame_kind::failure;
  if (call.part && !failure)
    return malformed("an answer before its last part was taken");
  if (failure) {
    call.part.reset(); // it was cancelled, and did not wait
    auto text = decode_failure(what.payload);
    if (!text)
      return malformed("a failure");
    call.answer = reply::failure({errc::function_failed, std::move(*text),
                                  "see the function's log"});
  } else {
    auto made = decode_answer(
      what.payload, std::min(config_.max_body, memory_.area_bytes()));
    if (!made)
      return malformed("an answer");
    call.answer = std::move(made->what);
    call.in_memory = made->in_memory;
  }
  call.done = true;
}

void worker_process::take_log(const frame& what) {
  const auto said = decode_log(what.payload);
  if (!said)
    return malformed("a line for the log");
  const call_id* id = nullptr;
  for (const auto* call : calls_)
    if (call->number == what.call)
      id = &call->id;
  auto rest = said->text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (!log_bucket_.take(clock::now())) {
      ++logs_dropped_;
      return;
    }
    if (const auto lost = std::exchange(logs_dropped_, 0); lost > 0)
      log(log_level::warning,
          "[" + std::to_string(lost)
            + " lines were dropped: too many in a short time]",
          nullptr);
    log(static_cast<log_level>(said->level),
        rest.substr(0, std::min(end, config_.lines.line_bytes)), id);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void worker_process::malformed(const std::string& what) {
  break_link("it sent what protocol worker does not know (" + what
             + ") and was killed");
  child_->kill();
}

void worker_process::break_link(std::string why) {
  if (broken_.empty())
    broken_ = std::move(why);
  changed_.notify_all();
}

/// What the program prints belongs to the only call that is under way.
void worker_process::mark_under_way() {
  child_->under_way(calls_.size() == 1 ? &calls_.front()->id : nullptr);
}

void worker_process::log(log_level level, std::string_view text,
                         const call_id* id) const {
  if (config_.events.log)
    config_.events.log(level, text, id);
}

} // namespace faas::process::worker
