#include "libfaas/trust/rules.hpp"

namespace faas::trust {
namespace {

constexpr std::string_view scheme = "petrel://";

error refused(std::string why, std::string next) {
  return {errc::forbidden, std::move(why), std::move(next)};
}

const char* const join_again
  = "let it join again: `faas-cli node token` on the controller's node, then "
    "`faas-node join TOKEN` on it";

} // namespace

std::string identity_uri(const std::string& cluster,
                         const peer_identity& who) {
  return std::string{scheme} + cluster
         + (who.controller ? "/controller/" : "/node/") + who.node.str();
}

bool parse_identity_uri(const std::string& uri, std::string& cluster,
                        peer_identity& who) {
  if (!uri.starts_with(scheme))
    return false;
  const auto first = uri.find('/', scheme.size());
  if (first == uri.npos)
    return false;
  const auto second = uri.find('/', first + 1);
  if (second == uri.npos)
    return false;
  const auto role = uri.substr(first + 1, second - first - 1);
  const auto name = uri.substr(second + 1);
  if ((role != "node" && role != "controller") || !valid_function_name(name))
    return false;
  cluster = uri.substr(scheme.size(), first - scheme.size());
  who = {node_name{name}, role == "controller"};
  return !cluster.empty();
}

bool has_expired(wall_time until, wall_time now) noexcept {
  return now > until + clock_skew;
}

bool due_for_renewal(const certificate_facts& own, wall_time now) noexcept {
  return now >= own.from + (own.until - own.from) / 3 * 2;
}

result<void> admit(const certificate_facts& peer, const std::string& cluster,
                   const taken_serials& taken, wall_time now) {
  const auto& name = peer.identity.node.str();
  if (peer.cluster != cluster)
    return refused("node " + name + " is of cluster " + peer.cluster
                     + ", not of " + cluster,
                   "join it to this cluster with a token of this one");
  if (const auto found = taken.find(peer.serial); found != taken.end())
    return refused(found->second == taken_back::removed
                     ? "node " + name + " was removed from the cluster"
                     : "the certificate of node " + name + " was revoked",
                   join_again);
  if (has_expired(peer.until, now))
    return refused("the certificate of node " + name + " has expired",
                   std::string{"check both clocks; else "} + join_again);
  if (now + clock_skew < peer.from)
    return refused("the certificate of node " + name
                     + " is not valid yet: the clocks differ",
                   "set the clocks of both machines");
  return {};
}

std::string contradiction(const node_name& claimed, bool claims_controller,
                          const std::optional<peer_identity>& proven) {
  if (!proven)
    return "a node that calls itself " + claimed.str()
           + " came without a certificate";
  if (proven->node != claimed)
    return "a node that calls itself " + claimed.str()
           + " has the certificate of " + proven->node.str();
  if (claims_controller && !proven->controller)
    return "node " + claimed.str()
           + " says it has the controller, but its certificate is that of a "
             "plain node";
  return {};
}

} // namespace faas::trust
