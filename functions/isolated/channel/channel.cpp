#include "functions/isolated/channel/channel.hpp"

#include <algorithm>
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace faas::isolated {
namespace {

using clock = std::chrono::steady_clock;

/// Between processes, so without FUTEX_PRIVATE_FLAG. Returns also for no
/// reason: callers look again.
void futex_wait(std::atomic<uint32_t>& word, uint32_t value,
                std::optional<duration> most) noexcept {
  timespec time{};
  if (most) {
    const auto left = std::max(*most, duration{1});
    time.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    time.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
  }
  syscall(SYS_futex, &word, FUTEX_WAIT, value, most ? &time : nullptr, nullptr,
          0);
}

void futex_wake(std::atomic<uint32_t>& word) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool several_cores() {
  return std::thread::hardware_concurrency() > 1;
}

} // namespace

node_end::node_end(const segment& memory)
  : memory_(memory), words_(memory.words()), spin_(several_cores()) {}

bool node_end::ask(std::string_view head, std::string_view body) noexcept {
  const auto to_head = memory_.request_head();
  const auto to_body = memory_.request_body();
  if (head.size() > to_head.size() || body.size() > to_body.size())
    return false;
  std::memcpy(to_head.data(), head.data(), head.size());
  if (!body.empty())
    std::memcpy(to_body.data(), body.data(), body.size());
  words_.asked_head.store(static_cast<uint32_t>(head.size()),
                          std::memory_order_relaxed);
  words_.asked.store(++asked_);
  if (words_.worker_sleeps.load() != 0)
    futex_wake(words_.asked);
  return true;
}

wait_result node_end::wait(time_point until) noexcept {
  const auto before = asked_ - 1;
  const auto judge = [&](uint32_t seen) {
    return seen == asked_ ? wait_result::answered : wait_result::corrupted;
  };
  if (const auto seen = spin_while(words_.answered, before, spin_); seen != before)
    return judge(seen);
  words_.node_sleeps.store(1);
  auto seen = words_.answered.load();
  for (auto now = clock::now(); seen == before && now < until;
       now = clock::now()) {
    futex_wait(words_.answered, before, until - now);
    seen = words_.answered.load();
  }
  words_.node_sleeps.store(0, std::memory_order_relaxed);
  return seen == before ? wait_result::timed_out : judge(seen);
}

std::optional<std::string_view> node_end::answer_head() {
  const size_t bytes = words_.answered_head.load(std::memory_order_relaxed);
  const auto from = memory_.answer_head();
  if (bytes > from.size())
    return std::nullopt;
  head_.assign(from.data(), bytes);
  return head_;
}

std::string node_end::answer_body(uint64_t bytes) const {
  const auto from = memory_.answer_body();
  return {from.data(), std::min<size_t>(bytes, from.size())};
}

worker_end::worker_end(const segment& memory)
  : memory_(memory), words_(memory.words()), spin_(several_cores()) {}

std::string_view worker_end::next() noexcept {
  const auto before = asked_.load(std::memory_order_relaxed);
  auto seen = spin_while(words_.asked, before, spin_);
  if (seen == before) {
    words_.worker_sleeps.store(1);
    while ((seen = words_.asked.load()) == before)
      futex_wait(words_.asked, before, std::nullopt);
    words_.worker_sleeps.store(0, std::memory_order_relaxed);
  }
  asked_.store(seen, std::memory_order_relaxed);
  words_.taken.store(seen, std::memory_order_relaxed);
  const auto head = memory_.request_head();
  return {head.data(),
          std::min<size_t>(words_.asked_head.load(std::memory_order_relaxed),
                           head.size())};
}

std::string_view worker_end::body(uint64_t bytes) const noexcept {
  const auto from = memory_.request_body();
  return {from.data(), std::min<size_t>(bytes, from.size())};
}

bool worker_end::answer(std::string_view head, std::string_view body) noexcept {
  const auto to_head = memory_.answer_head();
  const auto to_body = memory_.answer_body();
  if (head.size() > to_head.size() || body.size() > to_body.size())
    return false;
  std::memcpy(to_head.data(), head.data(), head.size());
  if (!body.empty())
    std::memcpy(to_body.data(), body.data(), body.size());
  words_.answered_head.store(static_cast<uint32_t>(head.size()),
                             std::memory_order_relaxed);
  words_.answered.store(asked_.load(std::memory_order_relaxed));
  if (words_.node_sleeps.load() != 0)
    futex_wake(words_.answered);
  return true;
}

bool worker_end::cancelled() const noexcept {
  return words_.cancelled.load(std::memory_order_relaxed)
         == asked_.load(std::memory_order_relaxed);
}

} // namespace faas::isolated
