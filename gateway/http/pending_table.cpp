#include "gateway/http/pending_table.hpp"

#include <algorithm>

namespace faas::http {

pending_table::pending_table(uint32_t capacity, time_point now,
                             std::function<void()> wake)
  : capacity_(capacity), start_(now),
    slots_(std::make_unique<slot[]>(capacity)), wake_(std::move(wake)) {
  std::fill(std::begin(heads_), std::end(heads_), none);
}

uint64_t pending_table::tick_of(time_point when) const noexcept {
  const auto since = when - start_;
  return since.count() <= 0 ? 0 : static_cast<uint64_t>(since / tick);
}

uint64_t pending_table::token_of(const slot& entry) const noexcept {
  const auto index = static_cast<uint64_t>(&entry - slots_.get());
  const auto generation = entry.generation.load(std::memory_order_relaxed);
  return static_cast<uint64_t>(generation) << 32 | index;
}

pending_table::slot* pending_table::find(uint64_t token) const noexcept {
  const auto index = static_cast<uint32_t>(token);
  if (index >= capacity_)
    return nullptr;
  auto& entry = slots_[index];
  const auto generation = static_cast<uint32_t>(token >> 32);
  const auto current = entry.generation.load(std::memory_order_acquire);
  return current == generation && (generation & 1) ? &entry : nullptr;
}

uint64_t pending_table::open(answer_waiter& waiter, time_point deadline) {
  auto index = free_;
  if (closed_ || (index == none && used_ == capacity_))
    return 0;
  if (index == none)
    index = used_++;
  else
    free_ = slots_[index].next;
  auto& entry = slots_[index];
  entry.waiter = &waiter;
  entry.deadline = deadline;
  // Rounded up, so that it has passed when its bucket is looked at.
  const auto when = std::max(tick_of(deadline) + 1, last_tick_ + 1);
  entry.bucket = static_cast<uint32_t>(when % buckets);
  auto& head = heads_[entry.bucket];
  entry.previous = none;
  entry.next = head;
  if (head != none)
    slots_[head].previous = index;
  head = index;
  gauge_.store(++size_, std::memory_order_relaxed);
  const auto generation = entry.generation.load(std::memory_order_relaxed) + 1;
  entry.generation.store(generation, std::memory_order_release);
  return token_of(entry);
}

answer_waiter* pending_table::release(slot& entry) noexcept {
  if (entry.previous == none)
    heads_[entry.bucket] = entry.next;
  else
    slots_[entry.previous].next = entry.next;
  if (entry.next != none)
    slots_[entry.next].previous = entry.previous;
  const auto generation = entry.generation.load(std::memory_order_relaxed) + 1;
  entry.generation.store(generation, std::memory_order_release);
  entry.next = free_;
  free_ = static_cast<uint32_t>(&entry - slots_.get());
  gauge_.store(--size_, std::memory_order_relaxed);
  return std::exchange(entry.waiter, nullptr);
}

void pending_table::drop(uint64_t token) noexcept {
  if (auto* entry = find(token))
    release(*entry);
}

void pending_table::deliver(uint64_t token, reply&& answer) noexcept {
  if (auto* entry = find(token))
    release(*entry)->answered(std::move(answer));
  else
    late_.fetch_add(1, std::memory_order_relaxed);
}

void pending_table::complete(uint64_t token, reply&& answer) noexcept {
  if (std::this_thread::get_id() == owner_)
    return deliver(token, std::move(answer));
  const auto guard = std::lock_guard{mutex_};
  if (!wake_) { // closed
    late_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  inbox_.push_back({token, std::move(answer)});
  // Under the lock, so that close() can promise that no wake follows it.
  if (inbox_.size() == 1)
    wake_();
}

bool pending_table::wanted(uint64_t token) const noexcept {
  return find(token) != nullptr;
}

void pending_table::drain() {
  {
    const auto guard = std::lock_guard{mutex_};
    std::swap(inbox_, reading_);
  }
  for (auto& letter : reading_)
    deliver(letter.token, std::move(letter.answer));
  reading_.clear();
}

void pending_table::expire(time_point now) {
  const auto current = tick_of(now);
  if (current <= last_tick_)
    return;
  const auto looked_at = std::min<uint64_t>(current - last_tick_, buckets);
  for (uint64_t i = 0; i < looked_at && size_ != 0; ++i)
    for (auto at = heads_[(current - i) % buckets]; at != none;
         at = slots_[at].next)
      if (slots_[at].deadline <= now)
        expired_.push_back(token_of(slots_[at]));
  last_tick_ = current;
  for (const auto token : expired_)
    if (auto* entry = find(token))
      release(*entry)->answered(reply::failure(
        {errc::deadline_exceeded, "the function did not answer in time",
         "allow more time (timeout in the manifest), send less, "
         "or look at its log"}));
  expired_.clear();
}

void pending_table::close() {
  {
    const auto guard = std::lock_guard{mutex_};
    wake_ = nullptr;
  }
  drain();
  closed_ = true;
  for (uint32_t i = 0; i < used_; ++i)
    if (slots_[i].waiter)
      release(slots_[i])->answered(reply::failure(
        {errc::shutting_down, "the node stops before the function answered",
         "repeat the call at another node"}));
}

} // namespace faas::http
