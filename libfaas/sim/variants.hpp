// Functions that may answer in another's place.
#pragma once

#include "libfaas/sim/draw.hpp"

#include <optional>
#include <string>
#include <vector>

namespace faas::sim {

/// Time that is left until its deadline, ms; 0: it has none. Never 0 when it
/// has one.
inline double left_ms(const draw& event, double now) noexcept {
  if (event.deadline_ms <= 0)
    return 0;
  const double left = event.sent + event.deadline_ms - now;
  return left != 0 ? left : -1e-3;
}

/// What is wrong with the names of lighter functions: not there, or they come
/// round in a circle. Empty: nothing.
std::string wrong_lighter(const std::vector<function_law>& functions);

/// Names that are not there count as none. `functions` must outlive it.
class variants {
public:
  explicit variants(const std::vector<function_law>& functions);

  std::optional<size_t> of(size_t function) const noexcept {
    return lighter_[function];
  }
  /// The same event for another function: its size, its luck, its deadline; the
  /// work and bytes that the other one makes of it.
  draw as(draw event, size_t function) const noexcept;

private:
  double work_of(size_t function, double size) const noexcept;

  const std::vector<function_law>& functions_;
  std::vector<std::optional<size_t>> lighter_;
};

} // namespace faas::sim
