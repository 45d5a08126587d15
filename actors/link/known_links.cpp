#include "actors/link/known_links.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

bool wins(const node_name& self, const wire::hello& peer,
          const known_link& fresh, const known_link& other) {
  return supersedes(self, peer.node,
                    {peer.boot, fresh.dialled.has_value(), true},
                    {other.hello.boot, other.dialled.has_value(),
                     other.state == node_state::alive});
}

claimant claim_of(const wire::hello& hello, const peer_origin& origin) {
  return {hello.boot, origin.address, hello.address, origin.serial};
}

} // namespace

node_record record_of(const wire::hello& of, bool connected) {
  node_record record;
  record.name = of.node;
  record.tier = of.tier;
  record.labels = of.labels;
  record.runtimes = of.runtimes;
  record.memory = of.memory;
  record.executors = of.executors;
  record.connected = connected;
  return record;
}

known_link* known_links::to(const node_name& node) {
  for (auto& [number, link] : all)
    if (link.up && link.hello.node == node)
      return &link;
  return nullptr;
}

std::vector<std::shared_ptr<peer>> known_links::gates() const {
  std::vector<std::shared_ptr<peer>> made;
  for (const auto& [number, link] : all)
    if (link.up)
      made.push_back(link.gate);
  return made;
}

known_links::verdict known_links::judge(const wire::hello& self,
                                        uint64_t number,
                                        const wire::hello& peer,
                                        time_point now) {
  using what = enum verdict::what;
  const auto& fresh = all.at(number);
  for (const auto& [key, other] : all) {
    if (key == number || !other.up || other.hello.node != peer.node
        || wins(self.node, peer, fresh, other))
      continue;
    if (peer.boot == other.hello.boot) // the peer may have used it already
      return {what::replaced, {}};
    const auto told = two_of(peer.node, claim_of(other.hello, other.origin),
                             claim_of(peer, fresh.origin));
    auto copied = told.what + " (" + told.next + ")";
    if (clones.refused(peer.node, other.hello.boot, peer.boot, copied, now))
      return {what::refused, std::move(copied)};
    return {what::refused,
            "node " + peer.node.str()
              + " is connected already; after a restart it is let in once "
                "that connection is silent"};
  }
  if (clones.must_wait(peer.node, peer.boot, now))
    return {what::refused, clones.note(peer.node, now)};
  clones.seen(peer.node, peer.boot, now);
  return {what::welcome, {}};
}

bool known_links::linked(const node_name& node,
                         const std::string& address) const {
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    const auto& link = entry.second;
    const auto& at = link.hello.links;
    return link.up
           && (link.hello.node == node
               || std::find(at.begin(), at.end(), address) != at.end());
  });
}

std::vector<std::string>
known_links::controllers(const wire::hello& self) const {
  auto found = self.links;
  const auto add = [&](const wire::hello& of) {
    if (of.controller)
      found.insert(found.end(), of.links.begin(), of.links.end());
  };
  for (const auto& [number, link] : all)
    if (link.up)
      add(link.hello);
  for (const auto& [node, hello] : list.lost())
    add(hello);
  return found;
}

std::optional<uint64_t>
known_links::to_leader(const leader_book& leaders) const {
  for (const auto& [number, link] : all)
    if (link.up && link.hello.controller
        && (leaders.term() == 0 || link.hello.node == leaders.leader()))
      return number;
  return std::nullopt;
}

std::optional<uint64_t>
known_links::whence_secrets(const leader_book& leaders, const node_name* self,
                            bool shares_lead) const {
  if (self != nullptr && (!shares_lead || leaders.leader() == *self))
    return 0;
  return to_leader(leaders);
}

bool known_links::first_refusal(const boot_id& boot, const std::string& why) {
  if (told_.size() > max_told)
    told_.clear();
  return told_.emplace(boot, why.starts_with("two machines")).second;
}

std::set<node_name> known_links::other_controllers() const {
  std::set<node_name> found;
  for (const auto& [number, link] : all)
    if (link.up && link.hello.controller && link.state == node_state::alive)
      found.insert(link.hello.node);
  return found;
}

std::set<node_name> known_links::answering() const {
  std::set<node_name> found;
  for (const auto& [number, link] : all)
    if (link.up && link.state == node_state::alive)
      found.insert(link.hello.node);
  return found;
}

std::vector<node_status> known_links::statuses(const wire::hello& self,
                                               const leader_book& leaders,
                                               bool by_turns,
                                               time_point now) const {
  std::vector<node_status> made;
  made.push_back(node_list::status_of(self, node_state::alive));
  made.back().self = true;
  made.back().protocol = self.max_protocol;
  for (const auto& [number, link] : all) {
    if (!link.up)
      continue;
    made.push_back(node_list::status_of(link.hello, link.state));
    made.back().rtt_ms = to_ms(duration{link.gate->rtt_ns.load()});
    made.back().in_flight = link.gate->in_flight.load();
    made.back().protocol = link.protocol;
  }
  for (auto& status : made) {
    list.complete(status);
    if (auto note = clones.note(status.name, now); !note.empty())
      status.note = std::move(note);
  }
  for (auto& status : list.away(made))
    made.push_back(std::move(status));
  by_turns = by_turns || leaders.term() != 0;
  for (auto& status : made)
    if (status.controller && by_turns && status.name != leaders.leader()) {
      status.controller = false;
      status.standby = true;
    }
  return made;
}

} // namespace faas::actors
