#include "functions/isolated/worker_process.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace faas::isolated {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// How often a waiting thread looks whether the worker lives, the caller
/// waits, and lines have come: soon at first, then rarely.
constexpr duration first_look = 1ms, last_look = 32ms;
/// Memory of bodies that a worker keeps from call to call.
constexpr uint64_t kept_body_bytes = limits::mib;
/// What is read at once, and in one look, of a worker that does not stop.
constexpr size_t read_bytes = 16 * limits::kib;
constexpr int most_reads = 256;
/// How long the worker's end waits for this one to take a record.
constexpr timeval record_timeout{1, 0};

error no_descriptors(const char* what) {
  return {errc::unavailable,
          std::string{"cannot start a worker process: "} + what + ": "
            + std::strerror(errno),
          "raise the node's limit of open files, or deploy fewer instances"};
}

} // namespace

worker_process::descriptor::~descriptor() {
  if (fd_ >= 0)
    ::close(fd_);
}

result<std::unique_ptr<worker_process>>
worker_process::start(const worker_settings& settings,
                      const create_request& about,
                      const std::optional<sandbox::plan>& plan) {
  auto memory = segment::make(about.max_body);
  if (!memory)
    return memory.error();
  std::unique_ptr<worker_process> made{
    new worker_process{settings, std::move(*memory)}};
  if (auto done = made->spawn(plan); !done)
    return done.error();
  if (auto done = made->create(about); !done)
    return done.error();
  return made;
}

result<void> worker_process::spawn(const std::optional<sandbox::plan>& plan) {
  int control[2], output[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0)
    return no_descriptors("socketpair");
  control_ = descriptor{control[0]};
  const descriptor its_control{control[1]};
  if (pipe2(output, O_CLOEXEC) != 0)
    return no_descriptors("pipe");
  output_ = descriptor{output[0]};
  const descriptor its_output{output[1]};
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  setsockopt(its_control.get(), SOL_SOCKET, SO_SNDTIMEO, &record_timeout,
             sizeof(record_timeout));
  child::spawn_request request;
  request.argv = {settings_.program.string(), "3", "4"};
  request.env = settings_.environment;
  request.fds = {{its_output.get(), 1},
                 {its_output.get(), 2},
                 {memory_.fd(), 3},
                 {its_control.get(), 4}};
  request.sandbox = plan;
  auto started = child::child_process::spawn(request);
  if (!started)
    return started.error();
  child_ = std::move(*started);
  pid_ = child_.pid();
  buffer_.resize(read_bytes);
  return {};
}

result<void> worker_process::create(const create_request& about) {
  out_.clear();
  pack(out_, about);
  if (!channel_.ask(out_.view(), {}))
    return error{errc::bad_bundle,
                 "environment and secrets of the function are larger than "
                   + std::to_string(segment_layout::head_bytes) + " bytes",
                 "put large values into files of the bundle"};
  auto ended = finish(await(clock::now() + settings_.start_timeout, nullptr));
  if (ended.how == outcome::kind::answered) {
    if (ended.answer.code != errc::ok)
      return error{ended.answer.code, ended.answer.message,
                   ended.answer.next_step};
    abi_ = ended.answer.body.view().substr(0, 20);
    return {};
  }
  return error{errc::bad_bundle,
               "the function could not make an instance: " + ended.what,
               "mend its static initialisers, its create function or its "
               "constructor"};
}

outcome worker_process::call(const invocation& event,
                             const std::vector<std::string>& changed,
                             invocation_context& context) {
  out_.clear();
  pack_call(out_, event, event.deadline - clock::now(), changed);
  if (!channel_.ask(out_.view(), event.body.view()))
    return {outcome::kind::too_large, {},
            "the event does not fit: its body has "
              + std::to_string(event.body.size()) + " bytes"};
  log_.begin(&context);
  auto ended = next(event.deadline, context);
  for (auto fate = part_fate::sent; ended.part;) {
    if (fate != part_fate::sent) { // Petrel's own library sends none then
      ended = finish(outcome::kind::corrupted);
      break;
    }
    fate = pass_on(ended, event.deadline, context);
    ended = next(event.deadline, context);
    ended.begun = true; // whatever the last word was
  }
  log_.end();
  if (std::max<size_t>(event.body.size(), ended.answer.body.size())
        > kept_body_bytes
      && !killed_)
    memory_.release_bodies(kept_body_bytes);
  return ended;
}

