// Policies that look at nothing but sites.
#pragma once

#include "libfaas/routing/decision.hpp"

namespace faas::routing {

/// Always one site.
class static_site final : public policy {
public:
  /// `fall_back`: take the best other one when the site is not available.
  explicit static_site(site_index site, bool fall_back = false) noexcept
    : site_(site), fall_back_(fall_back) {}
  std::string_view name() const noexcept override { return "static"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  pick only(const decision& so_far, const event_features& event, uint8_t index,
            time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
  bool foretells() const noexcept override { return true; }

private:
  site_index site_;
  bool fall_back_;
};

/// Any healthy site with equal probability (a shortlist is one at random).
class random_choice final : public policy {
public:
  std::string_view name() const noexcept override { return "random"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
};

/// Healthy sites in turn, by site index.
class round_robin final : public policy {
public:
  std::string_view name() const noexcept override { return "round-robin"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  site_index last_ = no_site;
};

} // namespace faas::routing
