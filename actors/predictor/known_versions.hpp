// The versions that the predictor has estimates of.
#pragma once

#include "actors/predictor_messages.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace faas::actors {

/// Not thread safe.
class known_versions {
public:
  struct entry {
    routing::function_index index{};
    std::string work;  ///< bundle and work_of() the spec
    size_feature size; ///< what events are measured by
    /// Sites whose trial run was used: once each.
    std::set<site_name> trial_runs = {};
    /// What sites have said last of loading it.
    std::map<site_name, load_facts> loads = {};
    /// Sites that it was being brought to, and how far it was.
    std::map<site_name, deployment_said> deploying = {};
  };
  /// Where a version that is new may begin.
  struct parent {
    version_ref version;
    routing::function_index index{};
    routing::likeness what = routing::likeness::alike;
  };
  using map_type = std::map<version_ref, entry>;

  const entry* find(const version_ref& version) const;
  entry* find(const version_ref& version);
  void add(version_ref version, entry what);
  /// Of the other versions of its function: the newest that does the same work;
  /// else the newest one.
  std::optional<parent> parent_of(const version_ref& version,
                                  const entry& what) const;
  static routing::likeness compare(const entry& one, const entry& other);
  /// Forgets all versions for which `gone` holds; what they were.
  template <class Gone>
  map_type forget(Gone gone) {
    map_type lost;
    std::erase_if(all_, [&](const auto& of) {
      const bool is = gone(of.first);
      if (is)
        lost.insert(of);
      return is;
    });
    return lost;
  }
  const map_type& all() const noexcept { return all_; }

private:
  map_type all_;
};

} // namespace faas::actors
