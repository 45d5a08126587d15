// What an import brings, kept in Redis until it takes the place of everything.
// Internal to this folder.
#pragma once

#include "libfaas/ports/catalog.hpp"
#include "registry/redis/client.hpp"

#include <string>

namespace faas::registry::redis {

/// Where one import keeps it.
struct staged_keys {
  explicit staged_keys(const std::string& prefix, const std::string& id)
    : functions(prefix + "import-" + id + ":functions"),
      retired(prefix + "import-" + id + ":retired"),
      retired_order(prefix + "import-" + id + ":retired-order") {}
  std::string functions, retired, retired_order;
};

/// Sends it there; it ends by itself after ten minutes when replace_script() does
/// not come.
result<void> stage(redis::client& client, const staged_keys& keys,
                   const catalog_state& with);

} // namespace faas::registry::redis
