// What an event puts on a link.
#pragma once

namespace faas::routing {

/// Bytes of one event in each direction: its request up to the site, the reply
/// down (expected, while it has not come).
struct way_bytes {
  double up = 0, down = 0;
  double all() const noexcept { return up + down; }
  friend bool operator==(const way_bytes&, const way_bytes&) = default;
};

} // namespace faas::routing
