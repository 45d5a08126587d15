#include "libfaas/scaling/spread.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <tuple>

namespace faas::scaling {
namespace {

struct load {
  double rate = 0;
  duration service{}; ///< mean over all arrivals whose time is known
  uint32_t slots = 0; ///< of all nodes
};

load load_of(const std::vector<spread_node>& nodes) {
  load all;
  double known = 0, weighted = 0;
  for (const auto& each : nodes) {
    all.rate += each.rate;
    all.slots += each.slots;
    if (each.service.count() <= 0)
      continue;
    known += each.rate;
    weighted += each.rate * static_cast<double>(each.service.count());
  }
  if (known > 0)
    all.service = duration{static_cast<int64_t>(weighted / known)};
  return all;
}

std::string shown(const load& of) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f events/s of %.1f ms", of.rate,
                to_ms(of.service));
  return text;
}

std::string shown(uint32_t instances) {
  return std::to_string(instances)
         + (instances == 1 ? " instance" : " instances");
}

std::string joined(const std::set<node_name>& nodes) {
  std::string text;
  for (const auto& node : nodes)
    text += (text.empty() ? "" : ", ") + node.str();
  return text;
}

} // namespace

void spread::sort(std::vector<spread_node>& nodes) const {
  const auto order = [&](const spread_node& of) {
    const bool known = of.service.count() > 0;
    return std::tuple{!held_.contains(of.node), of.rate <= 0, !known,
                      of.service, std::numeric_limits<uint32_t>::max()
                                    - of.slots,
                      of.node};
  };
  std::sort(nodes.begin(), nodes.end(),
            [&](const auto& a, const auto& b) { return order(a) < order(b); });
}

spread_choice spread::decide(time_point now, std::vector<spread_node> nodes) {
  const auto all = load_of(nodes);
  spread_choice made;
  const auto fresh = tuner_.needed(all.rate, all.service, all.slots);
  made.instances = tuner_.wanted(now, all.rate, all.service, 0, all.slots);
  sort(nodes);
  uint32_t slots = 0;
  for (const auto& each : nodes) {
    if (slots >= made.instances)
      break;
    made.held.insert(each.node);
    slots += each.slots;
  }
  if (made.held.size() > 1) {
    made.why = "held on " + joined(made.held) + ": ";
    made.why += fresh == made.instances
                  ? shown(all) + " need " + shown(fresh)
                  : shown(made.instances) + " were needed within the last "
                      + std::to_string(hold_ / std::chrono::seconds{1}) + " s";
    made.why += ", " + nodes.front().node.str() + " can have "
                + std::to_string(nodes.front().slots);
  } else if (made.instances > 0) {
    made.held.clear();
    made.why = (nodes.size() > 1 ? "one node is enough: " : "one node fits: ");
    made.why += shown(all) + " need " + shown(made.instances);
  }
  held_ = made.held;
  return made;
}

} // namespace faas::scaling
