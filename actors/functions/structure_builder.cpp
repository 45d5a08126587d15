#include "actors/functions/structure_builder.hpp"

#include "actors/functions/pending_host.hpp"
#include "actors/functions/servers.hpp"

#include "libfaas/manifest/platform.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace faas::actors {
namespace {

std::shared_ptr<peer> peer_of(const known_state& known,
                              const node_name& node) {
  for (const auto& peer : known.peers)
    if (peer->name == node)
      return peer;
  return nullptr;
}

/// Threads that run functions; 0: it does not say.
uint32_t threads_of(const known_state& known, const node_name& node,
                    const node_record* record) {
  if (node == known.self)
    return known.executors;
  return record != nullptr ? record->executors : 0;
}

/// Null: the view does not have it.
const node_record* record_of(const known_state& known, const node_name& node) {
  for (const auto& record : known.view->nodes)
    if (record.name == node)
      return &record;
  return nullptr;
}

void add_reason(std::string& all, const placement& at) {
  if (at.status.reason.empty() && at.status.state != instance_state::ready)
    all += (all.empty() ? "" : "; ") + at.status.node.str() + " is "
           + std::string{name(at.status.state)};
  else if (!at.status.reason.empty())
    all += (all.empty() ? "" : "; ") + at.status.node.str() + ": "
           + at.status.reason;
}

/// Nodes that have no build of it. A node that goes is no site any more.
void add_unfit(const known_state& known, const assigned_version& assigned,
               structure::function& made) {
  for (const auto& record : known.view->nodes) {
    const auto build = choose_build(assigned.spec, assigned.bundle,
                                    platform_of(record.labels));
    if (record.connected && !build)
      made.unfit.push_back(
        {cpu_site(record.name), record.tier, build.error().message});
  }
}

load_facts loads_of(const placement_status& status) {
  load_facts made;
  const auto& facts = status.facts;
  if (const auto pull = pull_in(facts); pull && pull->left == 0) {
    made.pull_bytes = pull->got;
    made.pull_ms = pull->elapsed_ms;
  }
  if (const auto at = facts.find("load_ms"); at != facts.end())
    made.load_ms = std::strtod(at->second.c_str(), nullptr);
  const auto at = facts.find("in_memory");
  if (at == facts.end() || !at->second.starts_with("no"))
    return made;
  made.away = true;
  if (constexpr std::string_view why = "no: "; at->second.starts_with(why))
    made.cannot = at->second.substr(why.size());
  return made;
}

/// Older nodes tell nothing, nor what a batch took: they count as not batching.
routing::batch_terms batches_of(const placement_status& status) {
  const auto number = [&](const char* name) {
    const auto at = status.facts.find(name);
    const auto told = at == status.facts.end()
                        ? -1
                        : std::strtod(at->second.c_str(), nullptr);
    constexpr double most = 1e6;
    return told >= 0 && told <= most ? told : -1;
  };
  const auto size = number("batch_size"), window = number("batch_window_ms");
  return window >= 0 && size > 1 ? routing::batch_terms{size, window}
                                 : routing::batch_terms{};
}

/// In a state in which it may still become ready for the first time.
bool on_its_way(instance_state state) noexcept {
  return state == instance_state::pulling || state == instance_state::loading;
}

/// What the site said of the version, for the predictor and for routes.
void add_facts(structure::function& made, route_target& target,
               const placement& said) {
  made.profiles[target.site] = said.profile;
  auto& loads = made.loads[target.site] = loads_of(said.status);
  target.cannot = !loads.cannot.empty();
  target.batches.terms = batches_of(said.status);
}

/// A node as a site of a version, of which it runs `slots` events at once; 0: it
/// does not say, as older ones until the version is ready.
route_target target_at(const known_state& known, const node_name& node,
                       const petrel_spec& spec, uint32_t slots) {
  const auto* record = record_of(known, node);
  const auto threads = threads_of(known, node, record);
  const auto servers
    = slots > 0 ? std::min(slots, spec.concurrency)
                : servers_of(spec, {threads, spec.concurrency});
  route_target target;
  target.node = node;
  target.site = cpu_site(node);
  target.servers = servers;
  target.threads = threads > 0 ? threads : servers;
  target.own_queue = has_own_queue(spec, servers, threads);
  if (record != nullptr) {
    target.tier = record->tier;
    // What is wrong with them that node has said itself when it started.
    target.costs = routing::costs_in(record->labels).costs;
  }
  return target;
}

route_target local_target(const known_state& known,
                          const assigned_version& assigned,
                          const std::shared_ptr<function_host>& host) {
  const auto said = known.own.find(assigned.version);
  auto target = target_at(known, known.self, assigned.spec.petrel,
                          said != known.own.end() ? said->second.status.slots
                                                  : 0);
  target.host = host;
  return target;
}

route_target remote_target(const known_state& known,
                           const assigned_version& assigned,
                           const placement& at, std::shared_ptr<peer> via) {
  auto target = target_at(known, at.status.node, assigned.spec.petrel,
                          at.status.slots);
  target.via = std::move(via);
  return target;
}

/// What other nodes said of each version.
using reports
  = std::unordered_map<version_ref, std::vector<const placement*>>;

reports reports_of_others(const known_state& known) {
  reports all;
  for (const auto& at : known.view->placements)
    if (at.status.node != known.self)
      all[at.version].push_back(&at);
  return all;
}

/// This node's own instances, or why there are none.
void add_own(structure::function& made, const known_state& known,
             const assigned_version& assigned) {
  const auto own = known.own.find(assigned.version);
  if (const auto host = known.hosts.find(assigned.version);
      host != known.hosts.end()) {
    auto target = local_target(known, assigned, host->second);
    if (own != known.own.end())
      add_facts(made, target, own->second);
    made.targets.push_back(std::move(target));
  } else if (own != known.own.end()) {
    add_reason(made.why_empty, own->second);
  }
}

/// Another node's, or why they get no events.
void add_other(structure::function& made, const known_state& known,
               const assigned_version& assigned, const destinations& open,
               const placement& at) {
  auto via = peer_of(known, at.status.node);
  if (at.status.state != instance_state::ready || !via) {
    add_reason(made.why_empty, at);
    return;
  }
  if (!open.events(at.status.node, made.version)) {
    made.why_empty += (made.why_empty.empty() ? "" : "; ")
                      + at.status.node.str() + " takes no events of others: "
                      + (open.cordoned(at.status.node) ? "it is cordoned"
                                                       : "it is drained");
    return;
  }
  auto target = remote_target(known, assigned, at, std::move(via));
  add_facts(made, target, at);
  made.targets.push_back(std::move(target));
}

/// As the node says it; without a word it is no site.
void add_deploying(structure::function& made, route_target target,
                   const placement& at) {
  const auto said = deployment_in(at.status.facts);
  if (!said || !on_its_way(at.status.state))
    return;
  made.deploying[target.site] = *said;
  target.deploying = true;
  made.targets.push_back(std::move(target));
}

/// Sites that it is being brought to, behind those that have it.
void add_coming(structure::function& made, const known_state& known,
                const assigned_version& assigned, const destinations& open,
                const std::vector<const placement*>& others) {
  const auto own = known.own.find(made.version);
  const auto waits = known.pending.find(made.version);
  if (own != known.own.end() && waits != known.pending.end()
      && assigned.nodes.contains(known.self))
    add_deploying(made, local_target(known, assigned, waits->second),
                  own->second);
  for (const auto* at : others)
    if (auto via = peer_of(known, at->status.node);
        via && open.events(at->status.node, made.version))
      add_deploying(made, remote_target(known, assigned, *at, std::move(via)),
                    *at);
}

structure::function build_function(const known_state& known,
                                   const assigned_version& assigned,
                                   const destinations& open,
                                   const reports& others) {
  static const std::vector<const placement*> none;
  structure::function made;
  made.version = assigned.version;
  made.spec = assigned.spec;
  made.bundle = assigned.bundle;
  made.in_service = assigned.traffic;
  made.weight = assigned.weight;
  made.watched = assigned.watched;
  made.aliases = assigned.aliases;
  add_own(made, known, assigned);
  if (const auto reported = others.find(assigned.version);
      reported != others.end())
    for (const auto* said : reported->second)
      add_other(made, known, assigned, open, *said);
  const bool served = !made.targets.empty();
  add_unfit(known, assigned, made);
  // A host that is assigned here no more (the node is being drained, say) is
  // for what is on its way, and for when there is no other site.
  if (made.targets.size() > 1 && made.targets.front().host
      && !assigned.nodes.contains(known.self))
    made.targets.erase(made.targets.begin());
  if (served && !assigned.watched) // a rollout's judge would take the wait for
                                   // the version's own
    add_coming(made, known, assigned, open,
               others.contains(assigned.version) ? others.at(assigned.version)
                                                 : none);
  if (made.targets.empty() && made.why_empty.empty())
    made.why_empty
      = assigned.nodes.empty()
          ? "no connected node meets its needs"
              + (made.unfit.empty() ? "" : ": " + made.unfit.front().why)
          : "no node that shall run it is ready and connected";
  return made;
}

} // namespace

