#include "libfaas/routing/predictor.hpp"

#include "libfaas/routing/predictor_impl.hpp"
#include "libfaas/routing/queue_model.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

// Bounds of what one router knows; each pair costs about 1 KiB.
constexpr size_t max_links = 1024;
constexpr size_t max_sites = 1024;
constexpr size_t max_functions = 100'000;

/// Index of a name in `names`, or the next one, entered.
template <class Index>
result<std::pair<Index, bool>>
enter(std::unordered_map<std::string, uint32_t>& names, const std::string& name,
      size_t size, size_t limit, const char* what) {
  if (name.empty())
    return error{errc::invalid_argument, std::string{what} + " without a name"};
  if (const auto at = names.find(name); at != names.end())
    return std::pair{Index{at->second}, false};
  if (size >= limit)
    return error{errc::overloaded,
                 "the predictor knows " + std::to_string(limit) + " " + what
                   + "s already",
                 "remove some"};
  names.emplace(name, static_cast<uint32_t>(size));
  return std::pair{Index{static_cast<uint32_t>(size)}, true};
}

} // namespace

link_spec loopback_link() {
  return {"loopback", {0.05, 0.05, 0, 1e-9, 0.05, 1}};
}

predictor::predictor(predictor_config config)
  : impl_(std::make_unique<impl>()) {
  impl_->config = config;
}
predictor::~predictor() = default;
predictor::predictor(predictor&&) noexcept = default;
predictor& predictor::operator=(predictor&&) noexcept = default;

result<link_index> predictor::add_link(const link_spec& spec) {
  auto& links = impl_->links;
  const auto at = enter<link_index>(impl_->link_names, spec.name, links.size(),
                                    max_links, "link");
  if (!at)
    return at.error();
  if (at->second)
    links.push_back(
      {spec.name, network_estimator{spec.prior, impl_->config.network}});
  return at->first;
}

result<site_index> predictor::add_site(const site_spec& spec) {
  auto& sites = impl_->sites;
  if (to_int(spec.link) >= impl_->links.size())
    return error{errc::invalid_argument,
                 "site " + spec.name + " has an unknown link"};
  if (!sound_servers(spec.servers))
    return error{errc::invalid_argument,
                 "site " + spec.name
                   + " must have at least one server, and at most 1,000,000"};
  const auto at = enter<site_index>(impl_->site_names, spec.name, sites.size(),
                                    max_sites, "site");
  if (!at)
    return at.error();
  if (!at->second) { // back again, maybe rewired
    auto& site = sites[to_int(at->first)];
    impl_->connect(to_int(at->first), site.link, to_int(spec.link));
    site.link = to_int(spec.link);
    site.queue.servers = spec.servers;
    return at->first;
  }
  site_state site;
  site.name = spec.name;
  site.tier = spec.tier;
  site.link = to_int(spec.link);
  site.queue.servers = spec.servers;
  site.filter = site_filter{impl_->config.service,
                            impl_->tier_level(spec.tier)};
  impl_->connect(to_int(at->first), site.link, site.link);
  sites.push_back(std::move(site));
  return at->first;
}

result<function_index> predictor::add_function(const std::string& name,
                                               std::optional<line> profile) {
  auto& functions = impl_->functions;
  const auto at = enter<function_index>(
    impl_->function_names, name, functions.size(), max_functions, "function");
  if (!at)
    return at.error();
  if (at->second)
    functions.push_back({.name = name});
  if (profile) {
    functions[to_int(at->first)].profile = sane(*profile);
    functions[to_int(at->first)].told = true;
  }
  return at->first;
}

void predictor::remove_function(function_index function) {
  if (!impl_->known(function))
    return;
  const auto index = to_int(function);
  for (auto& site : impl_->sites) {
    if (index < site.pairs.size())
      site.pairs[index].reset();
    std::erase(site.functions, index);
  }
  auto& state = impl_->functions[index];
  impl_->function_names.erase(state.name);
  state.removed = true;
}

bool predictor::set_profile(function_index function, line profile) {
  if (!impl_->known(function))
    return impl_->refuse();
  auto& state = impl_->functions[to_int(function)];
  state.profile = sane(profile);
  state.told = true;
  return true;
}

bool predictor::set_profile(function_index function, site_index site,
                            line profile, time_point now,
                            std::optional<double> only_size) {
  if (!impl_->known(function) || !impl_->known(site)
      || !std::isfinite(profile.slope) || !std::isfinite(profile.intercept))
    return impl_->refuse();
  auto& pair = impl_->obtain(to_int(function), to_int(site));
  if (pair.adopted)
    return true; // events have told more than a trial run
  pair.filter.reset(profile, impl_->sites[to_int(site)].filter,
                    impl_->config.service, now);
  if (only_size)
    pair.filter.open_shape(*only_size, impl_->config.service);
  pair.own_profile = true;
  pair.unheard.reset();
  impl_->mark(pair, to_int(function), to_int(site));
  return true;
}

bool predictor::set_batches(function_index function, site_index site,
                            double most) {
  if (!impl_->known(function) || !impl_->known(site)
      || !plausible_amount(most))
    return impl_->refuse();
  if (most > 1 || impl_->find(to_int(function), to_int(site)))
    impl_->obtain(to_int(function), to_int(site)).terms.most = most;
  return true;
}

