// What a node needs to keep secrets.
#pragma once

#include "libfaas/core/clock.hpp"
#include "registry/secrets/memory_files.hpp"
#include "tools/faas-node/config.hpp"

#include <filesystem>
#include <memory>

namespace faas::node {

/// No core dumps, and no process of this user may look into this one.
void forbid_core_dumps();

/// The sealer with the controller's key, which is made when there are no
/// secrets yet; with Redis it is the one that the controllers share there,
/// unless registry.secret_key_file names one. Without the key the node runs all the same: the log says why,
/// and so does every command that needs it.
std::shared_ptr<const secret_sealer>
open_sealer(const config& settings, const std::filesystem::path& data,
            const clock_source& clock, bool has_secrets);

/// The folder in memory. An error when one that was asked for cannot be used;
/// null, with the reason in `why`, when none was found.
result<std::unique_ptr<registry::memory_files>>
open_secret_files(const config& settings, const std::filesystem::path& data,
                  error& why);

} // namespace faas::node
