// What all gateway loops of a node have under way before one queue of a site, and
// on one link.
#pragma once

#include "libfaas/routing/batch_load.hpp"
#include "libfaas/routing/queue_model.hpp"
#include "libfaas/routing/reply_load.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace faas::routing {

/// A site_load that several loops write to: each must see what the others have
/// sent, or all of them pick the same idle site at once. From the first event on
/// that may share a batch it is a batch_load. Any thread; reading takes no lock
/// and may mix two states that are one event apart.
class shared_load {
public:
  explicit shared_load(double servers = 1)
    : servers_(servers), load_(servers) {}

  /// From the next event or return on.
  void set_servers(double servers) {
    const std::lock_guard lock{mutex_};
    if (servers == servers_)
      return;
    servers_ = servers;
    load_.set_servers(servers);
    if (batches_)
      batches_->set_servers(servers);
  }

  /// As site_load::start and ::finish.
  void start(double service_ms, double transit_ms, time_point now) {
    const std::lock_guard lock{mutex_};
    if (batches_)
      batches_->start({.items = 0, .terms = {}, .fixed_ms = service_ms},
                      transit_ms, now);
    else
      load_.start(service_ms, transit_ms, now);
    show();
  }
  uint32_t finish(double service_ms, double back_ms, time_point now,
                  double inside_ms = -1) {
    const std::lock_guard lock{mutex_};
    const auto there = finish_alone(service_ms, back_ms, now, inside_ms);
    show();
    return there;
  }
  /// The same of an event that may share a batch, as batch_load::start and
  /// ::finish.
  uint64_t join(const batched_event& what, double transit_ms,
                time_point now) {
    const std::lock_guard lock{mutex_};
    if (!batches_)
      batches_ = std::make_unique<batch_load>(servers_);
    const auto ticket = batches_->start(what, transit_ms, now);
    show();
    return ticket;
  }
  uint32_t leave(uint64_t ticket, const batch_return& how, time_point now) {
    const std::lock_guard lock{mutex_};
    const auto there = batches_ ? batches_->finish(ticket, how, now) : 0;
    show();
    return there;
  }
  /// For batching_site; lives as long as this.
  const open_batches& open() const noexcept { return shown_; }

  uint32_t in_flight() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }
  double free_in_ms(time_point now) const noexcept {
    return site_load::free_in_ms(free_ms_.load(std::memory_order_relaxed),
                                 least_ms_.load(std::memory_order_relaxed),
                                 now);
  }

private:
  uint32_t finish_alone(double service_ms, double back_ms, time_point now,
                        double inside_ms) {
    const batch_return how{back_ms, inside_ms};
    const auto alone
      = batches_ ? batches_->find_alone(service_ms) : std::nullopt;
    if (alone)
      return batches_->finish(*alone, how, now);
    const auto before = load_.in_flight();
    const auto there = load_.finish(service_ms, back_ms, now, inside_ms);
    return batches_ && load_.in_flight() == before
             ? batches_->finish(no_ticket, how, now) // not looked at by itself
             : there;
  }
  void show() noexcept {
    auto count = load_.in_flight();
    auto free = load_.free_ms(), least = load_.least_ms();
    if (batches_) {
      const auto& seen = batches_->outlook();
      shown_.show(seen);
      count += batches_->in_flight();
      free = std::max(free, seen.free_ms);
      least = std::max(least, seen.least_ms);
    }
    count_.store(count, std::memory_order_relaxed);
    free_ms_.store(free, std::memory_order_relaxed);
    least_ms_.store(least, std::memory_order_relaxed);
  }

  static constexpr uint64_t no_ticket = 0;
  std::mutex mutex_;
  double servers_; ///< guarded by mutex_
  site_load load_; ///< guarded by mutex_; events sent before batches_ was made
  std::unique_ptr<batch_load> batches_; ///< guarded by mutex_
  open_batches shown_;
  std::atomic<uint32_t> count_{0};
  std::atomic<double> free_ms_{0}, least_ms_{0};
};

/// A link_load and a reply_load that several loops write to. Any thread; reading
/// takes no lock.
class shared_link_load {
public:
  void send(double bytes, double ms_per_byte, time_point now) {
    const std::lock_guard lock{mutex_};
    load_.send(bytes, ms_per_byte, now);
    free_ms_.store(load_.free_ms(), std::memory_order_relaxed);
  }
  std::optional<double> crossed(double bytes, time_point sent, double carry_ms,
                                double ms_per_byte) {
    const std::lock_guard lock{mutex_};
    const auto waited = load_.crossed(bytes, sent, carry_ms, ms_per_byte);
    free_ms_.store(load_.free_ms(), std::memory_order_relaxed);
    return waited;
  }
  double backlog_ms(time_point now) const noexcept {
    return link_load::backlog_ms(free_ms_.load(std::memory_order_relaxed), now);
  }

  /// As in reply_load. Where no reply was ever in another's way they cost no
  /// lock.
  void expect(const reply_load::plan& one) {
    if (!one.counts())
      return;
    const std::lock_guard lock{mutex_};
    replies_.expect(one);
    show_replies();
    has_replies_.store(true, std::memory_order_relaxed);
  }
  double came(const reply_load::plan& one, double way_ms, double now_ms) {
    if (!has_replies_.load(std::memory_order_relaxed))
      return 0;
    const std::lock_guard lock{mutex_};
    const double waited = replies_.came(one, way_ms, now_ms);
    show_replies();
    return waited;
  }
  void gone(const reply_load::plan& one) {
    if (!one.counts())
      return;
    const std::lock_guard lock{mutex_};
    replies_.gone(one);
    show_replies();
  }
  double replies_free_in_ms(time_point now) const noexcept {
    return replies_free_ms_.load(std::memory_order_relaxed)
           - to_ms(now.time_since_epoch());
  }
  double replies_ahead_ms() const noexcept {
    return replies_ahead_ms_.load(std::memory_order_relaxed);
  }

private:
  void show_replies() noexcept {
    replies_free_ms_.store(replies_.free_ms(), std::memory_order_relaxed);
    replies_ahead_ms_.store(replies_.ahead_ms(), std::memory_order_relaxed);
  }

  std::mutex mutex_;
  link_load load_;     ///< guarded by mutex_
  reply_load replies_; ///< likewise
  std::atomic<double> free_ms_{0}, replies_free_ms_{0}, replies_ahead_ms_{0};
  std::atomic<bool> has_replies_{false};
};

} // namespace faas::routing
