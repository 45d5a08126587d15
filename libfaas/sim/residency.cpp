#include "libfaas/sim/residency.hpp"

#include <algorithm>

namespace faas::sim {

residency::residency(const site_law& site,
                     std::span<const function_law> functions) {
  if (site.cold.keep_ms <= 0 && site.memory_bytes <= 0)
    return;
  rules made{site.memory_bytes, site.cold.keep_ms, {}, {}};
  for (const auto& one : functions) {
    made.needs.push_back(one.memory_bytes);
    made.load_ms.push_back(one.cold_ms.value_or(site.cold.load_ms));
  }
  rules_ = std::make_shared<const rules>(std::move(made));
  entries_.resize(functions.size());
}

bool residency::there(size_t function, double arrives) const noexcept {
  const auto& it = entries_[function];
  const auto keep = rules_->keep_ms;
  return it.loaded && !(keep > 0 && arrives > it.idle_from + keep);
}

std::vector<size_t> residency::leaving(size_t function) const {
  std::vector<size_t> all, made;
  const auto& needs = rules_->needs;
  auto left = rules_->bytes - taken_ - needs[function];
  if (entries_[function].loaded) // it has been idle for too long
    left += needs[function];
  if (rules_->bytes <= 0 || needs[function] <= 0 || left >= 0)
    return made;
  for (size_t i = 0; i < entries_.size(); ++i)
    if (i != function && entries_[i].loaded && needs[i] > 0)
      all.push_back(i);
  std::stable_sort(all.begin(), all.end(), [&](size_t a, size_t b) {
    return entries_[a].idle_from < entries_[b].idle_from;
  });
  for (const auto one : all) {
    if (left >= 0)
      break;
    left += needs[one];
    made.push_back(one);
  }
  return made;
}

loading residency::find(size_t function, double arrives, double begin) const {
  if (there(function, arrives))
    return {begin, std::max(0.0, entries_[function].ready - begin)};
  const auto gone = leaving(function);
  if (!gone.empty())
    begin = std::max(begin, entries_[gone.back()].idle_from);
  return {begin, rules_->load_ms[function]};
}

loading residency::load(size_t function, double arrives, double begin) {
  if (always())
    return {begin, 0};
  const auto made = find(function, arrives, begin);
  if (there(function, arrives))
    return made;
  for (const auto one : leaving(function))
    unload(one);
  unload(function);
  taken_ += rules_->needs[function];
  entries_[function] = {true, made.begin, made.begin + made.cold_ms};
  return made;
}

void residency::used(size_t function, double until) noexcept {
  if (always())
    return;
  auto& last = entries_[function].idle_from;
  last = std::max(last, until);
}

void residency::unload(size_t function) noexcept {
  if (entries_[function].loaded)
    taken_ -= rules_->needs[function];
  entries_[function] = {};
}

void residency::clear() noexcept {
  taken_ = 0;
  std::fill(entries_.begin(), entries_.end(), entry{});
}

} // namespace faas::sim
