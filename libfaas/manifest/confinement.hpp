// To which nodes the needs of a function confine its events.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <string>
#include <string_view>

namespace faas {

/// What of a node those needs ask for. Refers to what it is made of.
struct node_place {
  std::string_view name;
  std::string_view tier;
  const string_map& labels;
};

/// Whether the needs confine events to some nodes: by tier, name or label.
/// Whoever takes an event in another's place must keep to these. Memory is no
/// such need: it is of the code that runs.
bool confines(const placement_needs& needs) noexcept;

/// Whether the needs allow that node. Allocates nothing.
bool allows(const placement_needs& needs, const node_place& node) noexcept;

/// The first need that the node does not meet, for people: "needs tier edge,
/// the node is cloud". Empty when it is allowed.
std::string unmet(const placement_needs& needs, const node_place& node);

} // namespace faas