site_name cpu_site(const node_name& node) {
  return site_name{node.str() + "/cpu"};
}

bool served_elsewhere(const known_state& known, const version_ref& version) {
  return known.view
         && std::any_of(known.view->placements.begin(),
                        known.view->placements.end(), [&](const placement& at) {
                          return at.version == version
                                 && at.status.node != known.self
                                 && at.status.state == instance_state::ready;
                        });
}

structure build_structure(const known_state& known) {
  structure made;
  if (!known.view)
    return made;
  for (const auto& record : known.view->nodes) {
    structure::site site;
    site.name = cpu_site(record.name);
    site.node = record.name;
    site.tier = record.tier;
    site.servers
      = std::max<uint32_t>(threads_of(known, record.name, &record), 1);
    site.via = peer_of(known, record.name);
    site.labels = record.labels;
    made.sites.push_back(std::move(site));
  }
  made.hosts = known.hosts;
  for (const auto& [version, host] : known.pending)
    if (served_elsewhere(known, version)) // others may send events here, too
      made.hosts.try_emplace(version, host);
  const destinations open{*known.view};
  const auto others = reports_of_others(known);
  std::set<function_name> served;
  for (const auto& assigned : known.view->versions)
    if (assigned.traffic)
      served.insert(assigned.version.function);
  for (const auto& assigned : known.view->versions)
    if (served.contains(assigned.version.function))
      made.functions.push_back(build_function(known, assigned, open, others));
  return made;
}

} // namespace faas::actors
