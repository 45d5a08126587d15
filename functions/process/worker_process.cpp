#include "functions/process/worker_process.hpp"

#include "functions/process/io_wait.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace faas::process::worker {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using how = pool_outcome::how;

namespace {

/// Between two questions whether somebody still waits.
constexpr duration ask_every = 50ms;
/// A program that closed the link is about to end; then its end says more.
constexpr auto end_wait = 500ms;
/// A larger body's memory is given back after its call.
constexpr uint64_t kept_body = 1 << 20;

constexpr int link_target = 3, memory_target = 4;

} // namespace

result<std::shared_ptr<pooled_process>>
worker_process::start(process_config config) {
  auto memory = shared_memory::make(config.areas, config.max_body);
  if (!memory)
    return memory.error();
  std::shared_ptr<worker_process> made{
    new worker_process{std::move(config), std::move(*memory)}};
  if (auto done = made->launch(); !done)
    return done.error();
  if (auto done = made->become_ready(); !done)
    return done.error();
  return std::shared_ptr<pooled_process>{std::move(made)};
}

result<void> worker_process::launch() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return error{errc::unavailable,
                 std::string{"cannot make a socket: "} + std::strerror(errno),
                 "close files or raise the limit of open files of the node"};
  link_.reset(ends[0]);
  const unique_fd theirs{ends[1]};
  auto request = config_.start;
  request.env["PETREL_WORKER_FD"] = std::to_string(link_target);
  request.env["PETREL_WORKER_MEMORY_FD"] = std::to_string(memory_target);
  request.fds
    = {{theirs.get(), link_target}, {memory_.fd(), memory_target}};
  auto child
    = attended::start(std::move(request), config_.events, config_.lines);
  if (!child)
    return child.error();
  child_ = std::move(*child);
  return {};
}

result<void> worker_process::become_ready() {
  const auto until = clock::now() + config_.start_timeout;
  {
    const std::lock_guard lock{mutex_};
    send(encode(hello{config_.areas, memory_.area_bytes(), config_.max_body}));
  }
  while (clock::now() < until) {
    read_some(until);
    const std::lock_guard lock{mutex_};
    if (ready_)
      return {};
    if (!broken_.empty())
      break;
  }
  std::string why;
  {
    const std::lock_guard lock{mutex_};
    why = broken_;
  }
  if (why.empty())
    why = child_->with_lines(
      "it was not ready within "
      + std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(
          config_.start_timeout)
          .count())
      + " ms");
  else {
    child_->finish(clock::now() + end_wait);
    why = how_it_ended();
  }
  return error{errc::bad_bundle, config_.name + " does not start: " + why,
               "it must speak protocol worker on the descriptor in "
               "PETREL_WORKER_FD; Python: command [python3, -m, petrel, "
               "FILE.py]"};
}

worker_process::~worker_process() {
  if (!child_)
    return;
  bool well = false;
  {
    const std::lock_guard lock{mutex_};
    well = broken_.empty() && !retiring_;
  }
  link_.reset(); // it sees the end of its work
  if (well && !child_->finish(clock::now() + config_.stop_grace))
    log(log_level::warning,
        "the program did not end when its link was closed: killed", nullptr);
}

bool worker_process::usable() {
  {
    const std::lock_guard lock{mutex_};
    if (!broken_.empty() || retiring_)
      return false;
  }
  return child_->alive();
}

std::string worker_process::ended() {
  {
    const std::lock_guard lock{mutex_};
    if (retiring_)
      return "a call did not end after its deadline; the process was killed";
  }
  return how_it_ended();
}

/// More than that the link was closed.
std::string worker_process::how_it_ended() {
  std::string why;
  {
    const std::lock_guard lock{mutex_};
    why = broken_;
  }
  if (auto end = child_->ended();
      !end.empty() && (why.empty() || why.starts_with("it closed")))
    return end;
  return child_->with_lines(why.empty() ? "it runs" : why);
}

