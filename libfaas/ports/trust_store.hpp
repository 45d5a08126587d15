// What is durable of a cluster's authority.
#pragma once

#include "libfaas/trust/identity.hpp"
#include "libfaas/trust/ledger.hpp"

#include <functional>

namespace faas {

/// Any thread. Errors: errc::storage_full, errc::internal (disk), and for a
/// damaged file errc::invalid_argument with what to do.
class trust_store {
public:
  virtual ~trust_store() = default;

  /// The authority's key and certificate. When there is none, what `make` makes
  /// is kept first; of two callers one makes it.
  virtual result<trust::authority_keys>
  authority(const std::function<result<trust::authority_keys>()>& make)
    = 0;

  virtual trust::ledger read() const = 0;
  /// Changes one at a time; durable before it returns. When `edit` or the disk
  /// fails, nothing has changed. `edit` must be quick.
  virtual result<void>
  change(const std::function<result<void>(trust::ledger&)>& edit)
    = 0;
};

} // namespace faas
