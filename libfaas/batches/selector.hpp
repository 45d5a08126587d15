// Choice of one runtime for a batch, before it runs.
#pragma once

#include "libfaas/batches/predictor.hpp"
#include "libfaas/forecast/lines.hpp"
#include "libfaas/forecast/linucb.hpp"
#include "libfaas/forecast/series.hpp"

#include <memory>

namespace faas::batches {

/// Chooses, and learns from what became known afterwards. Not thread safe.
class selector {
public:
  virtual ~selector() = default;
  /// Empty when no runtime can be had.
  virtual std::optional<size_t> choose(const batch& next) = 0;
  virtual void learn(const feedback& of) = 0;
};

/// What Petrel's selector makes least.
enum class aim {
  expected_time, ///< the mean total, of draws cut at `cap`
  regret_chance  ///< the chance that another one is better
};

struct petrel_config {
  predictor_config predictor;
  aim least = aim::expected_time;
  size_t draws = 400;
  /// A draw counts at most this many times the median of its runtime: an
  /// outlier that nobody can foresee must not decide.
  double cap = 2;
  /// True: Thompson sampling over what is not known, for a caller who sees
  /// only what the chosen runtime took.
  bool explore = false;
  uint64_t seed = 1;
};

/// batch_predictor, and the runtime with the least expected total of its draws.
class petrel_selector final : public selector {
public:
  petrel_selector(std::vector<runtime_spec> runtimes,
                  const petrel_config& config = {});
  std::optional<size_t> choose(const batch& next) override;
  void learn(const feedback& of) override;
  const batch_predictor& predictor() const noexcept { return predictor_; }

private:
  petrel_config config_;
  batch_predictor predictor_;
  random_source random_;
};

/// How a selector of separate parts foresees the deployment.
enum class deploy_forecast { adaptive_median, last_value, mean, ewma, ar };

struct stoic_config {
  deploy_forecast deploy = deploy_forecast::adaptive_median;
  forecast::line_method line = forecast::line_method::bayesian_ridge;
  size_t line_window = 10;
  transfer_config transfer;
  uint64_t seed = 1;
};

/// The Selector of STOIC as its authors' source has it: transfer by the last
/// bandwidth, deployment by the adaptive median, processing by a line over the
/// last ten; the least sum. Other forecasts by choice.
class stoic_selector final : public selector {
public:
  stoic_selector(const std::vector<runtime_spec>& runtimes,
                 const stoic_config& config = {});
  std::optional<size_t> choose(const batch& next) override;
  void learn(const feedback& of) override;
  /// The three parts of one runtime.
  double transfer_s(size_t runtime, double items) const;
  double deploy_s(size_t runtime) const;
  double process_s(size_t runtime, double items);
  bool observe_bandwidth(double mbit_per_s);

private:
  struct series {
    virtual ~series() = default;
    virtual bool add(double value) = 0;
    virtual std::optional<double> predict() const = 0;
  };
  template <class Forecast>
  struct series_of;
  static std::unique_ptr<series> make(deploy_forecast what);

  std::vector<runtime_spec> runtimes_;
  stoic_config config_;
  std::vector<std::unique_ptr<series>> deploys_;
  std::vector<forecast::line_window> lines_;
};

/// LinUCB over [1, items / 100, last and median deployment / 60 s]; the reward
/// is minus the total in units of 100 s. Learns from each runtime whose parts
/// became known.
class linucb_selector final : public selector {
public:
  linucb_selector(const std::vector<runtime_spec>& runtimes, double alpha);
  std::optional<size_t> choose(const batch& next) override;
  void learn(const feedback& of) override;

private:
  std::vector<double> features(size_t runtime, double items) const;

  std::vector<runtime_spec> runtimes_;
  forecast::linucb bandit_;
  std::vector<forecast::last_value> last_;
  std::vector<forecast::window_forecast> median_;
};

} // namespace faas::batches
