#include "tools/faas-sim/ablation.hpp"

#include "libfaas/routing/policies/catalog.hpp"

#include <array>
#include <string>

namespace faas::sim {
namespace {

/// Chooses as if there were no queues.
class without_queue final : public routing::policy {
public:
  explicit without_queue(std::unique_ptr<routing::policy> inner)
    : inner_(std::move(inner)) {}
  std::string_view name() const noexcept override { return inner_->name(); }
  routing::pick choose(const routing::decision& so_far,
                       const routing::event_features& event,
                       random_source& random,
                       time_point now) noexcept override {
    auto blind = so_far;
    for (uint8_t i = 0; i < blind.count; ++i) {
      if ((blind.healthy >> i & 1) == 0)
        continue;
      auto& parts = blind.parts[i];
      parts.total -= parts.queue;
      parts.queue = parts.imposed = 0;
    }
    return inner_->choose(blind, event, random, now);
  }
  void ended(const routing::outcome& seen) noexcept override {
    inner_->ended(seen);
  }

private:
  std::unique_ptr<routing::policy> inner_;
};

void use(run_options& how, const char* policy) {
  how.policy = [policy](const auto& sites) {
    return std::move(*routing::make_policy(policy, sites.front()));
  };
}

constexpr double never = 1e9;

constexpr std::array all{
  ablation{"queue", "what waits at sites",
           [](run_options& how) {
             how.policy = [inner = how.policy](const auto& sites) {
               return std::make_unique<without_queue>(inner(sites));
             };
           }},
  ablation{"others", "other routers' events, as replies report them",
           [](run_options& how) { how.predictor.reports = false; }},
  ablation{"batches", "planning with the batches of sites that join events",
           [](run_options& how) { how.predictor.batches = false; }},
  ablation{"imposed", "the waits that an event causes",
           [](run_options& how) { use(how, "min-latency:social=0"); }},
  ablation{"crowding", "that all later events might come to a site",
           [](run_options& how) { how.predictor.crowding = false; }},
  ablation{"exploration", "sending events to learn",
           [](run_options& how) { use(how, "min-latency:explore=0"); }},
  ablation{"cusum", "step detection",
           [](run_options& how) {
             how.predictor.service.change.threshold = never;
             how.predictor.network.change.threshold = never;
           }},
  ablation{"huber", "bounded influence of outliers",
           [](run_options& how) {
             how.predictor.service.huber = never;
             how.predictor.network.huber = never;
           }},
  ablation{"odds", "learning how often a late event is a step",
           [](run_options& how) { how.predictor.odds = false; }},
  ablation{"overdue", "looking at events that have not returned",
           [](run_options& how) { how.predictor.overdue = false; }},
  ablation{"probes", "CPU probes of sites",
           [](run_options& how) { how.probes = false; }},
  ablation{"sharing", "the part of a slow-down that a site's functions share",
           [](run_options& how) {
             how.predictor.service.own_share = 1;
             how.predictor.service.site_var = 1e-6;
             how.predictor.service.q_second *= 1e-3;
             how.predictor.service.own_var = 0.75;
             how.predictor.service.own_jump = 0.5;
             how.predictor.service.jump = 1e-6;
           }},
  ablation{"tiers", "what sites of a tier teach each other",
           [](run_options& how) { how.predictor.tiers = false; }},
  ablation{"one-by-one",
           "first events one after the other (they are fitted together instead)",
           [](run_options& how) { how.predictor.service.fit_first = true; }},
  ablation{"quantiles", "learning how far promises and intervals reach",
           [](run_options& how) { how.predictor.quantiles = false; }},
  ablation{"amortisation", "sharing a cold start among the events to come",
           [](run_options& how) { how.keep_ms = 1e-3; }},
  ablation{"cold", "the cold start", [](run_options& how) {
             how.keep_ms = 1e15;
           }},
  ablation{"fixed-noise", "a fixed noise (it is adapted instead)",
           [](run_options& how) {
             how.predictor.service.adapt_noise = true;
           }},
};

} // namespace

std::span<const ablation> ablations() noexcept {
  return all;
}

result<void> ablate(run_options& how, std::string_view name) {
  std::string known;
  for (const auto& one : all) {
    if (one.name == name) {
      one.apply(how);
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string{one.name};
  }
  return error{errc::invalid_argument,
               "nothing called " + std::string{name} + " can be left out",
               "one of: " + known};
}

} // namespace faas::sim
