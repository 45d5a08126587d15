// The versions that are being brought to this node, and what is said of them.
#pragma once

#include "actors/functions/pending_host.hpp"
#include "actors/functions/structure_builder.hpp"

#include <map>
#include <memory>
#include <optional>

namespace faas::actors {

/// Keeps known_state::pending, and how far they are in known_state::own, for
/// those that another node has ready: only then anybody asks. Thread rule: one
/// owner, the agent.
class coming_versions {
public:
  /// Of a pull that has been silent for so long nobody can say when it ends:
  /// what waits for it is given back, and it is no site until it goes on.
  static constexpr auto stall = std::chrono::seconds{2};

  /// A function actor has spoken; known_state::own has its word already.
  void note(known_state& known, const placement_changed& what, time_point now);
  /// It is not wanted here any more, or its actor is gone. True if it was here.
  bool drop(known_state& known, const version_ref& version);
  void clear(known_state& known);
  /// To be called from time to time: events that are late are answered, and what
  /// is said moves on. True if it has changed.
  bool look(known_state& known, time_point now);
  bool empty() const noexcept { return all_.empty(); }

private:
  struct one {
    std::shared_ptr<pending_host> host;
    std::shared_ptr<const pull_progress> pull;
    std::optional<time_point> loading_since;
    bool stalled = false;
  };
  void say(known_state& known, const version_ref& version, one& of,
           time_point now) const;

  std::map<version_ref, one> all_;
};

} // namespace faas::actors
