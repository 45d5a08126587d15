// An edge and a cloud node for a predictor, and a way to play events.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/predictor.hpp"

#include <cmath>

namespace faas::test {

using namespace faas::routing;

inline constexpr line normal{0.34, 1};

/// Within that share of each other.
inline bool near(double a, double b, double share) {
  return std::abs(a / b - 1) <= share;
}

/// Two nodes and one function.
struct predictor_world {
  explicit predictor_world(const predictor_config& how = {})
    : predictor(how) {}

  class predictor predictor;
  link_index local = *predictor.add_link(loopback_link());
  link_index wan = *predictor.add_link({"wan", {}});
  site_index edge = *predictor.add_site({"edge-1/cpu", "edge", local, 1});
  site_index cloud = *predictor.add_site({"cloud-1/cpu", "cloud", wan, 4});
  function_index classify = *predictor.add_function("classify", normal);
  random_source random{1};
  time_point now = time_point{} + std::chrono::hours{1};

  observation make(site_index site, double factor, double n = 38) {
    observation seen;
    const double noise = std::exp(0.1 * random.normal());
    seen.function = classify;
    seen.site = site;
    seen.size = n;
    seen.bytes.up = n * 784;
    seen.service_ms = factor * normal.at(n) * noise;
    const double network = site == cloud ? 40 + 4e-4 * seen.bytes.up : 0.05;
    seen.total_ms = seen.service_ms + network;
    seen.at = now += from_ms(200);
    return seen;
  }
  void play(site_index site, double factor, int events) {
    for (int i = 0; i < events; ++i)
      predictor.observe(make(site, factor, 1 + random.below(300)));
    predictor.publish(now);
  }
  prediction expect(function_index f, site_index site, double n = 38) {
    const auto cell = predictor.cell(f, site, now);
    candidate c;
    c.site = site;
    c.cell = cell.get();
    event_features event;
    event.size = n;
    event.bytes.up = n * 784;
    return predict(cell->read(), c, event, now);
  }
  double service(site_index site) { return expect(classify, site).service; }
};

/// What is shown to those who decide.
inline estimate belief_of(predictor_world& w, site_index site) {
  return w.predictor.cell(w.classify, site, w.now)->read();
}

} // namespace faas::test
