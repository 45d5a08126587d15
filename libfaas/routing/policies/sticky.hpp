// Events that belong together go to one site.
#pragma once

#include "libfaas/routing/policies/by_site.hpp"

#include <memory>
#include <span>
#include <vector>

namespace faas::routing {

/// A wrapper of any policy. An event with a key (event_features::key) goes
/// where the key's last one went, while that site is there, is predicted to
/// take no more than `factor` times the best and `slack_ms`, and, where the
/// event has a deadline that another site meets (95 %), meets it, too.
///
/// A key that is not known, or has to leave, goes to the first of its own order
/// of sites (rendezvous hashing: Thaler and Ravishankar, "Using name-based
/// mappings to increase hit rates", IEEE/ACM Trans. Networking 1998) that is
/// good enough in the same way and does not have more than its share of what
/// this router has in flight, `bound` times (Mirrokni, Thorup and
/// Zadimoghaddam, "Consistent hashing with bounded loads", SODA 2018). So
/// routers agree on new keys without telling each other, and a key is only
/// moved when it must be. If no site is good enough the other policy chooses.
///
/// An event that says where its data is (event_features::home) goes there, on
/// the same conditions, whatever its key did before.
///
/// Events without a key: the other policy. The table is of fixed size; of two
/// keys in a place the older one is forgotten, and found again by its order.
class sticky final : public policy {
public:
  struct config {
    double factor = 1.5;
    double slack_ms = 1;
    double bound = 1.25;
    size_t keys = 4096; ///< remembered; rounded up to a power of two
  };
  sticky(const config& how, std::unique_ptr<policy> over);
  std::string_view name() const noexcept override { return "sticky"; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  pick only(const decision& so_far, const event_features& event, uint8_t index,
            time_point now) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;
  void ended(const outcome& seen) noexcept override { over_->ended(seen); }
  bool foretells() const noexcept override { return over_->foretells(); }
  bool may_wait() const noexcept override { return over_->may_wait(); }

private:
  struct place {
    uint64_t key = 0;
    site_index site = no_site;
    uint32_t used = 0;
  };
  static constexpr size_t ways = 4;

  /// The places where a key would be.
  std::span<const place> set_of(uint64_t key) const noexcept;
  uint8_t known(const decision& so_far, uint64_t key) const noexcept;
  uint8_t place_of(const decision& so_far, const event_features& event,
                   uint32_t enough) const noexcept;
  uint32_t good(const decision& so_far, const event_features& event) const
    noexcept;
  uint8_t first_in_order(const decision& so_far, uint64_t key,
                         uint32_t among) const noexcept;
  void remember(uint64_t key, site_index site) noexcept;

  config how_;
  std::unique_ptr<policy> over_;
  std::vector<place> places_; ///< sets of `ways`
  uint32_t uses_ = 0;
};

/// Weight of a site for a key; the highest comes first.
uint64_t rendezvous_weight(uint64_t key, site_index site) noexcept;

} // namespace faas::routing
