#include "libfaas/trust/link_guard.hpp"

#include <algorithm>

namespace faas::trust {
namespace {

/// First byte of a header in CAF 0.17's transport.
enum operation : uint8_t {
  server_handshake = 0,
  client_handshake = 1,
  direct_message = 2,
  routed_message = 3,
  monitor_message = 4,
  down_message = 5,
  heartbeat = 6,
};

error bad(std::string what) {
  return {errc::invalid_argument, "the peer sends what no node sends: " + what};
}

} // namespace

result<void> link_guard::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (payload_ > 0) {
      const auto count = std::min<size_t>(payload_, bytes.size());
      if (greeting_)
        handshake_ += bytes.substr(0, count);
      payload_ -= static_cast<uint32_t>(count);
      bytes.remove_prefix(count);
      if (payload_ == 0 && greeting_)
        if (auto good = take_handshake(); !good)
          return good;
      continue;
    }
    const auto count = std::min(header_size - header_.size(), bytes.size());
    header_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (header_.size() == header_size) {
      if (auto good = take_header(); !good)
        return good;
      header_.clear();
    }
  }
  return {};
}

result<void> link_guard::take_handshake() {
  greeting_ = false;
  if (announced_ && *announced_ != handshake_)
    return bad("a second handshake");
  announced_ = std::move(handshake_);
  handshake_.clear();
  return {};
}

result<void> link_guard::take_header() {
  const auto what = static_cast<uint8_t>(header_[0]);
  uint32_t length = 0;
  for (size_t i = 4; i < 8; ++i)
    length = length << 8 | static_cast<uint8_t>(header_[i]);
  if (length > max_payload)
    return bad("a message of " + std::to_string(length) + " bytes");
  const auto greeting
    = from_ == side::dialled ? server_handshake : client_handshake;
  if (what == greeting && length > 0 && length <= max_handshake)
    greeting_ = true;
  else if (!announced_)
    return bad("no handshake");
  else if (what == routed_message || what < direct_message || what > heartbeat)
    return bad("operation " + std::to_string(what));
  payload_ = length;
  return {};
}

} // namespace faas::trust
