#include "libfaas/decisions/record.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace faas::decisions {

std::string_view name(ending how) noexcept {
  static constexpr std::array<std::string_view, endings> names{
    "ok", "failed", "refused", "timed_out", "lost", "beaten"};
  const auto index = static_cast<size_t>(how);
  return index < names.size() ? names[index] : "unknown";
}

std::string_view name(began how) noexcept {
  static constexpr std::array<std::string_view, 3> names{"warm", "pool",
                                                         "cold"};
  const auto index = static_cast<size_t>(how);
  return index < names.size() ? names[index] : "unknown";
}

void batch::add(const entry& what, const context_ptr& of,
                std::span<const logged_site> its_sites) {
  // Events of one function come in runs; a batch has few contexts.
  auto at = contexts.empty() || contexts.back() == of
              ? contexts.size() - (contexts.empty() ? 0 : 1)
              : static_cast<size_t>(
                  std::find(contexts.begin(), contexts.end(), of)
                  - contexts.begin());
  if (at == contexts.size())
    contexts.push_back(of);
  items.push_back({what, static_cast<uint32_t>(at),
                   static_cast<uint32_t>(sites.size())});
  sites.insert(sites.end(), its_sites.begin(), its_sites.end());
}

void note_sites(const routing::decision& made, std::span<logged_site> to) {
  const auto count = std::min<size_t>(made.count, to.size());
  for (size_t i = 0; i < count; ++i) {
    auto& site = to[i];
    site.considered = (made.healthy >> i & 1) != 0;
    if (!site.considered)
      continue;
    const auto& p = made.parts[i];
    site.network = static_cast<float>(p.network);
    site.queue = static_cast<float>(p.queue);
    site.service = static_cast<float>(p.service);
    site.cold = static_cast<float>(p.cold);
    site.overdue = static_cast<float>(p.overdue);
    site.deviation = static_cast<float>(std::sqrt(std::max(p.variance, 0.0)));
    site.doubt = static_cast<float>(std::sqrt(std::max(p.epistemic, 0.0)));
    site.imposed = static_cast<float>(p.imposed);
  }
}

} // namespace faas::decisions
