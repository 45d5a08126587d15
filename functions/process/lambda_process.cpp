#include "functions/process/lambda_process.hpp"

#include "functions/process/endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace faas::process::lambda {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using how = pool_outcome::how;

namespace {

/// Between two questions whether the event is wanted and the program lives.
constexpr duration ask_every = 50ms;
constexpr auto end_wait = 500ms;

/// The program may not start before the node listens in its network: a shell
/// waits for a line on this descriptor, closes it and becomes the program.
constexpr int gate_target = 9;
constexpr auto gate_script
  = "read -r _ <&9 || exit 125; exec 9<&-; exec \"$@\"";

} // namespace

result<std::shared_ptr<pooled_process>>
lambda_process::start(process_config config) {
  std::shared_ptr<lambda_process> made{new lambda_process{std::move(config)}};
  if (auto done = made->launch(); !done)
    return done.error();
  if (auto done = made->become_ready(); !done)
    return done.error();
  return std::shared_ptr<pooled_process>{std::move(made)};
}

result<void> lambda_process::launch() {
  auto request = config_.start;
  unique_fd listener;
  auto port = config_.port;
  if (!config_.own_network) {
    auto made = listen_on_loopback({}, 0);
    if (!made)
      return made.error();
    port = port_of(made->get());
    listener = std::move(*made);
  }
  request.env["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:" + std::to_string(port);
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0)
    return error{errc::unavailable,
                 std::string{"cannot make a pipe: "} + std::strerror(errno),
                 "close files or raise the limit of open files of the node"};
  const unique_fd theirs{gate[0]}, ours{gate[1]};
  request.fds = {{theirs.get(), gate_target}};
  request.argv.insert(request.argv.begin(),
                      {"/bin/sh", "-c", gate_script, "sh"});
  auto child
    = attended::start(std::move(request), config_.events, config_.lines);
  if (!child)
    return child.error();
  child_ = std::move(*child);
  if (config_.own_network) {
    auto made = listen_in_its_network();
    if (!made)
      return made.error();
    listener = std::move(*made);
  }
  server_.emplace(std::move(listener), config_.who, config_.max_body);
  if (::write(ours.get(), "\n", 1) != 1)
    return error{errc::unavailable, "cannot start the program", ""};
  return {};
}

result<unique_fd> lambda_process::listen_in_its_network() {
  auto its = network::of(child_->pid());
  if (!child_->alive())
    return error{errc::bad_bundle, config_.name + " does not start: "
                                     + child_->ended(),
                 "run its command by hand"};
  if (!its)
    return its.error();
  auto made = its->tcp_socket();
  if (!made)
    return made.error();
  return listen_on_loopback(std::move(*made), config_.port);
}

result<void> lambda_process::become_ready() {
  const auto end = wait(
    [&] { return server_->asked() || server_->init_failure(); },
    clock::now() + config_.start_timeout, nullptr);
  if (end == waited::done && !server_->init_failure())
    return {};
  std::string why;
  if (const auto& said = server_->init_failure()) {
    child_->finish(clock::now() + end_wait);
    why = said->type + ": " + said->message;
  } else if (end == waited::broken) {
    why = ended();
  } else {
    why = child_->with_lines("it did not ask for an event within "
                             + std::to_string(config_.start_timeout / 1ms)
                             + " ms");
  }
  return error{errc::bad_bundle, config_.name + " does not start: " + why,
               "it must speak the AWS Lambda Runtime API at "
               "AWS_LAMBDA_RUNTIME_API; Python: command [python3, -m, "
               "awslambdaric, FILE.handler]"};
}

lambda_process::~lambda_process() {
  if (child_ && child_->alive()) {
    child_->terminate();
    child_->finish(clock::now() + config_.stop_grace);
  }
}

template <class Condition>
lambda_process::waited
lambda_process::wait(Condition condition, time_point until,
                     const invocation_context* caller) {
  while (true) {
    if (condition())
      return waited::done;
    const auto now = clock::now();
    if (now >= until)
      return waited::timeout;
    if (caller && caller->abandoned())
      return waited::abandoned;
    auto fds = server_->wanted();
    if (child_->wait(fds, std::min(until, now + ask_every))) {
      server_->serve(fds);
      if (!server_->wrong().empty()) {
        note_broken(server_->wrong() + "; it was killed");
        child_->kill();
        return waited::broken;
      }
      continue;
    }
    if (!child_->alive()) {
      server_->serve(fds); // nothing: only what was seen is read
      return condition() ? waited::done : waited::broken;
    }
  }
}

pool_outcome lambda_process::call(uint32_t, const invocation& event,
                                  invocation_context& context) {
  if (!usable())
    return {how::not_begun, {}, ended()};
  child_->under_way(&event.id);
  // It may still be about to ask, or to answer for the second time.
  auto end
    = wait([&] { return server_->asked(); }, event.deadline, &context);
  if (end == waited::broken) {
    child_->under_way(nullptr);
    return {how::not_begun, {}, ended()};
  }
  if (end == waited::done) {
    server_->give(event, std::chrono::system_clock::now()
                           + std::chrono::duration_cast<
                             std::chrono::system_clock::duration>(
                             event.deadline - clock::now()));
    end = wait([&] { return server_->answered(); }, event.deadline, &context);
  }
  child_->under_way(nullptr);
  if (end == waited::done)
    return {how::answered, server_->take_answer(), {}};
  if (end == waited::broken) {
    child_->finish(clock::now() + end_wait);
    return {how::died, {}, ended()};
  }
  note_broken("an event did not end before its deadline; the program was "
              "killed");
  child_->kill();
  return {how::late, {}, {}};
}

bool lambda_process::usable() {
  {
    const std::lock_guard lock{mutex_};
    if (!broken_.empty())
      return false;
  }
  return child_->alive();
}

std::string lambda_process::ended() {
  std::string why;
  {
    const std::lock_guard lock{mutex_};
    why = broken_;
  }
  return why.empty() ? child_->ended() : child_->with_lines(why);
}

void lambda_process::note_broken(std::string why) {
  const std::lock_guard lock{mutex_};
  if (broken_.empty())
    broken_ = std::move(why);
}

} // namespace faas::process::lambda
