// What a loop knows of the functions' versions: which of them an event is for,
// and how they do.
#include "actors/routing/loop_port.hpp"
#include "actors/routing/route_choice.hpp"
#include "libfaas/rollout/sample.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace faas::actors {
namespace {

/// Samples that are sent at once; otherwise they wait for the next report.
constexpr size_t sample_batch = 256;

/// Events of a version at a site that a rollout's judge hears of; it needs
/// hundreds in all.
constexpr double samples_per_second = 200;

/// The same object under a reference count of its own: one that all loops share
/// costs a cache line's way from core to core with every event.
template <class T>
std::shared_ptr<T> own_count(std::shared_ptr<T> shared) {
  if (!shared)
    return nullptr;
  auto holder = std::make_shared<std::shared_ptr<T>>(std::move(shared));
  auto* object = holder->get();
  return {std::move(holder), object};
}

} // namespace

uint32_t version_named(const route& of, std::string_view suffix) noexcept {
  if (const auto alias = of.aliases.find(suffix); alias != of.aliases.end())
    return alias->second;
  uint32_t number = 0;
  const auto* end = suffix.data() + suffix.size();
  const auto [at, failed] = std::from_chars(suffix.data(), end, number);
  return failed == std::errc{} && at == end ? number : 0;
}

const route* route_to(const route& of, uint32_t version) noexcept {
  if (of.version.version == version)
    return &of;
  for (const auto& other : of.others)
    if (other->version.version == version)
      return other.get();
  return nullptr;
}

bool allows(const placement_needs& needs, const route_target& target) noexcept {
  static const string_map none;
  return faas::allows(needs, {target.node.str(), target.tier,
                              target.labels ? *target.labels : none});
}

// -- structure ----------------------------------------------------------------

const function_view* loop_port::find(std::string_view name) {
  if (auto* mine = resolve(name))
    return &mine->shared->view;
  const auto colon = name.find(':');
  return colon == name.npos ? nullptr : find_version(name, colon);
}

std::vector<const function_view*> loop_port::functions() {
  std::vector<const function_view*> all;
  const auto table = deps_.board.table();
  for (const auto& [name, shared] : table->routes)
    if (auto* mine = resolve(name))
      all.push_back(&mine->shared->view);
  return all;
}

loop_port::local_route* loop_port::resolve(std::string_view name) {
  if (deps_.board.number() != seen_ || !table_)
    refresh_table();
  return current_route(name);
}

/// By the table that the loop has: routes that are in use stay as they are.
loop_port::local_route* loop_port::current_route(std::string_view name) {
  auto found = routes_.find(name);
  if (found != routes_.end() && found->second.checked == seen_)
    return &found->second;
  const auto fresh = table_->routes.find(name);
  if (fresh == table_->routes.end()) {
    if (found != routes_.end()) { // removed
      close_lane_of(found->second);
      routes_.erase(found);
    }
    return nullptr;
  }
  if (found == routes_.end())
    found = routes_.emplace(std::string{name}, local_route{}).first;
  found->second.checked = seen_;
  if (found->second.shared != fresh->second)
    rebuild(found->second, fresh->second);
  return &found->second;
}

void loop_port::close_lane_of(local_route& mine) {
  if (mine.lane)
    caf::anon_send_exit(mine.lane, caf::exit_reason::user_shutdown);
  mine.lane = nullptr;
}

/// Its own ones, else those of the version beside, else new ones.
std::vector<std::shared_ptr<target_stats>>
loop_port::rows_for(const route& fresh, const local_route& mine,
                    const local_route* beside) {
  std::unordered_map<std::string_view, std::shared_ptr<target_stats>> known;
  for (const auto* of : {&mine, beside})
    if (of != nullptr)
      for (const auto& row : of->stats)
        known.try_emplace(row->site.str(), row);
  std::vector<std::shared_ptr<target_stats>> rows;
  for (const auto& target : fresh.targets) {
    const auto found = known.find(target.site.str());
    rows.push_back(found != known.end()
                     ? found->second
                     : deps_.stats.open(fresh.view.name, target.site));
  }
  return rows;
}

void loop_port::rebuild(local_route& mine, std::shared_ptr<const route> fresh,
                        const local_route* beside) {
  const bool same_version = mine.shared && mine.shared->version == fresh->version
                            && mine.shared->policy == fresh->policy
                            && mine.shared->fixed == fresh->fixed;
  if (!same_version) {
    close_lane_of(mine);
    mine.policy = policy_of(*fresh);
    mine.probing = dynamic_cast<routing::probing_policy*>(mine.policy.get());
  }
  mine.stats = rows_for(*fresh, mine, beside);
  mine.hosts.clear();
  for (const auto& target : fresh->targets)
    mine.hosts.push_back(own_count(target.host));
  mine.samples.clear();
  if (fresh->watched)
    mine.samples.assign(fresh->targets.size(), {samples_per_second, 50});
  mine.names = nullptr;
  mine.shown.resize(std::min(fresh->targets.size(), routing::max_candidates));
  std::iota(mine.shown.begin(), mine.shown.end(), 0u);
  mine.shared = own_count(std::move(fresh));
}

