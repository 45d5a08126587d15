// A keeper that answers as the test says.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <set>
#include <string>
#include <vector>

namespace faas::test {

struct keeper_script {
  /// What each request gets; empty: requests wait in `asked`.
  std::optional<result<std::filesystem::path>> answer
    = result<std::filesystem::path>{std::filesystem::path{"/bundle"}};
  std::vector<actors::need_bundle> asked;
  std::set<digest> in_use; ///< as the agent said last
  std::vector<std::string> order; ///< "need" and "keep REVISION"
};

inline actors::keeper_actor spawn_fake_keeper(caf::actor_system& system,
                                              keeper_script& script) {
  using namespace actors;
  return system.spawn([&script]() -> keeper_actor::behavior_type {
    return {
      [&script](const local<need_bundle>& what) {
        script.asked.push_back(*what);
        script.order.push_back("need");
        if (script.answer)
          what->done(*script.answer);
      },
      [](const local<chunk_arrived>&) {},
      [](const local<chunk_wanted>&) {},
      [](const local<bulk_arrived>&) {},
      [](const local<bulk_changed>&) {},
      [](const local<bundle_peers>&) {},
      [&script](const local<bundles_in_use>& now) {
        script.in_use = now->bundles;
      },
      [](const local<collect_bundles>&) {},
      [&script](const local<keep_replica>& what) {
        script.order.push_back("keep " + std::to_string(what->view->at.number));
      },
      [](caf::tick_atom) {},
      [](caf::flush_atom) {},
    };
  });
}

} // namespace faas::test
