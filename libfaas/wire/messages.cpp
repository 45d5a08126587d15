#include "libfaas/wire/messages.hpp"

#include <algorithm>
#include <array>

namespace faas::wire {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<message>> names{
  "hello",        "welcome",     "refused",          "ping",
  "pong",         "event_batch", "reply_batch",      "ack",
  "cancel",       "assignments", "placement_report", "bundle_request",
  "bundle_chunk", "node_report", "admin_request",    "admin_reply",
  "goodbye",      "part",        "evidence",         "secret_request",
  "secret_value"};

std::string range(const hello& node) {
  return std::to_string(node.min_protocol) + " to "
         + std::to_string(node.max_protocol);
}

} // namespace

std::string_view name(const message& what) noexcept {
  return names[what.index()];
}

result<welcome> accept(const hello& self, const hello& peer) {
  const auto protocol = std::min(self.max_protocol, peer.max_protocol);
  if (protocol < std::max(self.min_protocol, peer.min_protocol))
    return {errc::incompatible_peer,
            "node " + peer.node.str() + " speaks protocol " + range(peer)
              + ", this node " + range(self),
            "upgrade the older node"};
  if (!valid_function_name(peer.node.str()))
    return {errc::invalid_argument, "the peer gives no valid node name",
            "names are lower-case letters, digits and inner hyphens, at most "
            "63 characters"};
  if (peer.boot.empty())
    return {errc::invalid_argument,
            "node " + peer.node.str() + " gives no boot id"};
  if (peer.cluster != self.cluster)
    return {errc::forbidden,
            "node " + peer.node.str() + " belongs to cluster '" + peer.cluster
              + "', this node to '" + self.cluster + "'",
            "set the same cluster name on both"};
  if (peer.node == self.node)
    return {errc::conflict,
            "a node named " + peer.node.str() + " exists already",
            "give each node a name of its own"};
  return welcome{protocol, self.node, self.boot};
}

} // namespace faas::wire
