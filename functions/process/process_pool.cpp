#include "functions/process/process_pool.hpp"

#include <algorithm>

namespace faas::process {

using clock = std::chrono::steady_clock;
using how = pool_outcome::how;

namespace {

class pooled_instance final : public function_instance {
public:
  pooled_instance(std::shared_ptr<process_pool> pool, process_pool::place at)
    : pool_(std::move(pool)), at_(std::move(at)) {}
  ~pooled_instance() override { pool_->give_back(std::move(at_)); }

  bool usable() noexcept override {
    try {
      return at_.in && at_.in->usable();
    } catch (const std::exception&) { // out of memory
      return false;
    }
  }

  bool from_pool() const noexcept override {
    return at_.in && at_.in->forked();
  }

  reply invoke(const invocation& event,
               invocation_context& context) noexcept override {
    try {
      if (!at_.in)
        return reply::failure({errc::internal, "no process", ""});
      auto ended = at_.in->call(at_.number, event, context);
      if (ended.end == how::not_begun) { // nobody had noticed
        pool_->give_back(std::move(at_));
        at_ = {};
        auto fresh = pool_->take();
        if (!fresh)
          return reply::failure(fresh.error());
        at_ = std::move(*fresh);
        ended = at_.in->call(at_.number, event, context);
      }
      return answer_of(std::move(ended));
    } catch (const std::exception& failed) { // out of memory
      return reply::failure(
        {errc::internal, failed.what(), "see the node's log"});
    }
  }

private:
  reply answer_of(pool_outcome&& ended) {
    switch (ended.end) {
    case how::answered:
      pool_->answered(*at_.in);
      return std::move(ended.answer);
    case how::late:
      return reply::failure({errc::deadline_exceeded,
                             "the program did not answer before the deadline",
                             "make it faster or raise petrel.timeout"});
    case how::not_begun:
      return reply::failure({errc::unavailable,
                             pool_->name() + " did not take the event: "
                               + ended.what,
                             "try again in a moment"});
    case how::died:
      break;
    }
    return reply::failure({errc::outcome_unknown,
                           "the program ended while it ran the event: "
                             + ended.what,
                           "the event may have run; see the function's log"});
  }

  std::shared_ptr<process_pool> pool_;
  process_pool::place at_;
};

} // namespace

result<std::unique_ptr<function_instance>> process_pool::make_instance() {
  auto got = take();
  if (!got)
    return got.error();
  return std::unique_ptr<function_instance>{
    std::make_unique<pooled_instance>(shared_from_this(), std::move(*got))};
}

result<process_pool::place> process_pool::take() {
  std::unique_lock lock{mutex_};
  const auto until = clock::now() + config_.patience;
  place found;
  while (true) {
    if (take_free(found))
      return found;
    // One start may make places for many.
    if (!starting_ || places_ == 1 || clock::now() >= until)
      break;
    changed_.wait_until(lock, until);
  }
  if (auto turn = wait_for_turn(lock); !turn)
    return turn.error();
  return start(lock);
}

/// With the lock.
bool process_pool::take_free(place& out) {
  for (auto& [process, member] : members_) {
    if (member.free.empty() || member.counted)
      continue;
    if (!member.process->usable()) {
      note_end(member);
      continue;
    }
    const auto first = member.free.begin();
    out = {member.process, *first};
    member.free.erase(first);
    ++member.held;
    return true;
  }
  return false;
}

result<void>
process_pool::wait_for_turn(std::unique_lock<std::mutex>& lock) {
  const auto until = clock::now() + config_.patience;
  while (true) {
    const auto now = clock::now();
    if (now >= not_before_)
      return {};
    if (policy_.looping() || not_before_ >= until)
      return refused();
    changed_.wait_until(lock, not_before_);
  }
}

/// With the lock, not while it starts.
result<process_pool::place>
process_pool::start(std::unique_lock<std::mutex>& lock) {
  starting_ = true;
  const auto started = clock::now();
  lock.unlock();
  auto made = start_();
  lock.lock();
  starting_ = false;
  changed_.notify_all();
  if (!made) {
    count_end(made.error().message, started);
    if (starts_ == 0)
      return made.error();
    return error{errc::unavailable, made.error().message,
                 made.error().next_step};
  }
  ++starts_;
  forked_ += (*made)->forked() ? 1 : 0;
  places_ = std::max(1u, (*made)->places());
  about_ = (*made)->about();
  auto& member = members_[made->get()];
  member.process = *made;
  member.started = started;
  member.held = 1;
  for (uint32_t i = 1; i < places_; ++i)
    member.free.insert(i);
  return place{std::move(*made), 0};
}

void process_pool::give_back(place&& what) {
  if (!what.in)
    return;
  std::shared_ptr<pooled_process> dropped; // ends without the lock
  {
    const std::lock_guard lock{mutex_};
    const auto found = members_.find(what.in.get());
    if (found == members_.end())
      return;
    auto& member = found->second;
    member.free.insert(what.number);
    --member.held;
    if (!member.counted && !member.process->usable())
      note_end(member);
    if (member.held == 0) {
      dropped = std::move(member.process);
      members_.erase(found);
    }
  }
  what.in.reset();
}

/// With the lock.
void process_pool::note_end(member& of) {
  if (std::exchange(of.counted, true))
    return;
  // One that has served is forgiven its end.
  count_end(of.process->ended(), of.answered
                                   ? clock::now() - config_.rules.fast
                                   : of.started);
}

/// With the lock.
void process_pool::count_end(std::string how, time_point started) {
  const auto now = clock::now();
  ++ends_;
  last_end_ = std::move(how);
  not_before_ = policy_.ended(started, now);
  if (starts_ > 0)
    tell((policy_.looping() ? "crash loop: " : "the program ended: ")
           + last_end_,
         log_level::error);
}

void process_pool::answered(const pooled_process& by) {
  const std::lock_guard lock{mutex_};
  if (const auto found = members_.find(&by); found != members_.end())
    found->second.answered = true;
}

/// With the lock.
error process_pool::refused() const {
  return why_held_back(policy_, config_.name, last_end_);
}

void process_pool::tell(const std::string& text, log_level level) const {
  if (config_.events.log)
    config_.events.log(level, text, nullptr);
}

string_map process_pool::facts() const {
  const std::lock_guard lock{mutex_};
  string_map out{{"protocol", config_.protocol},
                 {"restarts", std::to_string(ends_)}};
  if (forked_ > 0)
    out["forked"] = std::to_string(forked_) + " of " + std::to_string(starts_)
                    + " starts";
  std::string pids;
  for (const auto& [process, member] : members_)
    if (!member.counted)
      pids += (pids.empty() ? "" : " ") + std::to_string(process->pid());
  out["program"] = !pids.empty()        ? "running"
                   : policy_.looping()  ? "crash loop"
                   : last_end_.empty()  ? "not started"
                                        : "waits for its restart";
  if (!pids.empty())
    out["pid"] = pids;
  if (places_ > 0)
    out["calls_at_once"] = std::to_string(places_) + " per process";
  if (!about_.empty())
    out["speaks"] = about_;
  if (!last_end_.empty())
    out["last_end"] = last_end_;
  return out;
}

} // namespace faas::process
