// Sources that wait for something: their code to be loaded.
#include "functions/host/executor_pool.hpp"

#include <algorithm>

namespace faas::host {

bool executor_pool::hold(work_source& source) {
  const lock_type lock{mutex_};
  if (source.closed_ || source.waiting() > 0 || source.running() > 0)
    return false;
  source.held_ = true;
  return true;
}

void executor_pool::resume(work_source& source) {
  std::vector<worker_ptr> woken;
  {
    const lock_type lock{mutex_};
    source.held_ = false;
    if (!source.runnable())
      return;
    if (!source.is_linked())
      ring_.push_back(source);
    auto most = std::min<size_t>(source.waiting(), source.free_slots_.size());
    if (most > 0 && tell_spinner())
      --most;
    while (woken.size() < most) {
      auto one = sleeper();
      if (!one)
        break;
      woken.push_back(std::move(one));
    }
  }
  for (const auto& one : woken)
    one->wake.notify_one();
}

} // namespace faas::host
