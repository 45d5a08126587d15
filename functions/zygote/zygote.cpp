#include "functions/zygote/zygote.hpp"

#include <algorithm>
#include <csignal>
#include <sys/stat.h>

namespace faas::zygote {

using clock = std::chrono::steady_clock;

namespace {

error none(const std::string& why) {
  return {errc::unavailable, "no zygote: " + why,
          "the function starts without one, more slowly"};
}

} // namespace

std::string stamp_of(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0)
    return {};
  const auto& at = info.st_mtim;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":"
         + std::to_string(at.tv_sec) + "." + std::to_string(at.tv_nsec);
}

pool::pool(pool_config config) : config_(std::move(config)) {}

pool::~pool() {
  std::thread keeper;
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
    keeper.swap(thread_);
  }
  changed_.notify_all();
  if (keeper.joinable())
    keeper.join();
  for (auto& one : waiting_)
    discard(std::move(one));
}

void pool::want() {
  const std::lock_guard lock{mutex_};
  if (wanted_ || stop_)
    return;
  wanted_ = true;
  reason_ = "it is being started";
  thread_ = std::thread{[this] { keep(); }};
}

result<sandbox::started_init> pool::take() {
  lock_type lock{mutex_};
  if (is_new())
    drop(lock, config_.python.string() + " was replaced");
  while (!waiting_.empty()) {
    auto one = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    if (waits(one)) {
      ++taken_;
      return one;
    }
    lock.unlock();
    discard(std::move(one));
    lock.lock();
  }
  const auto zygote = zygote_;
  if (!zygote)
    return none(reason_);
  lock.unlock();
  auto made = zygote->fork();
  lock.lock();
  if (made)
    ++taken_;
  else if (zygote_ == zygote)
    drop(lock, made.error().message);
  return made;
}

// -- the keeper -----------------------------------------------------------------

void pool::keep() {
  lock_type lock{mutex_};
  while (!stop_) {
    if (zygote_ && !zygote_->alive())
      drop(lock, "it ended");
    const auto now = clock::now();
    if (!zygote_ && now < not_before_)
      changed_.wait_until(lock, not_before_);
    else if (!zygote_)
      start(lock);
    else if (waiting_.size() < config_.waiting)
      refill(lock);
    else
      changed_.wait(lock);
  }
  drop(lock, "the node stops");
}

void pool::start(lock_type& lock) {
  const auto stamp = stamp_of(config_.python);
  lock.unlock();
  auto made = process::start(config_.python,
                             clock::now() + config_.start_timeout, [this] {
                               const std::lock_guard again{mutex_};
                               return !stop_;
                             });
  lock.lock();
  started_ = clock::now();
  if (made) {
    ++starts_;
    stamp_ = stamp;
    zygote_ = std::make_shared<const process>(std::move(*made));
    return;
  }
  pause_ = std::clamp(pause_ * 2, config_.first_pause, config_.longest_pause);
  not_before_ = started_ + pause_;
  if (reason_ != made.error().message)
    tell("no zygote for Python functions: " + made.error().message);
  reason_ = made.error().message;
}

void pool::refill(lock_type& lock) {
  const auto zygote = zygote_;
  lock.unlock();
  auto made = zygote->fork();
  lock.lock();
  if (made)
    waiting_.push_back(std::move(*made));
  else if (zygote_ == zygote)
    drop(lock, made.error().message);
}

/// With the lock. The next one is started after a pause. Its forks live on,
/// unless they are of another interpreter.
void pool::drop(lock_type& lock, std::string why) {
  std::deque<sandbox::started_init> unused;
  if (is_new())
    unused.swap(waiting_);
  auto old = std::exchange(zygote_, nullptr);
  if (old) {
    const auto now = clock::now();
    if (now - started_ >= config_.longest_pause)
      pause_ = {};
    pause_ = std::clamp(pause_ * 2, config_.first_pause, config_.longest_pause);
    not_before_ = now + pause_;
    reason_ = std::move(why);
    if (!stop_)
      tell("the zygote for Python functions is replaced: " + reason_);
  }
  lock.unlock();
  for (auto& one : unused)
    discard(std::move(one));
  if (old)
    old->kill();
  old.reset();
  lock.lock();
  changed_.notify_all();
}

/// With the lock: the interpreter's file is another one than when what is here
/// was forked.
bool pool::is_new() const {
  return starts_ > 0 && stamp_of(config_.python) != stamp_;
}

void pool::tell(const std::string& text) const {
  if (config_.log)
    config_.log(text);
}

string_map pool::facts() const {
  const std::lock_guard lock{mutex_};
  const bool runs = zygote_ && zygote_->alive();
  return {{"zygote", runs ? "pid " + std::to_string(zygote_->pid())
                               : "none: " + (zygote_ ? "it ended" : reason_)},
          {"zygote_waiting", std::to_string(waiting_.size())},
          {"zygote_taken", std::to_string(taken_)}};
}

} // namespace faas::zygote
