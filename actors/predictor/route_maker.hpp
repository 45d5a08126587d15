// From what the agent says of sites and functions to what loops route by.
#pragma once

#include "actors/predictor/known_versions.hpp"
#include "actors/predictor_messages.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/routing/delivery_rates.hpp"
#include "libfaas/routing/predictor.hpp"

#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace faas::actors {

/// Makes the routing table of each new structure, and enters into the predictor
/// what is new in it: links, sites, versions, trial runs, loads. Not thread safe.
class route_maker {
public:
  /// `core` must live as long. `here`: the node whose loops will route by it.
  route_maker(routing::predictor& core, node_name here)
    : core_(core), here_(std::move(here)) {}

  /// Versions that `fresh` no longer has are forgotten, once others of their
  /// function have begun with what they taught.
  std::shared_ptr<routing_table> make(const structure& fresh, time_point now);

  std::optional<routing::site_index> site(const site_name& name) const;
  std::optional<routing::link_index> link(const node_name& to) const;
  /// All that were ever named: a site that left may come back.
  const std::map<site_name, routing::site_index>& sites() const noexcept {
    return sites_;
  }
  const known_versions& versions() const noexcept { return versions_; }

private:
  void add_sites(const structure& fresh);
  void add_site(const structure::site& site);
  void keep_labels(const structure::site& site);
  void add_routes(routing_table& table, const structure& fresh,
                  time_point now);
  std::shared_ptr<route> route_for(const structure::function& from,
                                   time_point now);
  void fix_site(route& of) const;
  void add_targets(route& to, const structure::function& from, time_point now);
  void share_loads(route_target& target, routing::function_index index);
  void plan_batches(route_target& target, routing::function_index index);
  std::optional<routing::function_index>
  index_of(const structure::function& from);
  void use_profile(const structure::function& from,
                   routing::function_index index, const route_target& target,
                   time_point now);
  void use_loads(const structure::function& from,
                 routing::function_index index, const route_target& target,
                 time_point now);
  void use_deployment(const structure::function& from,
                      routing::function_index index,
                      const route_target& target, time_point now);
  void forget_removed(const structure& fresh);
  void bequeath(const version_ref& gone, const known_versions::entry& of);

  routing::predictor& core_;
  node_name here_;
  std::map<node_name, routing::link_index> links_;
  std::map<site_name, routing::site_index> sites_;
  /// One per site, and one per function that has a queue of its own there.
  using queue_key = std::pair<site_name, std::optional<routing::function_index>>;
  std::map<queue_key, std::shared_ptr<routing::shared_load>> loads_;
  /// One per site, whatever the function.
  std::map<site_name, std::shared_ptr<routing::shared_link_load>> link_loads_;
  /// What its node says, as the targets there have it.
  std::map<site_name, std::shared_ptr<const string_map>> labels_;
  known_versions versions_;
  routing::delivery_rates rates_; ///< at which bundles come to nodes
};

} // namespace faas::actors
