#include "actors/link/node_list.hpp"

#include <algorithm>

namespace faas::actors {

node_status node_list::status_of(const wire::hello& of, node_state state) {
  node_status status;
  status.name = of.node;
  status.tier = of.tier;
  status.address = of.address;
  status.state = state;
  status.controller = of.controller;
  status.cores = of.cores;
  status.executors = of.executors;
  status.labels = of.labels;
  status.version = of.software;
  status.boot = of.boot.str();
  return status;
}

void node_list::told(const std::vector<node_record>& nodes) {
  told_.clear();
  for (const auto& node : nodes)
    told_[node.name] = node;
  std::erase_if(lost_,
                [&](const auto& one) { return !told_.contains(one.first); });
}

void node_list::complete(node_status& status) const {
  const auto found = told_.find(status.name);
  if (found == told_.end())
    return;
  status.duty = found->second.duty;
  status.note = found->second.note;
}

std::vector<node_status>
node_list::away(const std::vector<node_status>& here) const {
  const auto listed = [&](const node_name& name) {
    return std::any_of(here.begin(), here.end(), [&](const auto& status) {
      return status.name == name;
    });
  };
  std::vector<node_status> all;
  for (const auto& [name, hello] : lost_)
    if (!listed(name))
      all.push_back(status_of(hello, node_state::lost));
  for (const auto& [name, record] : told_) {
    // Not seen by this node since it started, but something is wanted of it.
    if (record.duty == node_duty::active || listed(name)
        || lost_.contains(name))
      continue;
    node_status status;
    status.name = name;
    status.tier = record.tier;
    status.labels = record.labels;
    status.state = record.connected ? node_state::suspect : node_state::lost;
    all.push_back(std::move(status));
  }
  for (auto& status : all)
    complete(status);
  return all;
}

} // namespace faas::actors
