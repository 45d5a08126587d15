// What a member of a cluster has, without a network in between.
#pragma once

#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/authority.hpp"
#include "libfaas/trust/token.hpp"

namespace faas::test {

/// Joins by a token that the authority makes here.
inline result<trust::node_identity> member_of(tunnel::authority& authority,
                                              const std::string& name) {
  trust::node_identity made;
  made.self.node = node_name{name};
  auto key = tls::make_key();
  if (!key)
    return key.error();
  made.key = std::move(*key);
  const auto given_out
    = authority.make_token("edge", std::chrono::hours{1}, {"127.0.0.1:1"});
  if (!given_out)
    return given_out.error();
  const auto token = trust::join_token::parse(given_out->text);
  const auto request = tls::make_request(made.key);
  if (!token || !request)
    return token ? request.error() : token.error();
  const auto given = authority.join(
    {reinterpret_cast<const char*>(token->secret.data()),
     token->secret.size()},
    *request, made.self.node);
  if (!given)
    return given.error();
  made.cluster = given->cluster;
  made.certificate = given->certificate;
  made.authority = given->authority;
  return made;
}

} // namespace faas::test
