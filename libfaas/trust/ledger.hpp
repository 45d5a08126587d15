// What a cluster's authority has given out: tokens and certificates. Pure.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/ports/node_book.hpp"
#include "libfaas/trust/rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace faas::trust {

struct token_entry {
  digest secret; ///< SHA-256 of the secret: the secret itself is not kept
  std::string tier;
  wall_time expires{};
  std::string used_by; ///< serial of the certificate that it gave; empty: none
  bool operator==(const token_entry&) const = default;
};

struct certificate_entry {
  std::string serial; ///< lower-case hex
  node_name node;
  digest key; ///< SHA-256 of the public key
  wall_time expires{};
  bool revoked = false;
  std::string pem; ///< to be given again to the same key
  bool removed = false; ///< revoked, since its node was removed
  bool operator==(const certificate_entry&) const = default;
};

/// Bounded; the owner makes each change durable before it is answered.
struct ledger {
  static constexpr size_t max_open_tokens = 1000, max_certificates = 5000;

  std::vector<token_entry> tokens;
  std::vector<certificate_entry> certificates;
  node_entries nodes; ///< what is wanted of those that are not just active

  /// Adds an unused token and forgets expired ones. errc::overloaded.
  result<void> add_token(token_entry made, wall_time now);

  /// What presenting a secret gives: the certificate that this key got before,
  /// or the right to a new one.
  struct claim {
    std::string tier;
    std::string pem; ///< empty: sign one and call use()
  };
  /// errc::unauthorized (no such token, or used by another), errc::forbidden
  /// (expired, revoked since), errc::conflict (the name is taken).
  result<claim> look_up(const digest& secret, const digest& key,
                        const node_name& node, wall_time now) const;
  /// Marks the token as used by a certificate, which is recorded.
  void use(const digest& secret, certificate_entry made);
  /// Records a certificate without a token: renewal, or the first node's.
  /// Certificates that have long expired are forgotten.
  result<void> record(certificate_entry made, wall_time now);

  /// Revokes all certificates of a node. errc::not_found when it has none that
  /// still counts.
  result<void> revoke(const node_name& node, wall_time now);
  /// Revokes all certificates of a node as those of one that was removed, and
  /// forgets what was wanted of it. errc::not_found when it never had one.
  result<void> remove(const node_name& node);
  /// What is wanted of a node from now on. errc::overloaded.
  result<void> keep(const node_name& node, const node_entry& entry);
  taken_serials revoked() const;
  /// Null when nothing was given under that serial.
  const certificate_entry* find(const std::string& serial) const;

  bool operator==(const ledger&) const = default;
};

} // namespace faas::trust
