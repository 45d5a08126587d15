// Commands planned one on the other, to be stored together.
#pragma once

#include "libfaas/ports/catalog.hpp"

#include <set>
#include <span>
#include <vector>

namespace faas {

/// Changes that were planned on a state but are not stored: the state itself
/// stays as it is. Copies only the functions that they deal with. Keeps a
/// reference to the state, which must not change. Not thread safe.
class catalog_draft {
public:
  explicit catalog_draft(const catalog_state& base) : base_(base) {
    scratch_.at = base.at;
  }

  /// What a plan for that function needs, after the changes so far: a state
  /// that may lack other functions.
  const catalog_state& state_for(const function_name& function);
  void add(catalog_change change);
  /// Whether a change of this request is among them.
  bool holds(const request_id& request) const;
  bool full() const noexcept { return changes_.size() >= most_per_commit; }
  std::span<const catalog_change> changes() const noexcept { return changes_; }

private:
  const catalog_state& base_;
  catalog_state scratch_;
  std::set<function_name> copied_;
  std::vector<catalog_change> changes_;
};

} // namespace faas
