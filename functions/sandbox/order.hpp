// What petrel-init is told, put together before it starts.
#pragma once

#include "functions/sandbox/descriptor.hpp"
#include "functions/sandbox/init/wire.hpp"
#include "functions/sandbox/sandbox.hpp"
#include "libfaas/core/result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace faas::sandbox {

/// The parts of an order in words of C++; see wire::order_head.
struct order {
  wire::order_head head; ///< the counts are set by encode()
  std::string first_filter, second_filter;
  std::vector<int32_t> targets;
  std::vector<std::string> programs, arguments, environment;
  std::string folder;
  std::vector<std::string> mounts; ///< kind and path

  std::string encode() const;
};

/// Sends the order with the descriptors for its targets, in the same order.
/// errc::unavailable.
result<void> send_order(const descriptor& control, const order& what,
                        const std::vector<int>& fds);

} // namespace faas::sandbox
