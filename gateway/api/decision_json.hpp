// Decisions as JSON. Pure.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/ports/decision_book.hpp"

#include <nlohmann/json_fwd.hpp>

namespace faas::api {

/// One attempt: what was predicted for each site, what was chosen and why, and
/// what it took. Times in ms.
nlohmann::json decision_json(const decisions::record& one);
/// The log's settings and files.
nlohmann::json log_json(const decision_log_status& now, nlohmann::json files);

/// Microseconds since 1970.
wall_time wall_of(int64_t us) noexcept;

} // namespace faas::api
