#include "actors/routing/lane.hpp"

#include <caf/actor.hpp>
#include <caf/atom.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/stateful_actor.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::lane_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::lane_batch)

namespace faas::actors {
namespace {

struct lane_state {
  static constexpr const char* name = "faas.lane";

  std::shared_ptr<lane_health> health;
  std::unique_ptr<alive_mark> mark;

  ~lane_state() {
    if (health)
      health->dead.store(true, std::memory_order_release);
  }
  void run(event_box& box) const {
    box.host->submit(std::move(box.event), std::move(box.done));
  }
  void run_one(const lane_event& box) const {
    mark->counters().count_handled();
    run(*box);
  }
  void run_all(const lane_batch& events) const {
    mark->counters().count_handled();
    for (auto& box : *events)
      run(box);
  }
};

} // namespace

caf::actor spawn_lane(caf::actor_system& system, census& counters,
                      std::shared_ptr<lane_health> health) {
  // lazy_init: the first message, not the scheduler, starts the actor.
  return system.spawn<caf::lazy_init>(
    [&counters, health](caf::stateful_actor<lane_state>* self) -> caf::behavior {
      self->state.health = health;
      self->state.mark = std::make_unique<alive_mark>(counters,
                                                      actor_kind::lane);
      return {
        [self](const lane_event& box) { self->state.run_one(box); },
        [self](const lane_batch& events) { self->state.run_all(events); },
        [self](caf::close_atom) {
          self->quit(caf::exit_reason::user_shutdown);
        },
      };
    });
}

namespace {

template <class Message>
void feed(const caf::actor& lane, census& counters, Message what,
          caf::execution_unit* unit) {
  counters.of(actor_kind::lane).count_sent();
  lane->enqueue(nullptr, caf::make_message_id(),
                caf::make_message(std::move(what)), unit);
}

} // namespace

void close_lane(const caf::actor& lane, caf::execution_unit* unit) {
  lane->enqueue(nullptr, caf::make_message_id(),
                caf::make_message(caf::close_atom::value), unit);
}

void feed_lane(const caf::actor& lane, census& counters, lane_event event,
               caf::execution_unit* unit) {
  feed(lane, counters, std::move(event), unit);
}

void feed_lane(const caf::actor& lane, census& counters, lane_batch events,
               caf::execution_unit* unit) {
  feed(lane, counters, std::move(events), unit);
}

} // namespace faas::actors
