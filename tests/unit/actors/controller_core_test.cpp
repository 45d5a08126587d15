#include "actors/control/controller_core.hpp"

#include "actors/link/known_links.hpp"
#include "libfaas/manifest/platform.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

function_spec spec_of(const std::string& name) {
  function_spec spec;
  spec.name = function_name{name};
  spec.petrel.artifact = "f.so";
  return spec;
}

node_record node_of(const std::string& name, const std::string& tier) {
  node_record node;
  node.name = node_name{name};
  node.tier = tier;
  node.runtimes = {"native"};
  return node;
}

placement at(const std::string& node, const std::string& function,
             uint32_t version, instance_state state) {
  placement made;
  made.version = {function_name{function}, version};
  made.status.node = node_name{node};
  made.status.version = version;
  made.status.state = state;
  return made;
}

struct world {
  controller_core core{catalog_state{}};
  int requests = 0;

  world() {
    core.node_seen(node_of("edge-1", "edge"));
    core.node_seen(node_of("cloud-1", "cloud"));
  }
  void deploy(function_spec spec, uint8_t content) {
    deploy_command command;
    command.id = request_id{"r" + std::to_string(++requests)};
    command.spec = std::move(spec);
    command.bundle.bytes[0] = content;
    auto change = plan(core.catalog(), command, {});
    BOOST_REQUIRE(change);
    core.apply(*change);
  }
  uint32_t traffic(const std::string& name) const {
    for (const auto& version : core.view().versions)
      if (version.traffic && version.version.function.str() == name)
        return version.version.version;
    return 0;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(controller_core_test)

BOOST_AUTO_TEST_CASE(a_function_goes_to_every_node_that_meets_its_needs) {
  world w;
  auto spec = spec_of("f");
  spec.petrel.needs.tiers = {"cloud"};
  w.deploy(spec, 1);
  w.deploy(spec_of("g"), 1);
  const auto view = w.core.view();
  BOOST_REQUIRE_EQUAL(view.versions.size(), 2u);
  BOOST_TEST(view.versions[0].nodes.size() == 1u);
  BOOST_TEST(view.versions[0].nodes.begin()->str() == "cloud-1");
  BOOST_TEST(view.versions[1].nodes.size() == 2u);
}

BOOST_AUTO_TEST_CASE(why_not_names_the_need_that_is_not_met) {
  auto spec = spec_of("f");
  const auto node = node_of("edge-1", "edge");
  BOOST_TEST(why_not(spec, node).empty());
  spec.petrel.needs.labels = {{"camera", "yes"}};
  BOOST_TEST(why_not(spec, node) == "needs label camera=yes");
  spec.petrel.needs.tiers = {"gpu", "cloud"};
  BOOST_TEST(why_not(spec, node)
             == "needs tier gpu, cloud, the node is edge");
  auto torch = spec_of("t");
  torch.petrel.runtime = runtime_kind::torch;
  BOOST_TEST(why_not(torch, node) == "the node has no runtime torch");
}

BOOST_AUTO_TEST_CASE(a_node_with_less_memory_than_is_needed_is_refused) {
  world w;
  auto spec = spec_of("f");
  spec.petrel.needs.memory_bytes = uint64_t{512} << 20;
  auto small = node_of("edge-2", "edge"), enough = node_of("edge-3", "edge");
  small.memory = (uint64_t{512} << 20) - 1;
  enough.memory = uint64_t{512} << 20;
  w.core.node_seen(small);
  w.core.node_seen(enough);
  BOOST_TEST(why_not(spec, small)
             == "needs 512 MiB of memory, the node has 511 MiB");
  BOOST_TEST(why_not(spec, enough) == "");
  BOOST_TEST(why_not(spec_of("f"), small) == ""); // nothing is needed
  wire::hello said;
  said.node = small.name;
  said.memory = small.memory;
  BOOST_TEST(record_of(said).memory == small.memory);
  w.deploy(spec, 1);
  // The nodes of the world do not say, as those of older releases.
  BOOST_TEST((w.core.view().versions.at(0).nodes
              == std::set<node_name>{node_name{"cloud-1"}, node_name{"edge-1"},
                                     node_name{"edge-3"}}));
}

BOOST_AUTO_TEST_CASE(a_node_without_a_build_for_its_platform_is_no_candidate) {
  world w;
  auto pi = node_of("edge-2", "edge");
  pi.labels = platform_labels({"linux", "aarch64", "armv8-a"});
  w.core.node_seen(pi);
  auto spec = spec_of("f");
  spec.petrel.platforms.resize(1);
  spec.petrel.platforms[0].arch = "aarch64";
  spec.petrel.platforms[0].artifact = "f.so";
  w.deploy(spec, 1);
  const auto view = w.core.view();
  BOOST_REQUIRE(view.versions.size() == 1);
  BOOST_TEST((view.versions[0].nodes
              == std::set<node_name>{node_name{"edge-2"}}));
  BOOST_TEST(why_not(spec, node_of("edge-1", "edge"))
             == "no build for a node that does not say its platform; there "
                "are linux/aarch64");
  const auto status = w.core.describe(function_name{"f"});
  BOOST_REQUIRE(status);
  bool told = false;
  for (const auto& placed : status->placements)
    told = told || placed.reason.starts_with("not a candidate: no build for");
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(bundles_are_used_until_the_last_node_has_let_go) {
  world w;
  w.deploy(spec_of("f"), 7);
  digest bundle;
  bundle.bytes[0] = 7;
  w.core.reported(node_name{"edge-1"},
                  {at("edge-1", "f", 1, instance_state::ready)});
  remove_command command;
  command.id = request_id{"gone"};
  command.function = function_name{"f"};
  auto change = plan(w.core.catalog(), command);
  BOOST_REQUIRE(change);
  BOOST_TEST(w.core.bundle_uses().at(bundle).size() == 2u);
  w.core.apply(*change);
  const auto uses = w.core.bundle_uses();
  BOOST_REQUIRE(uses.contains(bundle));
  BOOST_TEST(uses.at(bundle)[0].why == "is on edge-1");
  w.core.reported(node_name{"edge-1"}, {});
  BOOST_TEST(w.core.bundle_uses().empty());
}

BOOST_AUTO_TEST_CASE(traffic_moves_only_when_the_new_version_is_ready) {
  world w;
  w.deploy(spec_of("f"), 1);
  BOOST_TEST(w.traffic("f") == 1u);
  w.deploy(spec_of("f"), 2);
  BOOST_TEST(w.traffic("f") == 1u);
  BOOST_TEST(w.core.view().versions.size() == 2u); // both are assigned
  w.core.reported(node_name{"edge-1"},
                  {at("edge-1", "f", 2, instance_state::ready)});
  BOOST_TEST(w.traffic("f") == 1u); // the cloud is still loading
  w.core.reported(node_name{"cloud-1"},
                  {at("cloud-1", "f", 2, instance_state::loading)});
  BOOST_TEST(w.traffic("f") == 1u);
  w.core.reported(node_name{"cloud-1"},
                  {at("cloud-1", "f", 2, instance_state::ready)});
  BOOST_TEST(w.traffic("f") == 2u);
  BOOST_TEST(w.core.view().versions.size() == 1u); // the old one drains
}

BOOST_AUTO_TEST_CASE(a_version_that_cannot_start_never_gets_traffic) {
  world w;
  w.deploy(spec_of("f"), 1);
  w.deploy(spec_of("f"), 2);
  auto failed = at("edge-1", "f", 2, instance_state::failed);
  failed.status.reason = "bad_bundle: no table";
  w.core.reported(node_name{"edge-1"}, {failed});
  w.core.reported(node_name{"cloud-1"},
                  {at("cloud-1", "f", 2, instance_state::failed)});
  BOOST_TEST(w.traffic("f") == 1u);
  const auto status = w.core.describe(function_name{"f"});
  BOOST_REQUIRE(status);
  BOOST_TEST(status->available() == 0u);
  bool told = false;
  for (const auto& p : status->placements)
    told = told || p.reason == "bad_bundle: no table";
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(one_failed_node_does_not_hold_up_the_others) {
  world w;
  w.deploy(spec_of("f"), 1);
  w.deploy(spec_of("f"), 2);
  w.core.reported(node_name{"edge-1"},
                  {at("edge-1", "f", 2, instance_state::failed)});
  w.core.reported(node_name{"cloud-1"},
                  {at("cloud-1", "f", 2, instance_state::ready)});
  BOOST_TEST(w.traffic("f") == 2u);
}

BOOST_AUTO_TEST_CASE(a_node_that_leaves_no_longer_holds_up_a_version) {
  world w;
  w.deploy(spec_of("f"), 1);
  w.deploy(spec_of("f"), 2);
  w.core.reported(node_name{"edge-1"},
                  {at("edge-1", "f", 2, instance_state::ready)});
  BOOST_TEST(w.traffic("f") == 1u);
  w.core.node_left(node_name{"cloud-1"});
  BOOST_TEST(w.traffic("f") == 2u);
}

namespace {

/// Version 1 in service on both nodes; more versions as the test wants.
struct traffic_world : world {
  traffic_world() {
    deploy(spec_of("f"), 1);
    ready(1);
  }
  template <class... Parts>
  void carry_out(const Parts&... parts) {
    const auto change = plan(core.catalog(), parts...);
    BOOST_REQUIRE(change);
    core.apply(*change);
  }
  void canary(uint8_t content) {
    auto spec = spec_of("f");
    spec.petrel.rollout.steps = {5, 50};
    deploy(std::move(spec), content);
  }
  void advance(uint32_t version, rollout::phase to, uint32_t step = 0) {
    carry_out(advance_command{{}, f, version, to, step, "why"}, wall_time{});
  }
  /// These versions are ready on both nodes.
  template <class... Versions>
  void ready(Versions... versions) {
    for (const char* node : {"edge-1", "cloud-1"})
      core.reported(node_name{node},
                    {at(node, "f", versions, instance_state::ready)...});
  }
  traffic_weights shares() {
    traffic_weights found;
    for (const auto& version : core.view().versions)
      if (version.weight > 0)
        found[version.version.version] = version.weight;
    return found;
  }
  std::set<uint32_t> running() {
    std::set<uint32_t> found;
    for (const auto& version : core.view().versions)
      found.insert(version.version.version);
    return found;
  }
  const function_name f{"f"};
};

} // namespace

BOOST_AUTO_TEST_CASE(a_canary_runs_and_gets_its_share_by_steps) {
  traffic_world w;
  w.canary(2);
  BOOST_TEST((w.running() == std::set<uint32_t>{1, 2}));
  BOOST_TEST((w.shares() == traffic_weights{{1, 100}}));
  w.ready(1u, 2u);
  BOOST_TEST((w.core.warm_up_of(w.f, 2).now == warm_up::state::ready));
  BOOST_TEST((w.shares() == traffic_weights{{1, 100}}));
  w.advance(2, rollout::phase::stepping);
  BOOST_TEST((w.shares() == traffic_weights{{1, 95}, {2, 5}}));
  for (const auto& version : w.core.view().versions)
    BOOST_TEST(version.watched);
  BOOST_TEST(w.traffic("f") == 1u);
  w.advance(2, rollout::phase::stepping, 1);
  BOOST_TEST((w.shares() == traffic_weights{{1, 50}, {2, 50}}));
  const auto status = w.core.describe(w.f);
  BOOST_REQUIRE(status);
  BOOST_TEST(status->version == 1u);
  BOOST_TEST((status->shares == traffic_weights{{1, 50}, {2, 50}}));
  BOOST_TEST(status->rollout->record.version == 2u);
  w.advance(2, rollout::phase::promoted, 1);
  BOOST_TEST((w.running() == std::set<uint32_t>{2}));
  BOOST_TEST((w.shares() == traffic_weights{{2, 100}}));
  BOOST_TEST(!w.core.view().versions[0].watched);
}

BOOST_AUTO_TEST_CASE(a_canary_that_ends_leaves_the_old_version_alone) {
  traffic_world w;
  w.canary(2);
  w.ready(1u, 2u);
  w.advance(2, rollout::phase::stepping);
  w.advance(2, rollout::phase::rolled_back);
  BOOST_TEST((w.running() == std::set<uint32_t>{1}));
  BOOST_TEST((w.shares() == traffic_weights{{1, 100}}));
  BOOST_TEST(w.core.describe(w.f)->rollout->record.reason == "why");
}

BOOST_AUTO_TEST_CASE(a_promoted_version_serves_although_a_new_node_loads) {
  traffic_world w;
  w.canary(2);
  w.ready(1u, 2u);
  w.advance(2, rollout::phase::stepping);
  w.core.node_seen(node_of("edge-2", "edge"));
  w.advance(2, rollout::phase::promoted);
  BOOST_TEST(w.traffic("f") == 2u);
}

BOOST_AUTO_TEST_CASE(a_rollout_survives_a_restart_of_the_controller) {
  traffic_world w;
  w.canary(2);
  w.ready(1u, 2u);
  w.advance(2, rollout::phase::stepping, 1);
  controller_core restarted{w.core.catalog()};
  uint32_t share = 0;
  for (const auto& version : restarted.view().versions)
    if (version.version.version == 2)
      share = version.weight;
  BOOST_TEST(share == 50u);
}

BOOST_AUTO_TEST_CASE(why_a_canary_fails_is_known_node_by_node) {
  traffic_world w;
  w.canary(2);
  auto failed = at("edge-1", "f", 2, instance_state::failed);
  failed.status.reason = "no table";
  w.core.reported(node_name{"edge-1"}, {failed});
  BOOST_TEST((w.core.warm_up_of(w.f, 2).now == warm_up::state::waiting));
  w.core.reported(node_name{"cloud-1"},
                  {at("cloud-1", "f", 2, instance_state::quarantined)});
  const auto found = w.core.warm_up_of(w.f, 2);
  BOOST_TEST((found.now == warm_up::state::failed));
  BOOST_TEST(found.why.find("edge-1: no table") != std::string::npos);
  BOOST_TEST((w.shares() == traffic_weights{{1, 100}}));
}

BOOST_AUTO_TEST_CASE(fixed_shares_wait_until_a_version_is_ready) {
  traffic_world w;
  w.deploy(spec_of("f"), 2);
  w.ready(1u, 2u);
  BOOST_TEST((w.running() == std::set<uint32_t>{2}));
  w.ready(2u);
  w.carry_out(traffic_command{{}, w.f, {{1, 30}, {2, 70}}, ""});
  BOOST_TEST((w.running() == std::set<uint32_t>{1, 2}));
  BOOST_TEST((w.shares() == traffic_weights{{2, 100}}));
  w.ready(1u, 2u);
  BOOST_TEST((w.shares() == traffic_weights{{1, 30}, {2, 70}}));
  for (const auto& version : w.core.view().versions)
    BOOST_TEST(!version.watched);
  w.ready(2u);
  BOOST_TEST((w.shares() == traffic_weights{{2, 100}}));
}

BOOST_AUTO_TEST_CASE(the_version_of_an_alias_runs) {
  traffic_world w;
  w.carry_out(alias_command{{}, w.f, "old", 1, ""});
  w.deploy(spec_of("f"), 2);
  w.ready(1u, 2u);
  const auto view = w.core.view();
  BOOST_REQUIRE_EQUAL(view.versions.size(), 2u);
  BOOST_TEST((view.versions[0].aliases == std::vector<std::string>{"old"}));
  BOOST_TEST(view.versions[0].weight == 0u);
  BOOST_TEST(view.versions[1].traffic);
  BOOST_TEST(w.core.describe(w.f)->aliases.at("old") == 1u);
  w.carry_out(alias_command{{}, w.f, "old", 0, ""});
  BOOST_TEST((w.running() == std::set<uint32_t>{2}));
}

BOOST_AUTO_TEST_CASE(asked_for_instances_are_in_the_view_and_described) {
  world w;
  auto spec = spec_of("f");
  spec.petrel.concurrency = 4;
  w.deploy(spec, 1);
  const auto ask = [&](uint32_t least) {
    const auto change
      = plan(w.core.catalog(), scale_command{{}, spec.name, least, "ada"});
    BOOST_REQUIRE(change);
    w.core.apply(*change);
  };
  BOOST_TEST(!w.core.view().versions[0].scale);
  BOOST_TEST(!w.core.describe(spec.name)->least);
  ask(3);
  BOOST_TEST(w.core.view().versions[0].scale->least == 3u);
  BOOST_TEST((w.core.describe(spec.name)->least == 3u));
  ask(9); // as many as may be
  BOOST_TEST((w.core.describe(spec.name)->least == 4u));
  ask(0);
  BOOST_TEST((w.core.describe(spec.name)->least == 0u));
}

BOOST_AUTO_TEST_CASE(a_removed_function_leaves_the_view_and_describe) {
  world w;
  w.deploy(spec_of("f"), 1);
  remove_command command;
  command.id = request_id{"remove"};
  command.function = function_name{"f"};
  auto change = plan(w.core.catalog(), command);
  BOOST_REQUIRE(change);
  w.core.apply(*change);
  BOOST_TEST(w.core.view().versions.empty());
  const auto status = w.core.describe(function_name{"f"});
  BOOST_REQUIRE(!status);
  BOOST_TEST((status.error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(after_a_restart_current_versions_have_the_traffic) {
  world w;
  w.deploy(spec_of("f"), 1);
  w.deploy(spec_of("f"), 2);
  controller_core restarted{w.core.catalog()};
  restarted.node_seen(node_of("edge-1", "edge"));
  const auto view = restarted.view();
  BOOST_REQUIRE_EQUAL(view.versions.size(), 1u);
  BOOST_TEST(view.versions[0].version.version == 2u);
  BOOST_TEST(view.versions[0].traffic);
}

BOOST_AUTO_TEST_CASE(a_successor_goes_on_with_what_was_in_service) {
  world w;
  w.deploy(spec_of("f"), 1);
  w.deploy(spec_of("f"), 2);
  w.core.reported(node_name{"edge-1"},
                {at("edge-1", "f", 1, instance_state::ready)});
  cluster_view given;
  assigned_version one;
  one.version = {function_name{"f"}, 1};
  one.traffic = true;
  given.versions.push_back(one);
  one.version = {function_name{"gone"}, 3};
  given.versions.push_back(one);
  controller_core next{catalog_state{}};
  for (const auto* name : {"edge-1", "cloud-1"})
    next.node_seen(node_of(name, "edge"));
  next.inherit(given);
  next.replace(w.core.catalog());
  const auto in_service = [&] {
    for (const auto& version : next.view().versions)
      if (version.traffic)
        return version.version.version;
    return 0u;
  };
  BOOST_TEST(in_service() == 1u);
  BOOST_TEST(next.view().versions.size() == 2u);
  for (const auto* name : {"edge-1", "cloud-1"})
    next.reported(node_name{name}, {at(name, "f", 2, instance_state::ready)});
  BOOST_TEST(in_service() == 2u);
  // One that is not kept any more gives way at once.
  one.version = {function_name{"f"}, 77};
  given.versions = {one};
  next.inherit(given);
  next.replace(w.core.catalog());
  BOOST_TEST(in_service() == 2u);
}

BOOST_AUTO_TEST_CASE(another_state_of_the_store_replaces_what_was_known) {
  world w;
  w.deploy(spec_of("kept"), 1);
  w.deploy(spec_of("gone"), 1);
  w.core.reported(node_name{"edge-1"},
                  {at("edge-1", "kept", 1, instance_state::ready)});
  world other; // what another leader made of it
  other.deploy(spec_of("kept"), 1);
  other.deploy(spec_of("kept"), 2);
  other.deploy(spec_of("new"), 1);
  w.core.replace(other.core.catalog());
  BOOST_TEST((w.core.catalog() == other.core.catalog()));
  BOOST_TEST(w.traffic("kept") == 1u); // until 2 is ready
  BOOST_TEST(w.traffic("new") == 1u);
  for (const auto& version : w.core.view().versions)
    BOOST_TEST(version.version.function.str() != "gone");
  for (const auto* node : {"edge-1", "cloud-1"})
    w.core.reported(node_name{node},
                    {at(node, "kept", 2, instance_state::ready)});
  BOOST_TEST(w.traffic("kept") == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
