// Hedging, in the time of one batch.
#include "tools/stoic-replay/play.hpp"

#include <algorithm>
#include <limits>

namespace faas::stoic {
namespace {

using batches::phase;

constexpr double check_s = 3; ///< as often as readiness is polled
constexpr double never = std::numeric_limits<double>::infinity();

/// The runtimes of one batch while they deploy and run.
class race {
public:
  explicit race(const measured_batch& one) : truth_(one) {}

  /// What may be known at `now`.
  std::vector<batches::progress> look(double now) const {
    std::vector<batches::progress> all;
    for (size_t r = 0; r < runtime_count; ++r) {
      if (dropped_[r])
        all.push_back({phase::dropped, 0});
      else if (started_[r] == never)
        all.push_back({phase::idle, 0});
      else if (now < ready(r))
        all.push_back({phase::deploying, now - started_[r]});
      else
        all.push_back({phase::processing, now - ready(r)});
    }
    return all;
  }

  void apply(const std::vector<bool>& set, double now) {
    for (size_t r = 0; r < runtime_count; ++r) {
      if (set[r] && started_[r] == never && !dropped_[r])
        started_[r] = now;
      if (!set[r] && started_[r] != never && !dropped_[r])
        drop(r, now);
    }
  }

  /// The first that is done, if that is before `until`.
  std::optional<size_t> done(double until) const {
    std::optional<size_t> first;
    for (size_t r = 0; r < runtime_count; ++r)
      if (!dropped_[r] && finish(r) <= until
          && (!first || finish(r) < finish(*first)))
        first = r;
    return first;
  }

  /// When something is next to be decided.
  double next(double now) const {
    double at = now + std::max(check_s, now / 20);
    for (size_t r = 0; r < runtime_count; ++r)
      if (!dropped_[r] && ready(r) > now)
        at = std::min(at, ready(r));
    return at;
  }

  played end(size_t winner) {
    const double now = finish(winner);
    for (size_t r = 0; r < runtime_count; ++r)
      if (r != winner && !dropped_[r] && started_[r] != never)
        drop(r, now);
    return {winner, now, extra_s_, extra_process_s_};
  }

private:
  double deploy(size_t r) const {
    return r == edge ? 0 : *truth_.runtimes[r].deploy_s;
  }
  double ready(size_t r) const { return started_[r] + deploy(r); }
  double finish(size_t r) const { return started_[r] + *truth_.total_s[r]; }
  void drop(size_t r, double now) {
    dropped_[r] = true;
    extra_s_ += now - started_[r];
    extra_process_s_ += std::max(0.0, now - ready(r));
  }

  const measured_batch& truth_;
  std::array<double, runtime_count> started_{never, never, never, never};
  std::array<bool, runtime_count> dropped_{};
  double extra_s_ = 0, extra_process_s_ = 0;
};

class hedge_player final : public player {
public:
  hedge_player(const std::vector<batches::runtime_spec>& runtimes,
               const batches::petrel_config& config,
               const batches::hedge_config& hedge)
    : config_(config), hedge_(hedge), predictor_(runtimes, config.predictor),
      random_(config.seed) {}

  played play(const measured_batch& one) override {
    if (!one.complete())
      return {edge, std::nullopt, 0, 0};
    const batches::batch next{one.items, {}};
    const auto draws = predictor_.draw(one.items, config_.draws, random_);
    race runs{one};
    double now = 0;
    while (true) {
      runs.apply(
        batches::choose_set(next, draws, runs.look(now), hedge_, random_), now);
      const double then = runs.next(now);
      if (const auto winner = runs.done(then))
        return runs.end(*winner);
      now = then;
    }
  }
  void learn(const measured_batch& one, size_t) override {
    predictor_.learn(feedback_of(one, feedback_kind::full, 0));
  }

private:
  batches::petrel_config config_;
  batches::hedge_config hedge_;
  batches::batch_predictor predictor_;
  random_source random_;
};

} // namespace

std::unique_ptr<player>
play_hedge(const std::vector<batches::runtime_spec>& runtimes,
           const batches::petrel_config& config,
           const batches::hedge_config& hedge) {
  return std::make_unique<hedge_player>(runtimes, config, hedge);
}

} // namespace faas::stoic
