#include "actors/link/contest.hpp"

namespace faas::actors {
namespace {

std::string place_of(const claimant& one) {
  const auto gateway
    = one.gateway.empty() ? "" : "its gateway is " + one.gateway;
  if (one.from.empty())
    return gateway.empty() ? "an unknown address" : gateway;
  return one.from + (gateway.empty() ? "" : " (" + gateway + ")");
}

} // namespace

bool supersedes(const node_name& self, const node_name& peer,
                const contestant& fresh, const contestant& other) {
  if (fresh.boot != other.boot)
    return !other.alive;
  if (fresh.dialled == other.dialled)
    return true;
  return fresh.dialled == (self < peer);
}

clone_report two_of(const node_name& name, const claimant& serves,
                    const claimant& refused) {
  const bool same = !serves.serial.empty() && serves.serial == refused.serial;
  clone_report told;
  told.what = "two machines say they are node " + name.str()
              + (same ? ", with the same certificate" : "") + ": one at "
              + place_of(serves) + ", which goes on serving, and one at "
              + place_of(refused) + ", which is refused";
  told.next = "a data folder was copied with the node's identity in it. On the "
              "machine at "
              + (refused.from.empty() ? "the second address" : refused.from)
              + " stop faas-node, remove `trust` from its data folder, and let "
                "it join under a name of its own: `faas-cli node token` on the "
                "controller's node, then `faas-node --set node.name=NAME join "
                "TOKEN`. If that machine shall be "
              + name.str() + ", stop the other one";
  return told;
}

bool refused_clones::refused(const node_name& name, const boot_id& first,
                             const boot_id& second, const std::string& note,
                             time_point now) {
  if (claims_.size() >= max_names && !claims_.contains(name))
    return false;
  auto& claim = claims_[name];
  if (claim.first != first)
    claim = {first, now, {}, {}, {}};
  claim.seen = now;
  if (claim.others.size() >= max_boots && !claim.others.contains(second))
    return false;
  const auto since = claim.others.try_emplace(second, now).first->second;
  if (now - since < certain)
    return false;
  claim.note = note;
  claim.told = now;
  return true;
}

void refused_clones::seen(const node_name& name, const boot_id& boot,
                          time_point now) {
  const auto found = claims_.find(name);
  if (found != claims_.end() && found->second.first == boot)
    found->second.seen = now;
}

bool refused_clones::must_wait(const node_name& name, const boot_id& boot,
                               time_point now) {
  const auto found = claims_.find(name);
  if (found == claims_.end())
    return false;
  const auto& claim = found->second;
  if (now - claim.seen < memory) {
    const auto other = claim.others.find(boot);
    return other != claim.others.end()
           && claim.seen - other->second >= certain;
  }
  claims_.erase(found);
  return false;
}

std::string refused_clones::note(const node_name& name, time_point now) const {
  const auto found = claims_.find(name);
  return found != claims_.end() && now - found->second.told < memory
           ? found->second.note
           : std::string{};
}

} // namespace faas::actors
