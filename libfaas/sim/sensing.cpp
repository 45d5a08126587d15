#include "libfaas/sim/sensing.hpp"

#include <cmath>

namespace faas::sim {

void sensing::probe(double now) {
  for (auto& my : on_.gateways) {
    for (size_t i = 0; i < on_.sites.size(); ++i) {
      const auto noise = std::exp(on_.world.probe_noise * noise_.normal());
      if (my->asks(i, now) && on_.there.up(i, now)
          && on_.sites[i].inside() == 0)
        my->probed(i, on_.sites[i].slowdown(now) * noise, now);
    }
    my->publish(now);
  }
}

double sensing::jitter(const link_law& link) noexcept {
  return -link.jitter_ms * std::log(1 - noise_.uniform());
}

void sensing::ping(double now) {
  for (auto& my : on_.gateways)
    for (size_t i = 0; i < on_.sites.size(); ++i) {
      const auto& link = on_.sites[i].law().link;
      const auto ms = on_.sites[i].rtt_ms(now) + jitter(link) + jitter(link);
      if (on_.there.up(i, now))
        my->pinged(i, ms, now);
    }
}

void sensing::ask(uint32_t gateway, uint32_t function,
                  std::span<const uint32_t> sites, double now) {
  for (const auto site : sites) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(questions_.size()));
      questions_.emplace_back();
    }
    const auto index = free_.back();
    free_.pop_back();
    auto& made = questions_[index];
    made = {gateway, site, function, {}};
    made.answer.site = on_.gateways[gateway]->site(site);
    made.answer.at = at(now);
    on_.plan.add(now + on_.sites[site].rtt_ms(now) / 2, {step::asked, index});
  }
}

void sensing::asked(uint32_t index, double now) {
  auto& it = questions_[index];
  if (!on_.there.up(it.site, now))
    return free_.push_back(index);
  const auto& site = on_.sites[it.site];
  it.answer.in_flight = static_cast<double>(site.inside());
  it.answer.latency_ms = site.lately_ms() + site.rtt_ms(now);
  on_.plan.add(now + site.rtt_ms(now) / 2, {step::answered, index});
}

void sensing::answered(uint32_t index, double now) {
  auto& it = questions_[index];
  it.answer.at = at(now);
  on_.gateways[it.gateway]->answered(it.function, it.answer);
  free_.push_back(index);
}

} // namespace faas::sim
