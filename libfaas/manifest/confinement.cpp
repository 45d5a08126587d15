#include "libfaas/manifest/confinement.hpp"

#include <algorithm>

namespace faas {
namespace {

/// An empty list allows all.
bool lists(const std::vector<std::string>& all, std::string_view one) noexcept {
  return all.empty() || std::find(all.begin(), all.end(), one) != all.end();
}

/// The first label that the node lacks, or null.
const string_map::value_type* missing(const string_map& needed,
                                      const string_map& there) noexcept {
  for (const auto& label : needed) {
    const auto found = there.find(label.first);
    if (found == there.end() || found->second != label.second)
      return &label;
  }
  return nullptr;
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all)
    text += (text.empty() ? "" : ", ") + one;
  return text;
}

} // namespace

bool confines(const placement_needs& needs) noexcept {
  return !needs.tiers.empty() || !needs.nodes.empty() || !needs.labels.empty();
}

bool allows(const placement_needs& needs, const node_place& node) noexcept {
  return lists(needs.tiers, node.tier) && lists(needs.nodes, node.name)
         && missing(needs.labels, node.labels) == nullptr;
}

std::string unmet(const placement_needs& needs, const node_place& node) {
  if (!lists(needs.tiers, node.tier))
    return "needs tier " + joined(needs.tiers) + ", the node is "
           + std::string{node.tier};
  if (!lists(needs.nodes, node.name))
    return "needs node " + joined(needs.nodes);
  if (const auto* label = missing(needs.labels, node.labels))
    return "needs label " + label->first + "=" + label->second;
  return {};
}

} // namespace faas
