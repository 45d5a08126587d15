// What others have learned, and what this node had before its restart.
#pragma once

#include "actors/predictor/experience_keeper.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/ports/replica_store.hpp"
#include "libfaas/routing/predictor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace faas::actors {

/// Holds what was told until the predictor knows the functions and sites it is
/// of. What this node knew before its restart is as good as what a peer tells.
/// Not thread safe.
class told_experience {
public:
  /// `store`: where the own experience is kept; null: nowhere. `log`: told of
  /// trouble, from any thread. Blocks until the store is read.
  told_experience(node_name here, replica_store* store,
                  std::function<void(std::string)> log);

  /// False: `text` is no experience.
  bool hear(const node_name& from, const std::string& text);
  /// Gives `core` what it can use by now.
  void adopt_into(routing::predictor& core, time_point now);
  /// To be called with each event that taught something.
  void learned() noexcept { learned_ = true; }
  /// Keeps what `core` knows, unless it has learned nothing since; and what it
  /// could not use yet. Does not wait for the disk.
  void keep(const routing::predictor& core);

private:
  void recall(replica_store& store);

  node_name here_;
  std::function<void(std::string)> log_;
  std::map<node_name, routing::snapshot> heard_; ///< not all adopted yet
  std::unique_ptr<experience_keeper> keeper_;    ///< null: nothing is kept
  bool learned_ = false;                         ///< since it was kept
};

} // namespace faas::actors
