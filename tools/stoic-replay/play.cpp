#include "tools/stoic-replay/play.hpp"

namespace faas::stoic {
namespace {

class selector_player final : public player {
public:
  selector_player(std::unique_ptr<batches::selector> of, feedback_kind kind)
    : of_(std::move(of)), kind_(kind) {}
  played play(const measured_batch& one) override {
    const auto chosen = of_->choose({one.items, {}}).value_or(0);
    return {chosen, one.total_s[chosen], 0, 0};
  }
  void learn(const measured_batch& one, size_t chosen) override {
    of_->learn(feedback_of(one, kind_, chosen));
  }

private:
  std::unique_ptr<batches::selector> of_;
  feedback_kind kind_;
};

class rule_player final : public player {
public:
  rule_player(size_t (*rule)(const measured_batch&), size_t fixed)
    : rule_(rule), fixed_(fixed) {}
  played play(const measured_batch& one) override {
    const auto chosen = rule_ ? rule_(one) : fixed_;
    return {chosen, one.total_s[chosen], 0, 0};
  }
  void learn(const measured_batch&, size_t) override {}

private:
  size_t (*rule_)(const measured_batch&);
  size_t fixed_;
};

class duplicator_player final : public player {
public:
  duplicator_player(const std::vector<batches::runtime_spec>& runtimes,
                    size_t accelerator, batches::stoic_config config)
    : stoic_(runtimes, config), accelerator_(accelerator) {}
  played play(const measured_batch& one) override {
    if (!one.complete())
      return {edge, std::nullopt, 0, 0};
    const double edge_s = *one.total_s[edge];
    const double deploy = *one.runtimes[accelerator_].deploy_s;
    if (edge_s <= deploy)
      return {edge, edge_s, edge_s, 0};
    const bool moves = batches::moves_to_accelerator(
      stoic_.process_s(edge, one.items), deploy,
      stoic_.process_s(accelerator_, one.items));
    if (moves)
      return {accelerator_, one.total_s[accelerator_], deploy, deploy};
    return {edge, edge_s, deploy, 0};
  }
  void learn(const measured_batch& one, size_t) override {
    stoic_.learn(feedback_of(one, feedback_kind::full, 0));
  }

private:
  batches::stoic_selector stoic_;
  size_t accelerator_;
};

} // namespace

batches::feedback feedback_of(const measured_batch& one, feedback_kind kind,
                              size_t chosen) {
  batches::feedback of{one.items, one.exact_items, one.runtimes, {}};
  if (kind == feedback_kind::full)
    of.best = one.best;
  if (kind == feedback_kind::bandit)
    for (size_t r = 0; r < of.runtimes.size(); ++r)
      if (r != chosen)
        of.runtimes[r] = {};
  return of;
}

std::unique_ptr<player> play_selector(std::unique_ptr<batches::selector> of,
                                      feedback_kind kind) {
  return std::make_unique<selector_player>(std::move(of), kind);
}

std::unique_ptr<player> play_fixed(size_t runtime) {
  return std::make_unique<rule_player>(nullptr, runtime);
}

std::unique_ptr<player> play_known(size_t (*rule)(const measured_batch&)) {
  return std::make_unique<rule_player>(rule, 0);
}

std::unique_ptr<player>
play_duplicator(const std::vector<batches::runtime_spec>& runtimes,
                size_t accelerator, batches::stoic_config config) {
  return std::make_unique<duplicator_player>(runtimes, accelerator, config);
}

std::vector<played> play_all(player& by, const record& whole,
                             const record& seen) {
  std::vector<played> all;
  for (size_t i = 0; i < whole.size(); ++i) {
    all.push_back(by.play(whole[i]));
    by.learn(seen[i], all.back().chosen);
  }
  return all;
}

} // namespace faas::stoic
