#include "actors/link/view_messages.hpp"

namespace faas::actors {

wire::placement_report to_report(const node_name& node, const revision& at,
                                 const std::vector<placement>& placements) {
  wire::placement_report report;
  report.node = node;
  report.at = at;
  for (const auto& from : placements) {
    wire::placement_entry entry;
    entry.function = from.version.function;
    entry.status = from.status;
    entry.profile = from.profile;
    report.entries.push_back(std::move(entry));
  }
  return report;
}

std::vector<placement> from_report(const wire::placement_report& report) {
  std::vector<placement> placements;
  for (const auto& entry : report.entries) {
    placement made;
    made.version = {entry.function, entry.status.version};
    made.status = entry.status;
    made.status.node = report.node;
    made.profile = entry.profile;
    placements.push_back(std::move(made));
  }
  return placements;
}

wire::assignment to_assignment(const assigned_version& from) {
  wire::assignment one;
  one.version = from.version;
  one.spec_json = to_json(from.spec);
  one.bundle = from.bundle;
  one.current = from.traffic;
  one.weight = from.weight;
  one.aliases = from.aliases;
  one.watched = from.watched;
  one.secrets = from.secrets;
  if (from.scale)
    one.scale = {from.scale->least + 1, from.scale->since};
  for (const auto& node : from.nodes)
    one.nodes.push_back(node.str());
  for (const auto& node : from.held)
    one.held.push_back(node.str());
  return one;
}

result<assigned_version> from_assignment(const wire::assignment& from) {
  auto spec = spec_from_json(from.spec_json);
  if (!spec)
    return error{errc::invalid_argument,
                 "spec of " + from.version.function.str()
                   + " cannot be read: " + spec.error().message,
                 "run the same Petrel version on both nodes"};
  assigned_version one;
  one.version = from.version;
  one.spec = std::move(*spec);
  one.bundle = from.bundle;
  one.traffic = from.current;
  one.weight = from.weight;
  one.aliases = from.aliases;
  one.watched = from.watched;
  one.secrets = from.secrets;
  if (from.scale.asked > 0)
    one.scale = scale_rule{from.scale.asked - 1, from.scale.since};
  for (const auto& node : from.nodes)
    one.nodes.insert(node_name{node});
  for (const auto& node : from.held)
    one.held.insert(node_name{node});
  return one;
}

std::vector<wire::message> to_messages(const cluster_view& view,
                                       uint32_t protocol) {
  const bool duties = protocol >= wire::protocol_with_duties;
  std::vector<wire::message> all;
  wire::node_report nodes;
  for (const auto& record : view.nodes) {
    node_status status;
    status.name = record.name;
    status.tier = record.tier;
    status.labels = record.labels;
    status.executors = record.executors;
    status.state = record.connected ? node_state::alive : node_state::lost;
    if (duties) {
      status.duty = record.duty;
      status.note = record.note;
    }
    nodes.nodes.push_back(std::move(status));
  }
  all.emplace_back(std::move(nodes));
  std::map<node_name, std::vector<placement>> by_node;
  const destinations takes{view};
  for (const auto& at : view.placements)
    if (duties || takes.events(at.status.node, at.version))
      by_node[at.status.node].push_back(at);
  for (const auto& [node, placements] : by_node)
    all.emplace_back(to_report(node, view.at, placements));
  wire::assignments assigned;
  assigned.at = view.at;
  assigned.term = view.term;
  for (const auto& from : view.versions)
    assigned.functions.push_back(to_assignment(from));
  all.emplace_back(std::move(assigned));
  return all;
}

void view_assembler::take(const wire::node_report& nodes) {
  next_ = {};
  for (const auto& status : nodes.nodes) {
    node_record record;
    record.name = status.name;
    record.tier = status.tier;
    record.labels = status.labels;
    record.executors = status.executors;
    record.connected = status.state != node_state::lost;
    record.duty = status.duty;
    record.note = status.note;
    next_.nodes.push_back(std::move(record));
  }
}

void view_assembler::take(const wire::placement_report& report) {
  for (auto& placement : from_report(report))
    next_.placements.push_back(std::move(placement));
}

result<cluster_view> view_assembler::take(const wire::assignments& assigned) {
  next_.at = assigned.at;
  next_.term = assigned.term;
  for (const auto& from : assigned.functions) {
    auto one = from_assignment(from);
    if (!one)
      return one.error();
    next_.versions.push_back(std::move(*one));
  }
  return std::exchange(next_, {});
}

} // namespace faas::actors
