// Logs of decisions as files.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/decisions/record.hpp"

#include <string>
#include <vector>

namespace faas::sim {

/// errc::not_found, too_large (over 2 GiB).
result<std::string> read_log_file(const std::string& path);

/// One segment of a node called "faas-sim". errc::storage_full when it cannot
/// be written.
result<void> write_log_file(const std::string& path,
                            const std::vector<decisions::record>& all);

} // namespace faas::sim
