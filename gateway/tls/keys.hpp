// Keys, certificate requests, and the signing of them.
#pragma once

#include "gateway/tls/certificate.hpp"
#include "libfaas/trust/identity.hpp"

#include <string>

namespace faas::tls {

/// A new P-256 key as PEM (PKCS 8).
result<std::string> make_key();

/// A new CA: key and self-signed certificate. `cluster` is its id.
result<trust::authority_keys> make_authority(const std::string& cluster,
                                             wall_time now);

/// A certificate request for this key (PEM). What it should say is decided by
/// the authority; the request only proves that the asker has the key.
result<std::string> make_request(const std::string& key);
/// The digest of the key of a request. errc::invalid_argument when it is no
/// request, is not signed by its own key, or the key is not P-256.
result<digest> check_request(const std::string& request);

/// What the authority puts into a certificate.
struct order {
  std::string cluster;
  peer_identity identity;
  std::string serial; ///< 32 hex digits
  wall_time from{};
  wall_time until{};
};
/// Signs; check_request() must have accepted it.
result<std::string> sign(const trust::authority_keys& authority,
                         const std::string& request, const order& wanted);

/// Whether the parts fit each other: key to certificate, certificate signed by
/// the authority, names as written. errc::invalid_argument.
result<void> check_identity(const trust::node_identity& identity);

} // namespace faas::tls
