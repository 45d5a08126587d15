#include "libfaas/scaling/load_times.hpp"

#include <algorithm>
#include <cmath>

namespace faas::scaling {
namespace {

/// Standard deviations above the mean of a normal law that 95 % are below.
constexpr double late = 1.645;
/// Of the log of what the deployment's load tells of later ones.
constexpr double doubtful = 1;
/// Of that variance counts at most so much: who stays in memory because a load
/// might take long loads no more, and never learns that it does not.
constexpr double most_doubt = 0.1;

} // namespace

bool load_times::note(uint64_t count, duration took) noexcept {
  if (count <= count_)
    return false;
  count_ = count;
  const auto ms = to_ms(took);
  if (ms <= 0)
    return false;
  return seen_.untouched() ? seen_.restore(std::log(ms), doubtful)
                           : seen_.observe(ms);
}

duration load_times::usual() const noexcept {
  return seen_.untouched() ? duration{} : from_ms(std::exp(seen_.log_mean()));
}

duration load_times::spare() const noexcept {
  if (seen_.untouched())
    return {};
  const auto scatter = seen_.log_spread() - seen_.log_var();
  const auto spread = scatter + std::min(seen_.log_var(), most_doubt);
  return from_ms(std::exp(seen_.log_mean())
                 * std::expm1(late * std::sqrt(spread)));
}

void load_times::not_loaded() noexcept {
  if (seen_.slow())
    seen_.passed_over();
}

} // namespace faas::scaling