std::shared_ptr<const estimate_cell>
predictor::cell(function_index function, site_index site, time_point now) {
  if (!impl_->known(function) || !impl_->known(site))
    return nullptr;
  const bool fresh = !impl_->find(to_int(function), to_int(site));
  auto& pair = impl_->obtain(to_int(function), to_int(site));
  if (fresh)
    impl_->write(pair, to_int(function), to_int(site), now);
  return pair.cell;
}

void predictor::set_routers(double count) noexcept {
  impl_->config.routers = std::clamp(count, 1.0, 1e4);
}

way_bytes predictor::mean_bytes(function_index function) const {
  return impl_->known(function) ? impl_->functions[to_int(function)].mean_bytes
                                : way_bytes{};
}

accuracy predictor::accuracy_of(function_index function,
                                site_index site) const {
  const auto* pair = impl_->known(site)
                       ? impl_->find(to_int(function), to_int(site))
                       : nullptr;
  if (!pair)
    return {};
  auto values = pair->quality.values();
  const auto& link = impl_->links[impl_->sites[to_int(site)].link];
  values.service_nis = pair->filter.nis().mean();
  values.network_nis = link.filter.nis().mean();
  values.promises_kept = pair->promise.kept();
  values.changes = pair->filter.changes();
  values.unexplained_ms = pair->word.unexplained_ms();
  return values;
}

site_health predictor::health_of(site_index site) const {
  if (!impl_->known(site))
    return {};
  const auto& home = impl_->sites[to_int(site)];
  double unexplained = 0;
  for (const auto f : home.functions)
    unexplained = std::max(unexplained, home.pairs[f]->word.unexplained_ms());
  return {std::exp(home.filter.g), home.filter.var,
          home.filter.change.alarms(), unexplained};
}

uint64_t predictor::refused() const noexcept {
  return impl_->refused;
}

// -- inside ------------------------------------------------------------------

/// A site is reached by `link` now, and no longer by `before`.
void predictor::impl::connect(uint32_t site, uint32_t before, uint32_t link) {
  std::erase(links[before].sites, site);
  links[link].sites.push_back(site);
}

pair_state* predictor::impl::find(uint32_t function,
                                  uint32_t site) const noexcept {
  const auto& pairs = sites[site].pairs;
  return function < pairs.size() ? pairs[function].get() : nullptr;
}

const pair_state* predictor::impl::tier_mate(uint32_t function,
                                             uint32_t site) const noexcept {
  const pair_state* best = nullptr;
  if (!config.tiers)
    return best;
  for (uint32_t i = 0; i < sites.size(); ++i) {
    if (i == site || sites[i].tier != sites[site].tier)
      continue;
    const auto* other = find(function, i);
    if (other
        && (!best
            || other->quality.values().events > best->quality.values().events))
      best = other;
  }
  return best;
}

pair_state& predictor::impl::obtain(uint32_t function, uint32_t site) {
  if (auto* pair = find(function, site))
    return *pair;
  auto& home = sites[site];
  if (home.pairs.size() <= function)
    home.pairs.resize(function + 1);
  auto made = std::make_unique<pair_state>();
  begin(*made, function, site);
  made->stay = stay_tracker{config.keep_ms};
  home.pairs[function] = std::move(made);
  home.functions.push_back(function);
  return *home.pairs[function];
}

/// What is believed before anything was seen.
void predictor::impl::begin(pair_state& pair, uint32_t function,
                            uint32_t site) {
  if (const auto* mate = tier_mate(function, site);
      mate && (mate->lessons > 0 || mate->own_profile)) {
    pair.filter = function_filter{mate->filter.profile(), config.service,
                                  mate->filter.own(), mate->filter.shape()};
    if (pair.cold.untouched())
      pair.cold = mate->cold;
    if (!functions[function].told)
      pair.filter.mind_bend();
  } else {
    pair.filter = function_filter{functions[function].profile, config.service};
    if (!functions[function].told)
      pair.filter.know_nothing(config.service);
  }
  pair.filter.join(sites[site].filter);
}

/// Mean log slow-down of the tier's sites that were seen.
double predictor::impl::tier_level(const std::string& tier) const noexcept {
  double sum = 0, count = 0;
  for (const auto& site : sites)
    if (config.tiers && site.tier == tier && site.filter.started) {
      sum += site.filter.g;
      ++count;
    }
  return count > 0 ? sum / count : 0;
}

/// Sites of the tier that know the function less begin anew from what was
/// learned here, or follow in what they have not seen. Now and then, so that it
/// costs nothing.
void predictor::impl::teach_tier(uint32_t function, uint32_t site) {
  if (!config.tiers)
    return;
  const auto& from = *find(function, site);
  const auto& tier = sites[site].tier;
  const auto level = tier_level(tier);
  for (uint32_t i = 0; i < sites.size(); ++i) {
    auto* other = i != site && sites[i].tier == tier ? find(function, i)
                                                     : nullptr;
    if (!other || other->own_profile || other->lessons * 2 > from.lessons)
      continue;
    if (other->lessons == 0) {
      if (!sites[i].filter.started)
        sites[i].filter.g = level;
      begin(*other, function, i);
    } else if (!other->filter.follow(from.filter, config.service)) {
      continue;
    }
    mark(*other, function, i);
  }
}

void predictor::impl::mark(pair_state& pair, uint32_t function, uint32_t site) {
  if (pair.dirty)
    return;
  pair.dirty = true;
  dirty.emplace_back(site, function);
}

} // namespace faas::routing
