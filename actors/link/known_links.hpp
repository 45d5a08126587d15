// The links of a node, and what is decided by looking at all of them.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/link/contest.hpp"
#include "actors/link/leader_book.hpp"
#include "actors/link/node_list.hpp"
#include "libfaas/ports/peer_links.hpp"

#include <map>
#include <optional>
#include <set>

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

  /// Whether there is a link to the node of that name, or to one that says it
  /// may be dialled at that address.
  bool linked(const node_name& node, const std::string& address) const;
  /// Where controllers may be dialled: this node, others, and those that are
  /// away, for they come back.
  std::vector<std::string> controllers(const wire::hello& self) const;

  /// The number of the link to the controller that leads.
  std::optional<uint64_t> to_leader(const leader_book& leaders) const;
  /// Where this node's secrets come from: the link to the controller that leads;
  /// 0: from here. `self`: this node, if it has a controller; else null.
  std::optional<uint64_t> whence_secrets(const leader_book& leaders,
                                         const node_name* self,
                                         bool shares_lead) const;
  /// Whether this process was not refused before for such a reason. (It tries
  /// again and again.)
  bool first_refusal(const boot_id& boot, const std::string& why);
  /// Other nodes that may lead, as far as they answer.
  std::set<node_name> other_controllers() const;
  /// All other nodes that are connected and answer.
  std::set<node_name> answering() const;

  /// The last link to that node has ended.
  void gone(const wire::hello& node, time_point now) {
    list.lost(node);
    clones.seen(node.node, node.boot, now);
  }

  /// For people; this node first. `by_turns`: this node's controller is one of
  /// several, of which one leads, or none yet.
  std::vector<node_status> statuses(const wire::hello& self,
                                    const leader_book& leaders, bool by_turns,
                                    time_point now) const;

private:
  static constexpr size_t max_told = 1000;
  std::set<std::pair<boot_id, bool>> told_; ///< true: as a copy
};

/// As the controller keeps it.
node_record record_of(const wire::hello& of, bool connected = true);

} // namespace faas::actors
