// What a node knows of two nodes and one version, for tests of the structure.
#pragma once

#include "actors/functions/structure_builder.hpp"
#include "tests/support/fake_host.hpp"

#include <functional>

namespace faas::test {

using namespace faas::actors;

class silent_peer final : public peer {
public:
  explicit silent_peer(const std::string& of) { name = node_name{of}; }
  void send(std::vector<link_event>) override {}
  void probe(const version_ref&,
             std::function<void(const host_probe&)>) override {}
};

inline const version_ref f1{function_name{"f"}, 1};

inline known_state two_nodes() {
  auto view = std::make_shared<cluster_view>();
  for (const char* name : {"edge-1", "cloud-1"}) {
    node_record record;
    record.name = node_name{name};
    record.tier = name[0] == 'e' ? "edge" : "cloud";
    record.connected = true;
    view->nodes.push_back(record);
  }
  assigned_version assigned;
  assigned.version = f1;
  assigned.spec.name = f1.function;
  assigned.spec.petrel.concurrency = 4;
  assigned.spec.petrel.mode = trust_mode::threads;
  assigned.traffic = true;
  assigned.nodes = {node_name{"edge-1"}, node_name{"cloud-1"}};
  view->versions.push_back(assigned);
  placement remote;
  remote.version = f1;
  remote.status.node = node_name{"cloud-1"};
  remote.status.version = 1;
  remote.status.state = instance_state::ready;
  remote.status.slots = 3;
  remote.profile = {{1, 2.0}, {10, 5.0}};
  view->placements.push_back(remote);
  known_state known;
  known.self = node_name{"edge-1"};
  known.executors = 2;
  known.view = view;
  known.peers = {std::make_shared<silent_peer>("cloud-1")};
  known.hosts[f1] = std::make_shared<fake_host>();
  return known;
}

/// The view with another word on one node.
inline void change_view(known_state& known,
                 const std::function<void(cluster_view&)>& edit) {
  auto view = std::make_shared<cluster_view>(*known.view);
  edit(*view);
  known.view = view;
}

} // namespace faas::test
