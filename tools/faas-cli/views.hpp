// The gateway's JSON as people read it. Pure; absent fields show as empty, so
// that other OpenFaaS gateways can be asked as well.
#pragma once

#include "libfaas/core/clock.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace faas::cli {

using nlohmann::json;

/// A list, or the list at `key` of an object; an empty list for anything else.
const json& list_in(const json& value, const char* key);

/// Placements of a function on nodes (FunctionStatus of the gateway).
const json& placements_of(const json& function);
/// Current version; 0 when the gateway does not tell.
uint32_t version_of(const json& function);

std::string function_table(const json& functions);
std::string function_text(const json& function, const std::string& gateway);
/// "3=95% 4=5%"; empty when the gateway does not tell.
std::string shares_text(const json& traffic);
/// "version 4, step 1 of 3 (5%), 120 events compared"; empty without a rollout.
std::string rollout_text(const json& rollout);
/// What /system/traffic tells, as lines.
std::string traffic_text(const json& traffic);
std::string version_table(const json& versions);
/// With `removed_only`, those that a collection removes.
std::string bundle_table(const json& bundles, bool removed_only);
std::string node_table(const json& nodes);
std::string site_table(const json& sites);
std::string actor_table(const json& actors);
/// One line of a log: time, node, text.
std::string log_text(const json& line);

} // namespace faas::cli
