// What a node keeps of what it was told or has learned, over a restart: its last
// assignments, to serve by without the controller; its predictor's experience.
#pragma once

#include "libfaas/core/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace faas {

/// One owner at a time; calls block on the disk. The bytes are the owner's
/// business.
class replica_store {
public:
  virtual ~replica_store() = default;
  /// Nullopt: nothing was saved. errc::invalid_argument when it is damaged: then
  /// it is as if there were none.
  virtual result<std::optional<std::string>> load() = 0;
  /// Durable when it returns; after a crash it is the old one or the new one.
  /// errc::storage_full, errc::internal.
  virtual result<void> save(std::string_view bytes) = 0;
};

} // namespace faas
