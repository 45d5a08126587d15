#include "libfaas/bundles/uses.hpp"

#include "libfaas/manifest/platform.hpp"

#include <algorithm>

namespace faas::bundles {
namespace {

void add(use_map& uses, const std::vector<digest>& bundles, const use& one) {
  for (const auto& id : bundles) {
    auto& known = uses[id];
    if (std::find(known.begin(), known.end(), one) == known.end())
      known.push_back(one);
  }
}

std::string shown(const version_ref& version) {
  return version.function.str() + ":" + std::to_string(version.version);
}

/// Reasons of one function, by version.
class function_uses {
public:
  function_uses(const function_record& record, use_map& uses)
    : record_(record), uses_(uses) {}

  void add_all() {
    const auto& name = record_.name.str();
    const auto& rules = record_.traffic;
    keep(record_.current, "current version of " + name);
    for (const auto& [alias, version] : rules.aliases)
      keep(version, "alias " + alias + " of " + name);
    for (const auto& [version, weight] : rules.weights)
      keep(version, "has a share of " + name);
    if (rules.rollout && rules.rollout->under_way()) {
      keep(rules.rollout->version, "is being rolled out for " + name);
      keep(rules.rollout->from, "rollout of " + name + " may go back to it");
    }
    size_t before = 0;
    for (auto at = record_.versions.rbegin(); at != record_.versions.rend();
         ++at) {
      if (at->first == record_.current)
        continue;
      if (at->first > record_.current || before++ < rollback_targets)
        keep(at->first, "rollback target of " + name);
      else
        keep(at->first, "older version of " + name, true);
    }
  }

private:
  void keep(uint32_t version, std::string why, bool spare = false) {
    const auto found = record_.versions.find(version);
    if (found != record_.versions.end())
      add(uses_, bundles_of(found->second),
          {shown({record_.name, version}), std::move(why), spare});
  }

  const function_record& record_;
  use_map& uses_;
};

} // namespace

std::vector<digest> bundles_of(const function_version& version) {
  return all_bundles(version.spec, version.bundle);
}

use_map uses_of(const catalog_state& state,
                const std::vector<placed_version>& placed) {
  use_map uses;
  for (const auto& [name, record] : state.functions)
    function_uses{record, uses}.add_all();
  for (const auto& at : placed)
    add(uses, at.bundles, {shown(at.version), "is on " + at.node.str(), false});
  return uses;
}

} // namespace faas::bundles
