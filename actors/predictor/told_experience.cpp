#include "actors/predictor/told_experience.hpp"

#include "actors/predictor/peer_estimates.hpp"

#include <set>
#include <utility>

namespace faas::actors {
namespace {

/// What is not deployed or not there at the moment.
void append(routing::snapshot& to, const routing::snapshot& rest) {
  std::set<std::string> named;
  for (const auto& site : to.sites)
    named.insert(site.name);
  for (const auto& site : rest.sites)
    if (to.sites.size() < most_told_pairs && !named.contains(site.name))
      to.sites.push_back(site);
  for (const auto& pair : rest.pairs)
    if (to.pairs.size() < most_told_pairs)
      to.pairs.push_back(pair);
}

} // namespace

told_experience::told_experience(node_name here, replica_store* store,
                                 std::function<void(std::string)> log)
  : here_(std::move(here)), log_(std::move(log)) {
  if (store == nullptr)
    return;
  keeper_ = std::make_unique<experience_keeper>(*store, log_);
  recall(*store);
}

void told_experience::recall(replica_store& store) {
  auto kept = store.load();
  if (kept && !*kept)
    return;
  auto known = kept ? experience_of(**kept) : kept.error();
  if (known)
    heard_[here_] = std::move(*known);
  else if (log_)
    log_("what was learned before the restart cannot be read ("
         + known.error().message
         + "): it is learned anew, and replaces that");
}

bool told_experience::hear(const node_name& from, const std::string& text) {
  auto told = experience_of(text);
  if (!told)
    return false;
  heard_[from] = std::move(*told);
  return true;
}

void told_experience::adopt_into(routing::predictor& core, time_point now) {
  for (auto at = heard_.begin(); at != heard_.end();) {
    auto& told = at->second;
    core.adopt(told, now);
    at = told.sites.empty() && told.pairs.empty() ? heard_.erase(at)
                                                  : std::next(at);
  }
}

void told_experience::keep(const routing::predictor& core) {
  if (!keeper_ || !std::exchange(learned_, false))
    return;
  auto known = core.experience(most_told_pairs, true);
  if (const auto rest = heard_.find(here_); rest != heard_.end())
    append(known, rest->second);
  keeper_->keep(to_text(known));
}

} // namespace faas::actors
