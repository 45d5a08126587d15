// The links of a node, and what is decided by looking at all of them.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/link/contest.hpp"
#include "actors/link/node_list.hpp"
#include "libfaas/ports/peer_links.hpp"

#include <map>
#include <optional>

namespace faas::actors {

/// One link, from spawn to end.
struct known_link {
  link_actor actor;
  std::shared_ptr<peer> gate; ///< once up
  wire::hello hello;
  node_state state = node_state::alive;
  bool up = false;
  bool replaced = false; ///< by another connection to the same process
  std::optional<size_t> dialled; ///< index in join
  std::optional<peer_identity> owner; ///< as its certificate says
  peer_origin origin; ///< empty without a tunnel
  uint32_t protocol = 0;
  bool proven = false; ///< it is who it says it is
  time_point since{};            ///< up
};

/// Part of membership; its thread only.
class known_links {
public:
  using table = std::map<uint64_t, known_link>; ///< by number

  table all;
  node_list list;
  refused_clones clones;

  /// The link to a node; null when there is none that is up.
  known_link* to(const node_name& node);
  std::vector<std::shared_ptr<peer>> gates() const;

  /// What becomes of a link through which a peer has come.
  struct verdict {
    enum class what : uint8_t { welcome, replaced, refused } now{};
    std::string why; ///< refused
  };
  verdict judge(const wire::hello& self, uint64_t number,
                const wire::hello& peer, time_point now);

  /// For people; this node first.
  std::vector<node_status> statuses(const wire::hello& self,
                                    time_point now) const;
};

/// As the controller keeps it.
node_record record_of(const wire::hello& of);

} // namespace faas::actors
