#include "actors/predictor/cpu_probe.hpp"

#include <algorithm>
#include <pthread.h>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr int chunks = 20;
constexpr auto longest = 150ms;
constexpr int calibration_rounds = 40;

/// About 0.25 ms of integer work that no compiler removes.
double run_chunk() {
  const auto begin = std::chrono::steady_clock::now();
  uint64_t x = 88172645463325252ull;
  for (int i = 0; i < 120'000; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  const volatile uint64_t kept = x;
  (void) kept;
  return to_ms(std::chrono::steady_clock::now() - begin);
}

} // namespace

cpu_probe::cpu_probe(std::function<void(double)> report)
  : report_(std::move(report)), thread_([this] { serve(); }) {
  pthread_setname_np(thread_.native_handle(), "cpu-probe");
}

cpu_probe::~cpu_probe() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void cpu_probe::request() {
  {
    const std::lock_guard lock{mutex_};
    wanted_ = true;
  }
  wake_.notify_one();
}

void cpu_probe::serve() {
  std::unique_lock lock{mutex_};
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || ending_; });
    if (ending_)
      return;
    lock.unlock();
    if (unit_ms_ == 0) {
      // The fastest of many: what the CPU does when nothing holds it up.
      unit_ms_ = run_chunk();
      for (int i = 0; i < calibration_rounds; ++i)
        unit_ms_ = std::min(unit_ms_, run_chunk());
    }
    const auto slowdown = measure();
    lock.lock();
    wanted_ = false;
    lock.unlock();
    report_(slowdown);
    lock.lock();
  }
}

double cpu_probe::measure() {
  const auto begin = std::chrono::steady_clock::now();
  int done = 0;
  while (done < chunks && std::chrono::steady_clock::now() - begin < longest) {
    run_chunk();
    ++done;
  }
  const auto wall = to_ms(std::chrono::steady_clock::now() - begin);
  return std::max(wall / (done * unit_ms_), 0.01);
}

} // namespace faas::actors
