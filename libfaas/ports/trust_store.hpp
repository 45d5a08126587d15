// What is durable of a cluster's authority.
#pragma once

#include "libfaas/ports/lease.hpp"
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

  /// As of the last change here, or of the last refresh().
  virtual trust::ledger read() const = 0;
  /// Reads again what others may have changed. errc::unavailable.
  virtual result<void> refresh() { return {}; }
  /// Changes one at a time; durable before it returns. When `edit` or the disk
  /// fails, nothing has changed. `edit` must be quick.
  virtual result<void>
  change(const std::function<result<void>(trust::ledger&)>& edit)
    = 0;
  /// The same for what only the leader may change: errc::unavailable when the
  /// lease was granted to another since. Token 0: none is needed. A store with
  /// one owner needs none.
  virtual result<void>
  change_under(const lease& held,
               const std::function<result<void>(trust::ledger&)>& edit) {
    (void) held;
    return change(edit);
  }
};

} // namespace faas
