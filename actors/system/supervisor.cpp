#include "actors/system/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <map>
#include <memory>

namespace faas::actors {
namespace {

struct watched_service {
  std::string name;
  caf::actor_addr actor;
};

} // namespace
} // namespace faas::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::watched_service)

namespace faas::actors {
namespace {

struct supervisor_state {
  static constexpr const char* name = "faas.supervisor";
  std::map<caf::actor_addr, std::string> services;
  std::unique_ptr<alive_mark> mark;
  std::function<void(std::string)> on_fault;

  void down(const caf::down_msg& what, caf::actor_system& system) {
    const auto found = services.find(what.source);
    if (found == services.end())
      return;
    if (on_fault)
      on_fault(found->second + " ended: " + system.render(what.reason));
    services.erase(found);
  }
};

} // namespace

caf::actor spawn_supervisor(caf::actor_system& system, census& counters,
                            std::function<void(std::string)> on_fault) {
  return system.spawn([&counters, on_fault = std::move(on_fault)](
                        caf::stateful_actor<supervisor_state>* self)
                        -> caf::behavior {
    self->state.mark = std::make_unique<alive_mark>(counters,
                                                    actor_kind::supervisor);
    self->state.on_fault = on_fault;
    self->set_down_handler([self](const caf::down_msg& what) {
      self->state.down(what, self->system());
    });
    return {[self](const watched_service& what) {
      self->state.services[what.actor] = what.name;
      self->monitor(what.actor);
    }};
  });
}

void watch(const caf::actor& supervisor, std::string name, caf::actor service) {
  caf::anon_send(supervisor,
                 watched_service{std::move(name), service.address()});
}

} // namespace faas::actors