outcome worker_process::next(time_point deadline,
                             invocation_context& context) {
  auto how = await(deadline, &context);
  const bool late = how == outcome::kind::hung;
  if (late && !context.abandoned()) { // it may notice, and live
    channel_.cancel();
    how = await(clock::now() + settings_.grace, nullptr);
  }
  auto said = finish(how);
  if (late && said.how == outcome::kind::answered && !said.part)
    said.how = outcome::kind::late;
  return said;
}

part_fate worker_process::pass_on(const outcome& part, time_point deadline,
                                  invocation_context& context) {
  const bool over = clock::now() >= deadline || context.abandoned();
  const auto fate = over ? part_fate::stop
                         : context.send(part.answer, part.answer.body.view());
  out_.clear();
  pack_proceed(out_, fate);
  channel_.ask(out_.view(), {}); // always fits
  return fate;
}

outcome::kind worker_process::await(time_point until,
                                    const invocation_context* caller) {
  auto look = first_look;
  bool told = false;
  while (true) {
    const auto seen = channel_.wait(std::min(until, clock::now() + look));
    const bool said = drain();
    if (seen == wait_result::corrupted)
      return outcome::kind::corrupted;
    if (seen == wait_result::answered)
      return outcome::kind::answered;
    if (!alive()) { // it may have answered before it ended
      drain();
      return channel_.wait(clock::now()) == wait_result::answered
               ? outcome::kind::answered
               : outcome::kind::died;
    }
    if (clock::now() >= until || (caller && caller->abandoned()))
      return outcome::kind::hung;
    if (caller && !told && caller->cancelled()) {
      channel_.cancel();
      told = true;
    }
    look = said ? first_look : std::min(look * 2, last_look);
  }
}

outcome worker_process::finish(outcome::kind how) {
  log_.flush();
  switch (how) {
  case outcome::kind::answered:
    return take_answer();
  case outcome::kind::died:
    return {how, {}, "the worker process " + how_it_ended() + log_.last_lines(),
            channel_.taken()};
  case outcome::kind::hung:
    kill();
    return {how, {}, "the worker process did not end in time and was killed"
                       + log_.last_lines()};
  default:
    kill();
    return {outcome::kind::corrupted, {},
            "the worker process overwrote the memory that it shares with its "
            "node, and was killed"
              + log_.last_lines()};
  }
}

outcome worker_process::take_answer() {
  const auto head = channel_.answer_head();
  if (!head)
    return finish(outcome::kind::corrupted);
  auto read = unpack_reply(*head, memory_.layout().body_bytes);
  if (!read) {
    kill();
    return {outcome::kind::corrupted, {},
            read.error().message + log_.last_lines()};
  }
  outcome made;
  made.answer = std::move(read->answer);
  made.part = read->part;
  if (read->body_bytes > 0)
    made.answer.body = blob{channel_.answer_body(read->body_bytes)};
  return made;
}

bool worker_process::drain() {
  const bool records = drain_records();
  return drain_output() || records;
}

bool worker_process::drain_records() {
  for (int i = 0; i < most_reads; ++i) {
    const auto got
      = recv(control_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0)
      return i > 0;
    log_.record({buffer_.data(), static_cast<size_t>(got)});
  }
  return true;
}

bool worker_process::drain_output() {
  for (int i = 0; i < most_reads; ++i) {
    const auto got = read(output_.get(), buffer_.data(), buffer_.size());
    if (got <= 0)
      return i > 0;
    log_.output({buffer_.data(), static_cast<size_t>(got)});
    if (static_cast<size_t>(got) < buffer_.size())
      return true;
  }
  return true;
}

bool worker_process::alive() noexcept {
  if (!child_ || killed_ || ended_)
    return false;
  ended_ = child_.poll();
  return !ended_;
}

void worker_process::kill() noexcept {
  killed_ = true;
  child_.kill();
}

std::string worker_process::how_it_ended() {
  return ended_ ? ended_->text() : "ended";
}

worker_process::~worker_process() {
  if (!alive())
    return; // what is left is killed with child_
  out_.clear();
  pack_destroy(out_);
  const auto until = clock::now() + settings_.close_timeout;
  if (channel_.ask(out_.view(), {})
      && await(until, nullptr) == outcome::kind::answered)
    child_.wait_until(until);
}

} // namespace faas::isolated
