#include "actors/predictor/route_maker.hpp"

#include "libfaas/manifest/work.hpp"
#include "libfaas/routing/profile.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace faas::actors {
namespace {

constexpr std::string_view fixed_policy = "static:";

std::string key_of(const version_ref& version) {
  return version.function.str() + "@" + std::to_string(version.version);
}

/// All but what the predictor says of it.
std::shared_ptr<route> route_of(const structure::function& from) {
  const auto& petrel = from.spec.petrel;
  auto made = std::make_shared<route>();
  made->version = from.version;
  made->view.name = from.version.function;
  made->view.timeout = petrel.timeout;
  made->view.max_body_bytes = petrel.max_body_bytes;
  made->view.size = petrel.size;
  made->view.topics = petrel.topics;
  made->view.reply_topic = petrel.reply_topic;
  made->view.idempotent = petrel.idempotent;
  made->why_empty = from.why_empty;
  made->unfit = from.unfit;
  made->weight = from.weight;
  made->watched = from.watched;
  made->policy = petrel.policy;
  made->key = petrel.key;
  made->lighter = petrel.lighter;
  made->deadline = petrel.deadline;
  made->needs = petrel.needs;
  return made;
}

template <class Map, class Key>
auto value_at(const Map& map, const Key& key)
  -> std::optional<typename Map::mapped_type> {
  const auto at = map.find(key);
  return at == map.end() ? std::nullopt : std::optional{at->second};
}

} // namespace

std::optional<routing::site_index>
route_maker::site(const site_name& name) const {
  return value_at(sites_, name);
}

std::optional<routing::link_index> route_maker::link(const node_name& to) const {
  return value_at(links_, to);
}

std::shared_ptr<routing_table> route_maker::make(const structure& fresh,
                                                 time_point now) {
  add_sites(fresh);
  auto table = std::make_shared<routing_table>();
  add_routes(*table, fresh, now);
  forget_removed(fresh); // once their successors have begun
  table->hosts.insert(fresh.hosts.begin(), fresh.hosts.end());
  return table;
}

// -- sites --------------------------------------------------------------------

void route_maker::add_sites(const structure& fresh) {
  std::set<node_name> routers{here_};
  for (const auto& site : fresh.sites) {
    add_site(site);
    keep_labels(site);
    routers.insert(site.node);
  }
  core_.set_routers(static_cast<double>(routers.size()));
}

void route_maker::add_site(const structure::site& site) {
  if (const auto known = sites_.find(site.name); known != sites_.end()) {
    core_.set_servers(known->second, site.servers);
    return;
  }
  auto spec
    = site.node == here_ ? routing::loopback_link() : routing::link_spec{};
  if (site.node != here_)
    spec.name = site.node.str();
  const auto link = core_.add_link(spec);
  if (!link)
    return;
  links_[site.node] = *link;
  const auto index
    = core_.add_site({site.name.str(), site.tier, *link, site.servers});
  if (index)
    sites_[site.name] = *index;
}

/// A node that comes back may say others.
void route_maker::keep_labels(const structure::site& site) {
  auto& known = labels_[site.name];
  if (!known || *known != site.labels)
    known = std::make_shared<const string_map>(site.labels);
}

// -- routes -------------------------------------------------------------------

/// One route per function: the version in service, with the others.
void route_maker::add_routes(routing_table& table, const structure& fresh,
                             time_point now) {
  std::map<function_name, std::shared_ptr<route>> in_service;
  for (const auto& function : fresh.functions)
    if (function.in_service)
      in_service[function.version.function] = route_for(function, now);
  for (const auto& function : fresh.functions) {
    const auto of = in_service.find(function.version.function);
    if (of == in_service.end())
      continue;
    for (const auto& alias : function.aliases)
      of->second->aliases[alias] = function.version.version;
    if (function.in_service)
      continue;
    auto other = route_for(function, now);
    other->view.version = function.version.version;
    // Its share is the others', unless they may run only some of its events.
    if (other->targets.empty() && !confines(other->needs))
      other->weight = 0;
    of->second->others.push_back(std::move(other));
  }
  for (auto& [name, route] : in_service)
    table.routes.emplace(name.str(), std::move(route));
}

std::shared_ptr<route> route_maker::route_for(const structure::function& from,
                                              time_point now) {
  auto made = route_of(from);
  fix_site(*made);
  if (const auto index = index_of(from)) {
    made->index = *index;
    add_targets(*made, from, now);
  }
  return made;
}

/// "static:SITE" is the policy "static" and the site.
void route_maker::fix_site(route& of) const {
  if (!of.policy.starts_with(fixed_policy))
    return;
  of.fixed_name = of.policy.substr(fixed_policy.size());
  of.policy = "static";
  if (const auto at = site(site_name{of.fixed_name}))
    of.fixed = *at;
}

void route_maker::add_targets(route& to, const structure::function& from,
                              time_point now) {
  for (auto target : from.targets) {
    const auto at = site(target.site);
    if (!at)
      continue;
    target.index = *at;
    target.labels = value_at(labels_, target.site).value_or(nullptr);
    use_profile(from, to.index, target, now);
    use_loads(from, to.index, target, now);
    use_deployment(from, to.index, target, now);
    target.cell = core_.cell(to.index, target.index, now);
    share_loads(target, to.index);
    plan_batches(target, to.index);
    to.targets.push_back(std::move(target));
  }
}

