// The predictor across restarts.
#include "libfaas/routing/predictor_impl.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double max_log = 12; ///< slow-downs of e^12 are no measurements

bool usable_log(double x) noexcept {
  return std::isfinite(x) && std::abs(x) <= max_log;
}

bool usable(const snapshot::pair& p) noexcept {
  return std::isfinite(p.slope) && std::isfinite(p.intercept)
         && usable_log(p.log_slowdown) && usable_log(p.log_shape)
         && std::isfinite(p.log_noise);
}

} // namespace

snapshot predictor::save() const {
  snapshot out;
  for (const auto& link : impl_->links)
    out.links.push_back(
      {link.name, link.filter.rtt_ms(), link.filter.ms_per_byte()});
  for (uint32_t s = 0; s < impl_->sites.size(); ++s) {
    const auto& site = impl_->sites[s];
    out.sites.push_back({site.name, site.filter.g});
    for (const auto f : site.functions) {
      auto filter = site.pairs[f]->filter; // brought up to date in the copy
      filter.at(1, site.filter);
      const auto& cold = site.pairs[f]->cold;
      out.pairs.push_back({impl_->functions[f].name, site.name,
                           filter.profile().slope, filter.profile().intercept,
                           filter.own(), filter.shape(), filter.noise(),
                           cold.log_mean(), cold.log_var()});
    }
  }
  return out;
}

size_t predictor::restore(const snapshot& saved, duration away,
                          time_point now) {
  auto& my = *impl_;
  size_t taken = 0;
  for (const auto& link : saved.links)
    if (const auto at = my.link_names.find(link.name);
        at != my.link_names.end()
        && my.links[at->second].filter.restore(link.rtt_ms, link.ms_per_byte))
      ++taken;
  const double seconds = std::max(0.0, to_ms(away) / 1000);
  const auto& config = my.config.service;
  for (const auto& entry : saved.sites) {
    const auto at = my.site_names.find(entry.name);
    if (at == my.site_names.end() || !usable_log(entry.log_slowdown))
      continue;
    auto& filter = my.sites[at->second].filter;
    filter = site_filter{config, entry.log_slowdown};
    filter.advance(now, config);
    // Half of the prior's uncertainty, and more the longer it was away.
    filter.var = std::min(config.site_var,
                          config.site_var / 2 + config.q_second * seconds);
    ++taken;
  }
  for (const auto& entry : saved.pairs) {
    const auto f = my.function_names.find(entry.function);
    const auto s = my.site_names.find(entry.site);
    if (f == my.function_names.end() || s == my.site_names.end()
        || !usable(entry))
      continue;
    auto& pair = my.obtain(f->second, s->second);
    pair.filter = function_filter{line{entry.slope, entry.intercept}, config};
    pair.filter.join(my.sites[s->second].filter);
    pair.filter.restore(entry.log_slowdown, entry.log_shape, entry.log_noise);
    pair.cold.restore(entry.cold_log_mean, entry.cold_log_var);
    my.mark(pair, f->second, s->second);
    ++taken;
  }
  return taken;
}

} // namespace faas::routing