// -- versions ------------------------------------------------------------------

/// Versions that run no more are let go with their hosts.
void loop_port::refresh_table() {
  table_ = deps_.board.table();
  seen_ = table_->number;
  asked_.clear();
  for (auto it = others_.begin(); it != others_.end();) {
    const auto& [name, version] = it->first;
    const auto found = table_->routes.find(name.str());
    if (found != table_->routes.end() && found->second->version != it->first
        && route_to(*found->second, version) != nullptr) {
      ++it;
      continue;
    }
    close_lane_of(it->second);
    it = others_.erase(it);
  }
}

const function_view* loop_port::find_version(std::string_view name,
                                             size_t colon) {
  const auto* mine = resolve(name.substr(0, colon));
  if (mine == nullptr)
    return nullptr;
  const auto& in_service = *mine->shared;
  const auto version = version_named(in_service, name.substr(colon + 1));
  const auto* found = version == 0 ? nullptr : route_to(in_service, version);
  if (found != &in_service)
    return found != nullptr ? &found->view : nullptr;
  const auto [at, fresh]
    = asked_.try_emplace(in_service.view.name.str(), in_service.view);
  at->second.version = version;
  return &at->second;
}

loop_port::local_route* loop_port::version_of(local_route& in_service,
                                              uint32_t version) {
  if (in_service.shared->version.version == version)
    return &in_service;
  for (const auto& other : in_service.shared->others)
    if (other->version.version == version) {
      auto& mine = others_[other->version];
      if (mine.shared != other)
        rebuild(mine, other, &in_service);
      return &mine;
    }
  return nullptr;
}

loop_port::local_route* loop_port::draw(local_route& in_service) {
  const auto& of = *in_service.shared;
  if (of.others.empty())
    return &in_service;
  uint64_t total = of.weight;
  for (const auto& other : of.others)
    total += other->weight;
  if (total == of.weight)
    return &in_service;
  auto at = random_.below(total);
  if (at < of.weight)
    return &in_service;
  at -= of.weight;
  for (const auto& other : of.others) {
    if (at < other->weight)
      return version_of(in_service, other->version.version);
    at -= other->weight;
  }
  return &in_service;
}

std::shared_ptr<const placement_needs>
loop_port::needs_of(const flight& event,
                    const std::shared_ptr<const route>& asked) {
  if (event.needs || !confines(asked->needs))
    return event.needs;
  return {asked, &asked->needs};
}

loop_port::local_route* loop_port::stand_in(const local_route& for_this,
                                            const flight& of, time_point now) {
  if (of.asked || of.elsewhere)
    return nullptr;
  auto* in_service = resolve(of.event.function.str());
  if (in_service == nullptr)
    return nullptr;
  const barred excluded{{}, of.needs.get()};
  if (in_service != &for_this && choose(*in_service, of.event, excluded, now))
    return in_service;
  for (const auto& other : in_service->shared->others) {
    auto* mine = other->weight > 0
                   ? version_of(*in_service, other->version.version)
                   : nullptr;
    if (mine != nullptr && mine != &for_this
        && choose(*mine, of.event, excluded, now))
      return mine;
  }
  return nullptr;
}

loop_port::local_route* loop_port::local_of(const route& of) {
  if (const auto found = routes_.find(of.version.function.str());
      found != routes_.end() && found->second.shared->version == of.version)
    return &found->second;
  const auto other = others_.find(of.version);
  return other != others_.end() ? &other->second : nullptr;
}

/// What a version does to an event at a site: time there, without the way,
/// which says nothing of the version. Refused and lost ones tell nothing.
void loop_port::sample(const flight& ended, const reply& answer,
                       time_point now, site_outcome outcome) {
  if (outcome == site_outcome::refused || outcome == site_outcome::lost
      || outcome == site_outcome::beaten)
    return;
  auto* mine = local_of(*ended.via);
  if (mine == nullptr || mine->shared != ended.via
      || ended.target >= mine->samples.size()
      || !mine->samples[ended.target].take(now))
    return;
  const auto& site = ended.via->targets[ended.target].site;
  auto at = std::find_if(evidence_.begin(), evidence_.end(), [&](auto& one) {
    return one.version == ended.via->version && one.site == site;
  });
  if (at == evidence_.end())
    at = evidence_.insert(at, {ended.via->version, site, {}});
  const auto& times = answer.times;
  at->samples.push_back(
    rollout::pack({outcome != site_outcome::ok,
                   to_ms(times.queue + times.service + times.cold)}));
  if (++samples_ < sample_batch)
    return;
  samples_ = 0;
  deps_.ports.report({{}, {}, false, std::exchange(evidence_, {})});
}

} // namespace faas::actors
