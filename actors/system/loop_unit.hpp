// Runs actors on the thread of a gateway loop, so that a message to a lane
// costs no thread switch (reference: CAF 0.17 takes the execution unit of the
// sender when an idle actor becomes runnable).
#pragma once

#include "libfaas/ports/event_port.hpp"

#include <caf/execution_unit.hpp>
#include <caf/fwd.hpp>

#include <memory>
#include <vector>

namespace faas::actors {

/// Resumes lanes on one gateway loop. Two units are needed: the one given to
/// resume() is inherited by every actor that the running one sends to, so lanes
/// run with a second unit that hands other actors on to the scheduler.
/// Everything on the loop's thread only.
class loop_unit final : public caf::execution_unit {
public:
  loop_unit(caf::actor_system& system, loop_context& loop);
  ~loop_unit() override;

  /// Takes over one reference to an actor that became runnable because the
  /// loop sent to it.
  void exec_later(caf::resumable* job) override;

  /// Runs what is queued, at most `batch` resumes; posts itself for the rest.
  /// Called by the port after each send; harmless when nested.
  void drain();

  /// Runs until nothing is left. Once more after the loop has ended, or the
  /// actor system never ends.
  void drain_all();

private:
  class scheduler_unit final : public caf::execution_unit {
  public:
    using caf::execution_unit::execution_unit;
    void exec_later(caf::resumable* job) override;
  };

  void resume(caf::resumable* job);

  static constexpr size_t messages_per_turn = 100;
  static constexpr size_t batch = 64;

  loop_context& loop_;
  scheduler_unit inherited_;
  std::vector<caf::resumable*> runnable_;
  size_t next_ = 0;
  /// What was posted must not reach a unit that is gone.
  std::shared_ptr<loop_unit*> alive_;
  bool draining_ = false;
  bool posted_ = false;
};

} // namespace faas::actors
