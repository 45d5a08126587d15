// TLS 1.3 contexts of a node.
#pragma once

#include "gateway/tls/openssl.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/trust/identity.hpp"

namespace faas::tls {

/// What a connection is for; told by ALPN.
inline constexpr std::string_view alpn_control = "petrel-control/1",
                                  alpn_bulk = "petrel-bulk/1",
                                  alpn_join = "petrel-join/1";

/// For both roles: TLS 1.3 only, own certificate, the peer's must be signed by
/// the cluster's CA. As a server a connection without one of our protocols is
/// refused, and petrel-join/1 goes without a certificate of the client. Times
/// are not checked here (trust::admit does). No resumption.
result<context_ptr> node_context(const trust::node_identity& identity);

/// For a client without a certificate: the server's must be signed by the CA
/// with this digest (certificate_digest()), which it must send along.
/// errc::internal.
result<context_ptr> join_context(const digest& authority);

/// Asks for one protocol as a client; false out of memory.
bool ask_for(SSL& connection, std::string_view protocol);
/// The protocol agreed on; empty: none.
std::string_view protocol_of(const SSL& connection);

} // namespace faas::tls
