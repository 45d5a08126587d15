// An imported authority that waits for the next start of the node.
#pragma once

#include "libfaas/trust/identity.hpp"
#include "libfaas/trust/ledger.hpp"

#include <filesystem>

namespace faas::registry {

/// Durable when it returns: `restored.json` in the folder, mode 0600.
result<void> keep_restored(const std::filesystem::path& folder,
                           const trust::authority_keys& keys,
                           const trust::ledger& ledger);

/// Puts it in the place of authority.json and ledger.json, if there is one;
/// before these are opened. Broken off at any point, the next call completes
/// it. The id of its cluster; empty: nothing waited.
result<std::string> take_over_restored(const std::filesystem::path& folder);

} // namespace faas::registry
