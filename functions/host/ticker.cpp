#include "functions/host/ticker.hpp"

#include <pthread.h>

namespace faas::host {

void ticker::start(duration every, std::function<void(time_point)> what) {
  thread_ = std::thread{[this, every, what = std::move(what)] {
    std::unique_lock lock{mutex_};
    while (!changed_.wait_for(lock, every, [this] { return stopping_; })) {
      lock.unlock();
      what(std::chrono::steady_clock::now());
      lock.lock();
    }
  }};
  pthread_setname_np(thread_.native_handle(), "scale");
}

void ticker::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

} // namespace faas::host
