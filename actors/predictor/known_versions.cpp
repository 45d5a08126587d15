#include "actors/predictor/known_versions.hpp"

#include <utility>

namespace faas::actors {

const known_versions::entry*
known_versions::find(const version_ref& version) const {
  const auto found = all_.find(version);
  return found != all_.end() ? &found->second : nullptr;
}

void known_versions::add(version_ref version, entry what) {
  all_.insert_or_assign(std::move(version), std::move(what));
}

std::optional<known_versions::parent>
known_versions::parent_of(const version_ref& version,
                          const std::string& work) const {
  std::optional<parent> best;
  for (auto at = all_.lower_bound({version.function, 0});
       at != all_.end() && at->first.function == version.function; ++at) {
    const bool same = at->second.work == work;
    if (at->first == version || (best && best->same_work && !same))
      continue;
    best = {at->first, at->second.index, same}; // versions rise
  }
  return best;
}

} // namespace faas::actors
