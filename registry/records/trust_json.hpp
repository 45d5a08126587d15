// The cluster authority's key and ledger as text, shared by engines.
#pragma once

#include "libfaas/trust/identity.hpp"
#include "libfaas/trust/ledger.hpp"

#include <nlohmann/json_fwd.hpp>

namespace faas::registry {

nlohmann::json ledger_to_json(const trust::ledger& ledger);
/// errc::invalid_argument for what ledger_to_json() did not write.
result<trust::ledger> ledger_from_json(const nlohmann::json& value);

nlohmann::json authority_to_json(const trust::authority_keys& keys);
/// errc::invalid_argument when a part is missing.
result<trust::authority_keys> authority_from_json(const nlohmann::json& value);

/// Parses without throwing; discarded() when it is no JSON.
nlohmann::json parse_json(std::string_view text);

} // namespace faas::registry
