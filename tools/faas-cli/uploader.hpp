// Bundles to the gateway: only what is missing, and each from where it stopped.
#pragma once

#include "tools/faas-cli/builder.hpp"
#include "tools/faas-cli/gateway_api.hpp"

namespace faas::cli {

/// Bytes of one request: what a broken connection costs at most, held in
/// memory.
inline constexpr uint64_t upload_chunk_bytes = 8 * 1024 * 1024;
/// Without a byte more for so long, an upload is given up; the next one goes on
/// from there.
inline constexpr duration upload_patience = std::chrono::seconds{30};

/// Whether anything was uploaded. Goes on after a broken connection, a restart
/// of the node, or when somebody else uploads the same bundle. `name` is for the
/// progress on a terminal.
result<bool> upload_missing(session& s, gateway_api& gateway,
                            const std::string& name,
                            const std::vector<bundle_file>& bundles);

} // namespace faas::cli
