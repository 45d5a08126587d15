#include "libfaas/trust/ledger.hpp"

#include "libfaas/trust/rules.hpp"

#include <algorithm>

namespace faas::trust {
namespace {

/// Expired certificates are kept so long, so that their names explain.
constexpr auto memory = std::chrono::hours{24 * 30};

const char* const new_token
  = "make a new one: `faas-cli node token` on the controller's node";

} // namespace

result<void> ledger::add_token(token_entry made, wall_time now) {
  std::erase_if(tokens, [&](const token_entry& token) {
    return now > token.expires + memory;
  });
  const auto open
    = std::count_if(tokens.begin(), tokens.end(), [&](const auto& token) {
        return token.used_by.empty() && !has_expired(token.expires, now);
      });
  if (static_cast<size_t>(open) >= max_open_tokens)
    return error{errc::overloaded,
                 "there are " + std::to_string(open)
                   + " unused join tokens already",
                 "wait until some have expired, or give them shorter lives"};
  tokens.push_back(std::move(made));
  return {};
}

result<ledger::claim> ledger::look_up(const digest& secret, const digest& key,
                                      const node_name& node,
                                      wall_time now) const {
  const auto token
    = std::find_if(tokens.begin(), tokens.end(),
                   [&](const auto& one) { return one.secret == secret; });
  if (token == tokens.end())
    return error{errc::unauthorized, "this cluster knows no such join token",
                 new_token};
  if (!token->used_by.empty()) {
    const auto* given = find(token->used_by);
    if (given == nullptr || given->key != key)
      return error{errc::unauthorized, "the join token was used already",
                   new_token};
    if (given->revoked)
      return error{errc::forbidden,
                   "node " + given->node.str() + " was revoked since",
                   new_token};
    if (given->node != node)
      return error{errc::conflict,
                   "the join token was used for node " + given->node.str(),
                   new_token};
    return claim{token->tier, given->pem};
  }
  if (has_expired(token->expires, now))
    return error{errc::forbidden, "the join token has expired", new_token};
  for (const auto& other : certificates)
    if (other.node == node && other.key != key && !other.revoked
        && !has_expired(other.expires, now))
      return error{errc::conflict,
                   "a node called " + node.str() + " has joined already",
                   "choose another node.name; if that machine is gone for "
                   "good: `faas-cli node revoke "
                     + node.str() + "`, then join again"};
  return claim{token->tier, {}};
}

void ledger::use(const digest& secret, certificate_entry made) {
  for (auto& token : tokens)
    if (token.secret == secret)
      token.used_by = made.serial;
  certificates.push_back(std::move(made));
}

result<void> ledger::record(certificate_entry made, wall_time now) {
  std::erase_if(certificates, [&](const certificate_entry& one) {
    return now > one.expires + memory;
  });
  if (certificates.size() >= max_certificates)
    return error{errc::overloaded,
                 "the cluster has given out as many certificates as it may",
                 "wait until old ones have expired"};
  certificates.push_back(std::move(made));
  return {};
}

result<void> ledger::revoke(const node_name& node, wall_time now) {
  bool any = false;
  for (auto& one : certificates)
    if (one.node == node && !one.revoked && !has_expired(one.expires, now))
      any = one.revoked = true;
  if (!any)
    return error{errc::not_found,
                 "no node called " + node.str() + " has a valid certificate",
                 "`faas-cli nodes` lists the nodes that are known"};
  return {};
}

result<void> ledger::remove(const node_name& node) {
  bool any = false;
  for (auto& one : certificates)
    if (one.node == node)
      any = one.revoked = one.removed = true;
  if (!any)
    return error{errc::not_found,
                 "no node called " + node.str() + " has joined this cluster",
                 "`faas-cli nodes` lists the nodes that are known"};
  nodes.erase(node);
  return {};
}

result<void> ledger::keep(const node_name& node, const node_entry& entry) {
  if (entry == node_entry{}) {
    nodes.erase(node);
    return {};
  }
  if (nodes.size() >= max_certificates && !nodes.contains(node))
    return error{errc::overloaded, "too many nodes are cordoned or drained",
                 "remove those that are gone for good"};
  nodes[node] = entry;
  return {};
}

taken_serials ledger::revoked() const {
  taken_serials all;
  for (const auto& one : certificates)
    if (one.revoked)
      all[one.serial]
        = one.removed ? taken_back::removed : taken_back::revoked;
  return all;
}

const certificate_entry* ledger::find(const std::string& serial) const {
  for (const auto& one : certificates)
    if (one.serial == serial)
      return &one;
  return nullptr;
}

} // namespace faas::trust
