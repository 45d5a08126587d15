#include "actors/predictor/known_versions.hpp"

#include <utility>

namespace faas::actors {

const known_versions::entry*
known_versions::find(const version_ref& version) const {
  const auto found = all_.find(version);
  return found != all_.end() ? &found->second : nullptr;
}

known_versions::entry* known_versions::find(const version_ref& version) {
  const auto found = all_.find(version);
  return found != all_.end() ? &found->second : nullptr;
}

void known_versions::add(version_ref version, entry what) {
  all_.insert_or_assign(std::move(version), std::move(what));
}

routing::likeness known_versions::compare(const entry& one,
                                          const entry& other) {
  if (one.work == other.work)
    return routing::likeness::same_work;
  return one.size == other.size ? routing::likeness::alike
                                : routing::likeness::loads_only;
}

std::optional<known_versions::parent>
known_versions::parent_of(const version_ref& version, const entry& what) const {
  using routing::likeness;
  std::optional<parent> best;
  for (auto at = all_.lower_bound({version.function, 0});
       at != all_.end() && at->first.function == version.function; ++at) {
    const auto how = compare(at->second, what);
    if (at->first == version
        || (best && best->what == likeness::same_work
            && how != likeness::same_work))
      continue;
    best = {at->first, at->second.index, how}; // versions rise
  }
  return best;
}

} // namespace faas::actors
