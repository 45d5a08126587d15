#include "functions/process/http_call.hpp"

#include "functions/process/http_rules.hpp"

namespace faas::process {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using how = exchange_outcome::how;

namespace {

/// A program that closed a connection is often about to end; then its end says
/// more.
constexpr auto end_wait = 200ms;

/// Lines that the program prints meanwhile are this event's.
class under_way {
public:
  under_way(program& in, const call_id& id) : program_(in), id_(id) {
    program_.begin(id_);
  }
  ~under_way() { program_.end(id_); }
  under_way(const under_way&) = delete;
  under_way& operator=(const under_way&) = delete;

private:
  program& program_;
  const call_id& id_;
};

} // namespace

reply http_instance::invoke(const invocation& event,
                            invocation_context& context) noexcept {
  try {
    return call(event, context);
  } catch (const std::exception& failed) { // out of memory
    connection_.reset();
    return reply::failure({errc::internal, failed.what(),
                           "see the node's log"});
  }
}

reply http_instance::call(const invocation& event,
                          invocation_context& context) {
  const auto until = back_before(event.deadline, clock::now());
  const auto head = request_head(event);
  const bool again = how_.idempotent || idempotent_method(event.method);
  const under_way mark{*program_, event.id};
  while (true) {
    auto made = try_once(event, head, until, context);
    if (!made)
      return reply::failure(made.error());
    const auto& end = made->outcome;
    if (made->reused && again && end.end == how::closed && !end.began)
      continue; // next time over a new connection
    return conclude(std::move(*made), event, context);
  }
}

result<http_instance::attempt>
http_instance::try_once(const invocation& event, const std::string& head,
                        time_point until, invocation_context& context) {
  const auto stop = [&] { return context.cancelled(); };
  const auto wait = waiter(stop);
  auto run = program_->ready(until, stop);
  if (!run)
    return run.error();
  auto reused = connect(*run, until, wait, context);
  if (!reused)
    return reused.error();
  attempt made{*reused, run->number, {}};
  made.outcome
    = exchange(connection_.get(),
               {head, event.body.view(), event.method == "HEAD", how_.max_body,
                until, &context},
               wait);
  if (!made.outcome.keep)
    connection_.reset();
  return made;
}

/// True: the connection was used before.
result<bool> http_instance::connect(const program::run& to, time_point until,
                                    const io_waiter& wait,
                                    invocation_context& context) {
  if (connection_ && run_ == to.number) {
    const auto state = check_idle(connection_.get());
    if (state == idle_state::usable)
      return true;
    if (state == idle_state::unasked)
      context.log(log_level::warning,
                  "the program sent more than one answer to an event before; "
                  "the second was dropped");
  }
  connection_.reset();
  auto made = to.at->connect(until, wait);
  if (!made)
    return made.error();
  connection_ = std::move(*made);
  run_ = to.number;
  return false;
}

reply http_instance::conclude(attempt&& made, const invocation& event,
                              invocation_context& context) {
  auto& end = made.outcome;
  const auto broken = [&](std::string what) {
    return reply::failure({errc::outcome_unknown, std::move(what),
                           "the event may have run; see the function's log"});
  };
  if (end.parts || end.end == how::answered)
    program_->answered(made.run); // it does not hang, whatever comes
  const auto missed = [&] {
    if (!end.parts)
      program_->missed(made.run);
  };
  switch (end.end) {
  case how::answered:
    if (end.twice)
      context.log(log_level::warning,
                  "the program sent more than one answer; the second was "
                  "dropped");
    return std::move(end.answer);
  case how::timeout:
    missed();
    return reply::failure({errc::deadline_exceeded,
                           "the program did not answer before the deadline",
                           "make it faster or raise petrel.timeout"});
  case how::stopped:
    // The host may have seen the deadline first.
    if (clock::now() >= event.deadline)
      missed();
    return reply::failure(
      {errc::cancelled, "nobody waits for the answer any more", ""});
  case how::malformed:
  case how::too_large:
    return broken(end.why);
  case how::closed:
    break;
  }
  const auto last
    = program_->ended(made.run, std::min<time_point>(clock::now() + end_wait,
                                                     event.deadline));
  return broken(last.empty() ? end.why
                             : "the program ended while it ran the event: "
                                 + last);
}

} // namespace faas::process
