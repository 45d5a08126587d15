#include "actors/system/loop_unit.hpp"

#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <cassert>

namespace faas::actors {

void loop_unit::scheduler_unit::exec_later(caf::resumable* job) {
  system().scheduler().enqueue(job);
}

loop_unit::loop_unit(caf::actor_system& system, loop_context& loop)
  : caf::execution_unit(&system),
    loop_(loop),
    inherited_(&system),
    alive_(std::make_shared<loop_unit*>(this)) {}

loop_unit::~loop_unit() {
  drain_all();
  *alive_ = nullptr;
}

void loop_unit::exec_later(caf::resumable* job) {
  runnable_.push_back(job);
}

void loop_unit::resume(caf::resumable* job) {
  switch (job->resume(&inherited_, messages_per_turn)) {
    case caf::resumable::resume_later: // has more mail: others first
      runnable_.push_back(job);
      break;
    case caf::resumable::awaiting_message:
    case caf::resumable::done:
      caf::intrusive_ptr_release(job);
      break;
    case caf::resumable::shutdown_execution_unit: // the scheduler's own helper
      break;
  }
}

void loop_unit::drain() {
  if (draining_)
    return; // the outer drain goes on with what was added
  draining_ = true;
  for (size_t n = 0; n < batch && next_ < runnable_.size(); ++n)
    resume(runnable_[next_++]);
  if (next_ == runnable_.size()) {
    runnable_.clear();
    next_ = 0;
  } else if (!posted_) {
    // Let the loop's sockets and timers breathe before the rest.
    posted_ = loop_.post([alive = alive_] {
      if (auto* unit = *alive) {
        unit->posted_ = false;
        unit->drain();
      }
    });
  }
  draining_ = false;
}

void loop_unit::drain_all() {
  while (next_ < runnable_.size())
    drain();
}

} // namespace faas::actors
