// What gateways are told besides replies.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/sim/stage.hpp"

#include <span>
#include <vector>

namespace faas::sim {

/// CPU probes of sites, keep-alives of links, and the probes that a policy asks
/// for itself. `on` must outlive it. Thread rule: one owner.
class sensing {
public:
  sensing(stage& on, uint64_t seed) : on_(on), noise_(seed) {}

  /// Each gateway asks the sites that it has heard nothing of how slow their
  /// CPU is; those that serve events do not answer.
  void probe(double now);
  /// Each gateway pings over each link.
  void ping(double now);

  /// A gateway's policy for that function asks these sites (positions).
  void ask(uint32_t gateway, uint32_t function, std::span<const uint32_t> sites,
           double now);
  /// The question is at the site.
  void asked(uint32_t index, double now);
  /// Its answer is back.
  void answered(uint32_t index, double now);

private:
  struct question {
    uint32_t gateway = 0, site = 0, function = 0;
    routing::probe_reply answer;
  };

  double jitter(const link_law& link) noexcept;

  stage& on_;
  random_source noise_;
  std::vector<question> questions_;
  std::vector<uint32_t> free_;
};

} // namespace faas::sim
