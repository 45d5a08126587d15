// Decisions of the gateway's log in words. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace faas::cli {

using nlohmann::json;

/// Why a site was chosen for an event, and what it took (answer of
/// /system/decisions/ID): some lines and a table per attempt.
std::string decision_text(const json& call);

/// One line per decision (answer of /system/decisions).
std::string decision_table(const json& decisions);

} // namespace faas::cli