/// What a node says of its threads, and of a version's instances, may change.
void route_maker::share_loads(route_target& target,
                              routing::function_index index) {
  queue_key key{target.site, std::nullopt};
  if (target.own_queue)
    key.second = index;
  auto& load = loads_[key];
  if (!load)
    load = std::make_shared<routing::shared_load>(target.servers);
  load->set_servers(target.servers);
  target.load = load;
  core_.set_own_servers(index, target.index,
                        target.own_queue ? target.servers : 0);
  auto& link = link_loads_[target.site];
  if (!link)
    link = std::make_shared<routing::shared_link_load>();
  target.link_load = link;
}

/// Its load is planned in batches if the site says that it joins events.
void route_maker::plan_batches(route_target& target,
                               routing::function_index index) {
  auto& how = target.batches;
  core_.set_batches(index, target.index, how.terms.most);
  how.function = to_int(index);
  how.open = how.terms.batches() ? &target.load->open() : nullptr;
}

// -- versions -----------------------------------------------------------------

/// A version that is new begins with what another one of the function has
/// taught.
std::optional<routing::function_index>
route_maker::index_of(const structure::function& from) {
  if (const auto* known = versions_.find(from.version))
    return known->index;
  const auto added = core_.add_function(key_of(from.version));
  if (!added)
    return std::nullopt;
  known_versions::entry fresh{*added, from.bundle.hex() + work_of(from.spec),
                              from.spec.petrel.size};
  if (const auto parent = versions_.parent_of(from.version, fresh)) {
    core_.succeed(*added, parent->index, parent->what);
    if (parent->what == routing::likeness::same_work) // they say nothing new
      fresh.trial_runs = versions_.find(parent->version)->trial_runs;
  }
  versions_.add(from.version, std::move(fresh));
  return *added;
}

/// What a trial run or sample events took is used once per function and site.
void route_maker::use_profile(const structure::function& from,
                              routing::function_index index,
                              const route_target& target, time_point now) {
  const auto points = from.profiles.find(target.site);
  if (points == from.profiles.end() || points->second.empty()
      || !versions_.find(from.version)->trial_runs.insert(target.site).second)
    return;
  std::vector<routing::profile_point> measured;
  for (const auto& point : points->second)
    measured.push_back({point.size, point.ms});
  core_.set_profile(index, target.index, routing::fit_line(measured), now,
                    routing::only_size(measured));
}

/// What a site says of loading a version, whenever that changes.
void route_maker::use_loads(const structure::function& from,
                            routing::function_index index,
                            const route_target& target, time_point now) {
  const auto said = from.loads.find(target.site);
  if (said == from.loads.end())
    return;
  auto& known = versions_.find(from.version)->loads[target.site];
  const auto& fresh = said->second;
  if (fresh.load_ms > 0 && fresh.load_ms != known.load_ms)
    core_.observe_load(index, target.index, fresh.load_ms, now);
  if (fresh.pull_ms != known.pull_ms || fresh.pull_bytes != known.pull_bytes)
    rates_.ended(target.node.str(), target.tier, fresh.pull_bytes,
                 fresh.pull_ms);
  if (fresh.away != known.away)
    core_.observe_residency(index, target.index, !fresh.away, now);
  known = fresh;
}

/// How far it is on its way to the site, whenever the site says so: a structure
/// that is made anew for another reason tells nothing new of it.
void route_maker::use_deployment(const structure::function& from,
                                 routing::function_index index,
                                 const route_target& target, time_point now) {
  auto& known = versions_.find(from.version)->deploying;
  const auto said = from.deploying.find(target.site);
  if (!target.deploying || said == from.deploying.end()) {
    if (known.erase(target.site) > 0)
      core_.observe_deployment(index, target.index, std::nullopt, now);
    return;
  }
  if (const auto at = known.find(target.site);
      at != known.end() && at->second == said->second)
    return;
  known[target.site] = said->second;
  routing::deployment how;
  how.loading = said->second.loading_ms.has_value();
  how.loading_ms = std::min(said->second.loading_ms.value_or(0), 1e7);
  how.bundle
    = rates_.left(target.node.str(), target.tier, said->second.pull);
  core_.observe_deployment(index, target.index, how, now);
}

void route_maker::forget_removed(const structure& fresh) {
  std::set<version_ref> kept;
  for (const auto& function : fresh.functions)
    kept.insert(function.version);
  for (const auto& [version, lost] : versions_.forget(
         [&](const version_ref& version) { return !kept.contains(version); })) {
    bequeath(version, lost);
    core_.remove_function(lost.index);
    std::erase_if(loads_, [&](const auto& one) {
      return one.first.second == lost.index;
    });
  }
}

/// What it has learned since the others began, at sites new to them.
void route_maker::bequeath(const version_ref& gone,
                           const known_versions::entry& of) {
  for (const auto& [version, other] : versions_.all())
    if (version.function == gone.function)
      core_.succeed(other.index, of.index, known_versions::compare(other, of));
}

} // namespace faas::actors
