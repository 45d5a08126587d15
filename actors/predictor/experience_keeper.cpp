#include "actors/predictor/experience_keeper.hpp"

#include <utility>

namespace faas::actors {

experience_keeper::experience_keeper(replica_store& store,
                                     std::function<void(std::string)> log)
  : store_(store), log_(std::move(log)), thread_([this] { work(); }) {}

experience_keeper::~experience_keeper() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void experience_keeper::keep(std::string text) {
  {
    const std::lock_guard lock{mutex_};
    next_ = std::move(text);
  }
  changed_.notify_one();
}

void experience_keeper::work() {
  for (;;) {
    std::optional<std::string> text;
    bool over = false;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return over_ || next_; });
      text = std::exchange(next_, std::nullopt);
      over = over_;
    }
    if (!text && failing_)
      text = std::exchange(unsaved_, std::nullopt); // there may be room now
    if (text)
      save(std::move(*text));
    if (over)
      return;
  }
}

void experience_keeper::save(std::string text) {
  const auto saved = store_.save(text);
  if (!saved && !failing_ && log_)
    log_("what was learned of latencies is not kept over a restart: "
         + saved.error().message);
  else if (saved && failing_ && log_)
    log_("what is learned of latencies is kept again");
  failing_ = !saved;
  if (failing_)
    unsaved_ = std::move(text);
}

} // namespace faas::actors
