// Where the completions of a loop's port end.
#pragma once

#include "actors/routing/loop_port.hpp"

#include <array>
#include <mutex>
#include <utility>

namespace faas::actors {

/// Where the completions of this port end. Outlives the port: late answers
/// find it closed.
class loop_port::inbox final : public completion_sink {
public:
  inbox(loop_port& port, loop_context& loop) : port_(&port), loop_(loop) {}

  void complete(uint64_t token, reply&& answer) noexcept override {
    // Under the lock, because a closed port's loop may be gone, too.
    std::unique_lock lock{mutex_};
    if (closed_)
      return;
    if (loop_.in_loop()) {
      lock.unlock();
      port_->finish(token, std::move(answer));
      return;
    }
    waiting_.emplace_back(token, std::move(answer));
    if (!std::exchange(posted_, true))
      loop_.post([self = self_.lock()] {
        if (self)
          self->deliver();
      });
  }

  /// A site has answered a probe; any thread. Of very many the last are lost.
  struct answered_probe {
    std::weak_ptr<const route> of;
    uint32_t position; ///< of its target
    time_point asked;
    host_probe told;
  };
  void probed(answered_probe what) {
    const std::lock_guard lock{mutex_};
    if (closed_ || probes_.size() >= most_probes)
      return;
    probes_.push_back(std::move(what));
    if (probes_.size() == 1) // else it is posted already
      loop_.post([self = self_.lock()] {
        if (self)
          self->take_probes();
      });
  }

  bool wanted(uint64_t token) const noexcept override {
    const auto* slot = slot_of(token);
    if (slot == nullptr
        || slot->generation.load(std::memory_order_acquire) != token >> 32)
      return false;
    const auto owner_token = slot->owner_token.load(std::memory_order_relaxed);
    const auto owner = slot->owner.load(std::memory_order_relaxed);
    if (slot->generation.load(std::memory_order_acquire) != token >> 32)
      return false;
    const std::lock_guard lock{mutex_};
    return owner < owners_.size() && owners_[owner]->wanted(owner_token);
  }

  /// Loop thread: makes a token's owner known to wanted().
  void open(uint64_t token, const std::shared_ptr<completion_sink>& owner,
            uint64_t owner_token) {
    const auto index = static_cast<uint32_t>(token);
    if (index >= size_.load(std::memory_order_relaxed)) {
      const std::lock_guard lock{mutex_};
      if (index / chunk >= chunks_.size())
        chunks_.resize(index / chunk + 1);
      for (auto& part : chunks_)
        if (!part)
          part = std::make_unique<std::array<mirror, chunk>>();
      size_.store(static_cast<uint32_t>(chunks_.size() * chunk),
                  std::memory_order_release);
    }
    auto& slot = (*chunks_[index / chunk])[index % chunk];
    slot.generation.store(0, std::memory_order_release);
    slot.owner.store(owner_index(owner), std::memory_order_relaxed);
    slot.owner_token.store(owner_token, std::memory_order_relaxed);
    slot.generation.store(static_cast<uint32_t>(token >> 32),
                          std::memory_order_release);
  }
  void shut(uint64_t token) {
    auto& slot = (*chunks_[static_cast<uint32_t>(token) / chunk])
      [static_cast<uint32_t>(token) % chunk];
    slot.generation.store(0, std::memory_order_release);
  }

  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    port_ = nullptr;
    waiting_.clear();
    probes_.clear();
  }
  void remember(const std::shared_ptr<inbox>& self) { self_ = self; }
  /// Null once the port is closed; loop thread only.
  loop_port* port() const noexcept { return port_; }

  void take_probes();
  void deliver() {
    std::vector<std::pair<uint64_t, reply>> batch;
    {
      const std::lock_guard lock{mutex_};
      batch.swap(waiting_);
      posted_ = false;
    }
    for (auto& [token, answer] : batch)
      if (port_ != nullptr)
        port_->finish(token, std::move(answer));
  }

private:
  struct mirror {
    std::atomic<uint32_t> generation{0};
    std::atomic<uint32_t> owner{0};
    std::atomic<uint64_t> owner_token{0};
  };
  static constexpr uint32_t chunk = 1024;
  static constexpr size_t most_probes = 1024;

  const mirror* slot_of(uint64_t token) const noexcept {
    const auto index = static_cast<uint32_t>(token);
    if (index >= size_.load(std::memory_order_acquire))
      return nullptr;
    const std::lock_guard lock{mutex_};
    return &(*chunks_[index / chunk])[index % chunk];
  }

  /// A loop has one or two owners of events (HTTP, MQTT): a short list.
  uint32_t owner_index(const std::shared_ptr<completion_sink>& owner) {
    for (uint32_t i = 0; i < owners_.size(); ++i)
      if (owners_[i] == owner)
        return i;
    const std::lock_guard lock{mutex_};
    owners_.push_back(owner);
    return static_cast<uint32_t>(owners_.size() - 1);
  }

  loop_port* port_; ///< loop thread only
  loop_context& loop_;
  std::weak_ptr<inbox> self_;
  mutable std::mutex mutex_;
  std::vector<std::pair<uint64_t, reply>> waiting_;
  bool posted_ = false;
  std::vector<answered_probe> probes_;
  std::atomic<bool> closed_{false};
  std::vector<std::unique_ptr<std::array<mirror, chunk>>> chunks_;
  std::atomic<uint32_t> size_{0};
  std::vector<std::shared_ptr<completion_sink>> owners_;
};

} // namespace faas::actors
