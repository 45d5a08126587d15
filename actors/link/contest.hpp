// Which of two connections to nodes of one name stays, and what is told when
// they are two machines.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <map>
#include <string>

namespace faas::actors {

/// A connection, for the contest between two of them to nodes of one name.
struct contestant {
  boot_id boot;
  bool dialled = false; ///< by this node
  bool alive = true;    ///< heard of lately
};

/// Whether `fresh` takes the place of `other`. Of one process the newer one
/// does, unless both called each other: then both keep the call of the one with
/// the smaller name. Another process (a restart, or a second node of that name)
/// must wait until the former one is silent.
bool supersedes(const node_name& self, const node_name& peer,
                const contestant& fresh, const contestant& other);

/// One of two live machines that claim to be one node.
struct claimant {
  boot_id boot;
  std::string from;    ///< "10.0.0.7:41234", as this node sees it; may be empty
  std::string gateway; ///< as it says
  std::string serial;  ///< of its certificate; may be empty
};

/// What a person must know to end it: both addresses, which one serves, what to
/// do. `next` is a sentence of its own.
struct clone_report {
  std::string what, next;
};
clone_report two_of(const node_name& name, const claimant& serves,
                    const claimant& refused);

/// Tells a copied disk from a restart whose former connection has not been
/// noticed to be dead: the former one of a copy goes on to be heard. Remembers
/// copies, so that they get nowhere when the first one's link breaks while it is
/// still about. Bounded; pure.
class refused_clones {
public:
  /// A dead link is noticed sooner.
  static constexpr auto certain = std::chrono::seconds{6};
  /// A first one that is not seen for so long has lost its claim.
  static constexpr auto memory = std::chrono::minutes{2};

  /// A second process was refused while `first` is connected. True: it is a
  /// copy for certain; then `note` is remembered.
  bool refused(const node_name& name, const boot_id& first,
               const boot_id& second, const std::string& note, time_point now);
  /// The first one is connected (again), or was until now.
  void seen(const node_name& name, const boot_id& boot, time_point now);
  /// A copy may not take the name yet.
  bool must_wait(const node_name& name, const boot_id& boot, time_point now);
  /// What is told of the name for `memory` after the last refusal.
  std::string note(const node_name& name, time_point now) const;

private:
  static constexpr size_t max_names = 1000, max_boots = 100;
  struct claim {
    boot_id first;
    time_point seen{};
    std::map<boot_id, time_point> others; ///< since when they are refused
    std::string note;                     ///< empty: no copy for certain
    time_point told{};
  };
  std::map<node_name, claim> claims_;
};

} // namespace faas::actors
