// Petrel's queries as JSON. Pure.
#pragma once

#include "libfaas/ports/admin_port.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace faas::api {

nlohmann::json node_json(const node_status& node);
nlohmann::json standing_json(const node_standing& node);
nlohmann::json site_json(const site_status& site);
nlohmann::json actor_json(const actor_status& actor);
nlohmann::json version_json(const version_status& version);
/// Shares and aliases of a function, and its rollout (null: none).
nlohmann::json traffic_json(const function_status& status);
/// Bundles with their fate and the reasons, and unfinished uploads.
nlohmann::json bundles_json(const bundles_status& all, wall_time now);
nlohmann::json outcome_json(const command_outcome& outcome);
/// OpenFaaS's LogMessage, plus version and call id.
nlohmann::json log_json(const log_line& line);

/// Compact text; bytes that are not UTF-8 (from names, logs) are replaced,
/// numbers that JSON has no form for are null.
std::string to_text(const nlohmann::json& json);

} // namespace faas::api
