// When to dial which node.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/wire/messages.hpp"

#include <vector>

namespace faas::actors {

/// Back-off of the calls to nodes that this one shall know. Pure; one thread.
class dial_plan {
public:
  static constexpr double first_pause_ms = 200, longest_pause_ms = 5000;
  /// A link that ends sooner does not reset the back-off.
  static constexpr auto lasting = std::chrono::seconds{5};

  explicit dial_plan(size_t count = 0) : dials_(count) {}

  size_t size() const noexcept { return dials_.size(); }
  void add() { dials_.emplace_back(); }
  /// No call or link is under way and the pause is over.
  bool due(size_t i, time_point now) const noexcept;
  /// Who answered last; empty before the first time.
  const node_name& node(size_t i) const noexcept { return dials_[i].node; }

  void calling(size_t i) noexcept { dials_[i].busy = true; }
  void answered(size_t i, node_name by) { dials_[i].node = std::move(by); }
  /// The call failed or its link ended, which had been up for `up` (zero:
  /// never). The next call comes after half to one and a half of a pause that
  /// doubles each time. True: this was the first failure in a row.
  bool failed(size_t i, duration up, time_point now, random_source& random);

private:
  struct dial {
    double pause_ms = first_pause_ms;
    time_point next{};
    bool busy = false;
    node_name node;
  };
  std::vector<dial> dials_;
};

} // namespace faas::actors
