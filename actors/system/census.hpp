// Counts per kind of actor: how many live, what waits, what was handled.
#pragma once

#include "actors/system/sharded_counter.hpp"
#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/metrics.hpp"

#include <array>
#include <atomic>
#include <string_view>

namespace faas::actors {

enum class actor_kind : uint8_t {
  supervisor,
  controller,
  agent,
  function,
  lane,
  link,
  membership,
  predictor,
  keeper,
  vault,
};
inline constexpr size_t actor_kinds = 10;
std::string_view name(actor_kind kind) noexcept;

/// One kind's counters. CAF 0.17 tells no mailbox depth, so it is what was
/// sent less what was handled. All relaxed: a scrape may be one message off.
struct actor_counters {
  std::atomic<uint64_t> alive{0};
  sharded_counter sent, handled;
  std::atomic<uint64_t> restarts{0};

  void count_sent() noexcept { sent.add(); }
  void count_handled() noexcept { handled.add(); }
};

/// The counters of all kinds. Thread safe.
class census final : public metrics_source {
public:
  actor_counters& of(actor_kind kind) noexcept {
    return counters_[static_cast<size_t>(kind)];
  }
  /// A peer with work in flight said nothing for too long.
  std::atomic<uint64_t> suspicions{0};
  /// CPU probes that told the predictor something: of this node, and of others.
  std::atomic<uint64_t> own_probes{0}, peer_probes{0};

  std::vector<actor_status> snapshot() const;
  std::vector<metric_family> collect() const override;

private:
  std::array<actor_counters, actor_kinds> counters_;
};

/// Counts an actor as alive while it lives; a member of each actor's state.
class alive_mark {
public:
  alive_mark(census& all, actor_kind kind) : counters_(&all.of(kind)) {
    counters_->alive.fetch_add(1, std::memory_order_relaxed);
  }
  alive_mark(const alive_mark&) = delete;
  alive_mark& operator=(const alive_mark&) = delete;
  ~alive_mark() { counters_->alive.fetch_sub(1, std::memory_order_relaxed); }

  actor_counters& counters() const noexcept { return *counters_; }

private:
  actor_counters* counters_;
};

} // namespace faas::actors
