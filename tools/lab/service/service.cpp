// The function of faas-lab: takes as long as its event says, on a site of that
// speed. Runs in the node's process (mode threads), one event per instance at a
// time, so that a site's executors are its servers.
//
// Header X-Lab-Work: ms at slow-down 1, drawn by the scenario; X-Lab-Reply: bytes
// of the answer. The file that
// the variable PETREL_LAB_SITE of the node names tells the rest
// (site_file.hpp). Work is a sleep, for a machine that has fewer cores than the
// scenario has servers; or, with loops_per_ms, busy loops, and the node's CPU
// quota is what makes them slow.
#include "tools/lab/service/site_file.hpp"

#include <faas/function.hpp>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace {

using namespace faas::lab;

constexpr unsigned long long most_reply = 16u << 20;

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

int64_t sleep_until(int64_t when_ns) {
  const timespec until{when_ns / 1'000'000'000, when_ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr)
         != 0) {
  }
  return now_ns() - when_ns;
}

/// How late this machine wakes up who sleeps: the median of a few times. It is
/// taken off each sleep.
int64_t usual_lateness() {
  prctl(PR_SET_TIMERSLACK, 1);
  int64_t seen[9]; // short sleeps: they are part of each load
  for (auto& one : seen)
    one = sleep_until(now_ns() + 200'000);
  std::nth_element(seen, seen + 4, seen + 9);
  return std::clamp<int64_t>(seen[4], 0, 500'000);
}

void burn(double loops) {
  volatile uint64_t x = 1;
  for (auto left = static_cast<int64_t>(loops); left > 0; --left)
    x = x * 2862933555777941757ull + 3037000493ull;
}

/// The site that this process plays. Shared by all instances; thread safe.
class site {
public:
  /// As the file says now; it is read again when it was replaced.
  site_file facts() {
    const std::lock_guard guard{lock_};
    struct stat file {};
    if (!path_ || ::stat(path_, &file) != 0)
      return seen_;
    // An inode comes back when the file is replaced twice.
    const auto at = file.st_mtim.tv_sec * 1'000'000'000ll
                    + file.st_mtim.tv_nsec;
    if (file.st_ino != inode_ || at != written_ns_) {
      std::ifstream in{path_};
      seen_ = read_site_file(in);
      inode_ = file.st_ino;
      written_ns_ = at;
    }
    return seen_;
  }
  int64_t lateness() const { return lateness_; }

  /// An instance is made. The first one of a load takes the load's time, others
  /// of the same load end with it, and later ones take none.
  /// Throws where the site cannot deploy.
  void enter() {
    const auto now = facts();
    const auto load = static_cast<int64_t>(now.cold_ms * 1e6);
    int64_t until = 0;
    {
      const std::lock_guard guard{lock_};
      if (instances_++ == 0) {
        const auto begun = std::exchange(begun_ns_, 0);
        loaded_ns_ = (begun != 0 ? begun : now_ns()) + load;
      }
      until = loaded_ns_;
    }
    sleep_until(until - lateness());
    if (now.broken) {
      leave();
      throw std::runtime_error{"this site cannot deploy"};
    }
  }
  void leave() {
    const std::lock_guard guard{lock_};
    --instances_;
  }

private:
  std::mutex lock_;
  const char* const path_ = std::getenv("PETREL_LAB_SITE");
  ino_t inode_ = 0;
  int64_t written_ns_ = 0;
  site_file seen_;
  int64_t begun_ns_ = now_ns(); ///< of the library's load, which counts
  const int64_t lateness_ = usual_lateness();
  int instances_ = 0;
  int64_t loaded_ns_ = 0;
};

site& here() {
  static site one;
  return one;
}

class service {
public:
  service() { here().enter(); }
  ~service() { here().leave(); }
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  std::string operator()(const faas::sdk::request& event) {
    const auto begin = now_ns();
    const auto facts = here().facts();
    const std::string text{event.header("X-Lab-Work")};
    const auto work = std::clamp(std::strtod(text.c_str(), nullptr), 0.0, 6e5);
    if (facts.loops_per_ms > 0) {
      burn(work * facts.loops_per_ms);
    } else {
      prctl(PR_SET_TIMERSLACK, 1);
      const auto since = facts.begin_ns > 0
                           ? static_cast<double>(begin - facts.begin_ns) / 1e6
                           : -1.0;
      const auto took
        = facts.disturbance.done(since, work * facts.slowdown) - since;
      sleep_until(begin + static_cast<int64_t>(took * 1e6) - here().lateness());
    }
    const std::string bytes{event.header("X-Lab-Reply")};
    const auto reply = std::strtoull(bytes.c_str(), nullptr, 10);
    return reply > 4 ? std::string(std::min(reply, most_reply), '.') : "done";
  }
};

} // namespace

FAAS_FUNCTION(service)

/// Busy loops per ms of this core at its best; faas-lab asks at its start.
extern "C" FAAS_EXPORT double lab_loops_per_ms() {
  constexpr double loops = 200'000;
  int64_t best = 1'000'000'000;
  for (int i = 0; i < 300; ++i) {
    const auto begin = now_ns();
    burn(loops);
    best = std::min(best, now_ns() - begin);
  }
  return loops * 1e6 / static_cast<double>(best);
}
