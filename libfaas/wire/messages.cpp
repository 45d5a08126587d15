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
  "secret_value", "loads",       "probe",            "probe_answer"};

std::string range(const hello& node) {
  return std::to_string(node.min_protocol) + " to "
         + std::to_string(node.max_protocol);
}

/// A peer that was not accepted may say anything.
std::string printable(std::string_view text) {
  std::string made{text.substr(0, 63)};
  for (auto& c : made)
    if (static_cast<unsigned char>(c) < ' ' || c == 127)
      c = '?';
  return made;
}

error no_common_protocol(const hello& self, const hello& peer) {
  const bool peer_is_older = peer.max_protocol < self.min_protocol;
  const auto software = peer.software.empty()
                          ? std::string{}
                          : " (Petrel " + printable(peer.software) + ")";
  return {errc::incompatible_peer,
          "node " + printable(peer.node.str()) + software + " speaks protocol "
            + range(peer) + ", this node, " + self.node.str() + ", "
            + range(self),
          "upgrade "
            + (peer_is_older ? printable(peer.node.str()) : self.node.str())
            + " first: a node works with those of its own protocol and of the "
              "one before"};
}

} // namespace

std::string_view name(const message& what) noexcept {
  return names[what.index()];
}

result<welcome> accept(const hello& self, const hello& peer) {
  const auto protocol = std::min(self.max_protocol, peer.max_protocol);
  if (protocol < std::max(self.min_protocol, peer.min_protocol))
    return no_common_protocol(self, peer);
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
