#include "tools/stoic-draws/player.hpp"

#include "libfaas/routing/plausible.hpp"
#include "libfaas/routing/policies/catalog.hpp"

#include <cmath>

namespace faas::stoic {
namespace {

constexpr double ms_per_second = 20; ///< of the lab for one of the batch
constexpr double image_bytes = 4240; ///< see world.image_bytes() of stoic_live
constexpr double servers = 64;
constexpr std::array tiers{"edge", "cloud", "gpu", "gpu"};
/// What loading takes that deploys nothing.
constexpr double least_load_ms = 1;

double ms(double seconds) {
  return ms_per_second * seconds;
}

} // namespace

result<draw_player> draw_player::make(const player_options& options) {
  auto rule = routing::make_policy(options.policy, routing::site_index{0});
  if (!rule)
    return rule.error();
  return draw_player{options, std::move(*rule)};
}

draw_player::draw_player(const player_options& options,
                         std::unique_ptr<routing::policy> rule)
  : facts_(options.facts), random_(options.seed), rule_(std::move(rule)),
    predictor_(options.predictor) {
  function_ = *predictor_.add_function("classify");
  for (size_t i = 0; i < sites_.size(); ++i) {
    auto link = routing::loopback_link();
    if (i > 0) {
      link = {};
      link.name = draw_sites[i];
    }
    sites_[i] = *predictor_.add_site({std::string{draw_sites[i]}, tiers[i],
                                      *predictor_.add_link(link), servers});
    cells_[i] = predictor_.cell(function_, sites_[i], now_);
  }
}

void draw_player::deploy(const drawn_batch& batch) {
  for (size_t i = 0; facts_ && i < sites_.size(); ++i) {
    predictor_.observe_load(function_, sites_[i],
                            ms(batch.times[i].deploy) + least_load_ms, now_);
    predictor_.observe_residency(function_, sites_[i], false, now_);
  }
  predictor_.publish(now_);
}

size_t draw_player::choose(const drawn_batch& batch) {
  std::array<routing::candidate, draw_sites.size()> list;
  for (size_t i = 0; i < list.size(); ++i) {
    list[i].site = sites_[i];
    list[i].cell = cells_[i].get();
  }
  routing::event_features event;
  event.size = batch.images;
  event.bytes.up = image_bytes * batch.images;
  const auto made = routing::decide(list, event, *rule_, random_, now_);
  const auto site
    = batch.part == draw_part::set_up ? batch.site : size_t{made.chosen};
  expected_ = made.parts[site];
  return site;
}

void draw_player::run_at(size_t site, const drawn_batch& batch) {
  const auto& took = batch.times[site];
  routing::observation seen;
  seen.function = function_;
  seen.site = sites_[site];
  seen.size = batch.images;
  seen.bytes.up = image_bytes * batch.images;
  seen.cold_ms = ms(took.deploy);
  seen.service_ms = ms(took.process);
  seen.total_ms = ms(took.transfer) + seen.cold_ms + seen.service_ms + 1;
  seen.predicted_ms = expected_.total;
  seen.predicted_sd = std::sqrt(expected_.variance);
  seen.predicted_reach = routing::told_reach_ms(expected_);
  seen.at = now_ += from_ms(seen.total_ms);
  predictor_.observe(seen);
  routing::outcome told;
  told.site = seen.site;
  told.size = seen.size;
  told.bytes = seen.bytes;
  told.total_ms = seen.total_ms;
  told.service_ms = seen.service_ms;
  told.cold_ms = seen.cold_ms;
  told.at = seen.at;
  rule_->ended(told); // of those that learn by themselves
  predictor_.publish(now_ += from_ms(50));
  predictor_.tick({}, now_ += from_ms(50));
}

/// Nodes say it in whole milliseconds, and that it is gone a while later.
void draw_player::tell(size_t site, double load_ms) {
  predictor_.observe_load(function_, sites_[site],
                          std::floor(load_ms) + least_load_ms, now_);
  if (left_ < sites_.size())
    predictor_.observe_residency(function_, sites_[left_], false, now_);
  left_ = site;
}

size_t draw_player::play(const drawn_batch& batch) {
  const auto site = choose(batch);
  run_at(site, batch);
  if (facts_)
    tell(site, ms(batch.times[site].deploy));
  predictor_.publish(now_);
  return site;
}

} // namespace faas::stoic
