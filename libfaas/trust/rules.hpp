// Decisions about certificates: who is whom, until when. Pure.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/ports/peer_links.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace faas::trust {

using namespace std::chrono_literals;

/// Clocks of two machines may differ so much.
inline constexpr auto clock_skew = 5min;
/// Life of a node's certificate; it is renewed after two thirds.
inline constexpr auto certificate_life = std::chrono::hours{24 * 30};
inline constexpr auto authority_life = std::chrono::hours{24 * 3650};

/// What a certificate says, once its signature has been checked.
struct certificate_facts {
  std::string cluster;
  peer_identity identity;
  std::string serial; ///< lower-case hex
  wall_time from{};
  wall_time until{};
};

/// Why a certificate does not count any more.
enum class taken_back : uint8_t { revoked, removed /**< with its node */ };
/// By serial.
using taken_serials = std::map<std::string, taken_back>;

/// The name in a certificate: "petrel://CLUSTER/node/NAME", or /controller/.
std::string identity_uri(const std::string& cluster, const peer_identity& who);
/// False when the text is no such name.
bool parse_identity_uri(const std::string& uri, std::string& cluster,
                        peer_identity& who);

/// Whether a token or certificate that ends at `until` still counts.
bool has_expired(wall_time until, wall_time now) noexcept;
/// Two thirds of its life are over.
bool due_for_renewal(const certificate_facts& own, wall_time now) noexcept;

/// Whether a peer with this certificate may talk to a node of `cluster`.
/// errc::forbidden with the reason.
result<void> admit(const certificate_facts& peer, const std::string& cluster,
                   const taken_serials& taken, wall_time now);

/// Where what a peer says of itself is not what its certificate says; empty:
/// nowhere. `proven` is nullopt for a peer without a certificate.
std::string contradiction(const node_name& claimed, bool claims_controller,
                          const std::optional<peer_identity>& proven);

} // namespace faas::trust