pool_outcome worker_process::call(uint32_t place, const invocation& event,
                                  invocation_context& context) {
  const auto area = static_cast<uint16_t>(place);
  const auto body = event.body.view();
  if (body.size() > inline_bytes && !memory_.put(area, body))
    return {how::answered,
            reply::failure({errc::too_large,
                            "the body has " + std::to_string(body.size())
                              + " bytes, over petrel.max_body",
                            "send less, or raise petrel.max_body"}),
            {}};
  bool late = false;
  pending mine{0, event.id};
  {
    lock_type lock{mutex_};
    if (!broken_.empty() || retiring_)
      return {how::not_begun, {}, broken_};
    mine.number = ++last_number_;
    auto frame = encode_call(mine.number, event, area,
                             event.deadline - clock::now());
    if (frame.size() > head_bytes + most_payload)
      return {how::answered,
              reply::failure({errc::too_large,
                              "the headers of the event are too large for "
                              "protocol worker",
                              "send less in headers"}),
              {}};
    const auto size = frame.size();
    send(std::move(frame));
    if (refused_ && unsent_.size() >= size) { // it saw nothing of it
      break_link("it closed its link to the node");
      return {how::not_begun, {}, broken_};
    }
    calls_.push_back(&mine);
    mark_under_way();
    run(lock, mine, event, context, late);
  }
  return conclude(mine, area, late, body.size());
}

/// From sent to its end; with the lock.
void worker_process::run(lock_type& lock, pending& mine,
                         const invocation& event, invocation_context& context,
                         bool& late) {
  await(lock, mine, event.deadline, &context);
  late = !mine.done && broken_.empty();
  if (late && !context.abandoned()) { // it may notice, and live
    send(encode_cancel(mine.number));
    await(lock, mine, clock::now() + config_.call_grace, nullptr);
  }
  std::erase(calls_, &mine);
  mark_under_way();
  if (!mine.done && broken_.empty())
    retiring_ = true;
  if (retiring_ && calls_.empty())
    child_->kill(); // no other call is harmed
}

pool_outcome worker_process::conclude(pending& mine, uint16_t area, bool late,
                                      uint64_t sent) {
  if (late)
    return {how::late, {}, {}};
  if (!mine.done) {
    std::ignore = child_->finish(clock::now() + end_wait);
    return {how::died, {}, how_it_ended()};
  }
  if (mine.in_memory > 0)
    mine.answer.body = blob{memory_.get(area, mine.in_memory)};
  if (std::max(sent, mine.in_memory) > kept_body)
    memory_.release(area);
  return {how::answered, std::move(mine.answer), {}};
}

void worker_process::await(lock_type& lock, pending& what, time_point until,
                           invocation_context* caller) {
  bool told = false;
  while (!what.done && broken_.empty()) {
    const auto now = clock::now();
    if (now >= until || (caller && caller->abandoned()))
      return;
    if (what.part) {
      pass_on(lock, what, caller);
      continue;
    }
    if (caller && !told && caller->cancelled()) {
      send(encode_cancel(what.number));
      told = true;
    }
    const auto next = std::min(until, now + ask_every);
    if (reading_) {
      changed_.wait_until(lock, next);
      continue;
    }
    reading_ = true;
    lock.unlock();
    read_some(next);
    lock.lock();
    reading_ = false;
    changed_.notify_all(); // one of the others goes on
  }
}

void worker_process::pass_on(lock_type& lock, pending& what,
                             invocation_context* caller) {
  const auto part = *std::exchange(what.part, std::nullopt);
  auto fate = part_fate::stop; // its deadline has passed
  if (caller) {
    lock.unlock();
    fate = caller->send(part, part.body.view());
    lock.lock();
  }
  if (what.done)
    return; // a failure came meanwhile
  send(encode_part_taken(what.number, fate));
  unread_ = unsent_.empty() ? 0 : unread_ + 1;
  if (unread_ > most_areas)
    malformed("parts, without reading what became of those before");
}

/// With the lock. Never waits: what the socket does not take goes out later.
void worker_process::send(std::string frame) {
  unsent_ += frame;
  flush();
}

/// With the lock.
void worker_process::flush() {
  while (!unsent_.empty() && broken_.empty()) {
    const auto n = ::send(link_.get(), unsent_.data(), unsent_.size(),
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    refused_ = n < 0 && errno != EAGAIN;
    if (n < 0)
      return; // full, or closed: reading finds out
    unsent_.erase(0, static_cast<size_t>(n));
  }
}

} // namespace faas::process::worker
