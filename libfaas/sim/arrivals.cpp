#include "libfaas/sim/arrivals.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

namespace faas::sim {
namespace {

constexpr auto never = std::numeric_limits<double>::infinity();

/// Until the next event of a Poisson process of so many per second.
double gap(double rate, random_source& random) noexcept {
  if (!(rate > 0))
    return never;
  return -1000 / rate * std::log(1 - random.uniform());
}

/// A Poisson process of changing rate, by thinning one of the highest rate.
template <class Share>
class thinned final : public arrivals {
public:
  thinned(double highest, Share share)
    : highest_(highest), share_(std::move(share)) {}

  double next(random_source& random) override {
    do
      now_ += gap(highest_, random);
    while (now_ < never && random.uniform() >= share_(now_));
    return now_;
  }
  std::optional<double> per_second(double now) const override {
    return highest_ * share_(now);
  }

private:
  const double highest_;
  const Share share_; ///< of the highest rate, 0 to 1
  double now_ = 0;
};

class two_states final : public arrivals {
public:
  explicit two_states(const on_off_rates& rates) : rates_(rates) {}

  double next(random_source& random) override {
    if (phase_ends_ < 0)
      phase_ends_ = length(random);
    while (true) {
      const auto at = now_ + gap(busy_ ? rates_.busy : rates_.quiet, random);
      if (at < phase_ends_)
        return now_ = at;
      // Without memory: the gap is drawn anew in the next phase.
      now_ = phase_ends_;
      busy_ = !busy_;
      phase_ends_ = now_ + length(random);
    }
  }

private:
  double length(random_source& random) const noexcept {
    return -(busy_ ? rates_.busy_ms : rates_.quiet_ms)
           * std::log(1 - random.uniform());
  }

  const on_off_rates rates_;
  bool busy_ = false;
  double now_ = 0, phase_ends_ = -1;
};

class recorded final : public arrivals {
public:
  explicit recorded(std::vector<double> times) : times_(std::move(times)) {}
  double next(random_source&) override {
    return at_ < times_.size() ? times_[at_++] : never;
  }

private:
  const std::vector<double> times_;
  size_t at_ = 0;
};

template <class Share>
std::unique_ptr<arrivals> make_thinned(double highest, Share share) {
  return std::make_unique<thinned<Share>>(highest, std::move(share));
}

} // namespace

std::unique_ptr<arrivals> poisson(double rate, schedule factor,
                                  double highest_factor) {
  return make_thinned(
    rate * highest_factor,
    [factor = std::move(factor), highest_factor](double now) {
      return factor.at(now) / highest_factor;
    });
}

std::unique_ptr<arrivals> on_off(const on_off_rates& rates) {
  return std::make_unique<two_states>(rates);
}

std::unique_ptr<arrivals> daily(double rate, double swing, double day_ms) {
  return make_thinned(rate * (1 + swing), [swing, day_ms](double now) {
    return (1 + swing * std::sin(2 * std::numbers::pi * now / day_ms))
           / (1 + swing);
  });
}

std::unique_ptr<arrivals> trace(std::vector<double> times) {
  return std::make_unique<recorded>(std::move(times));
}

} // namespace faas::sim
