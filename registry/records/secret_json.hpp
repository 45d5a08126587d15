// Sealed secrets as text, for engines that keep values and for export.
#pragma once

#include "libfaas/ports/secrets.hpp"

namespace faas::registry {

/// Stable: what one release wrote, later ones read. Holds no value in clear.
std::string secret_to_json(const sealed_secret& secret);
/// The inverse. errc::internal, naming the secret and what to do, for other
/// text. Unknown keys are ignored.
result<sealed_secret> secret_from_json(const secret_name& name,
                                       std::string_view text);

/// "number version unchanged" of a request; the history is the store's.
std::string secret_outcome_to_text(const secret_outcome& outcome);
/// The outcome is marked as repeated.
result<secret_outcome> secret_outcome_from_text(std::string_view text);

} // namespace faas::registry
