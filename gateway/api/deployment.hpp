// OpenFaaS's FunctionDeployment and FunctionStatus, as JSON.
#pragma once

#include "libfaas/ports/admin_port.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace faas::api {

/// What a deployment says: the spec, and the bundle that `image` names.
struct deployment {
  function_spec spec;
  digest bundle;
};

/// Reads a FunctionDeployment with Petrel's object:
/// {"service","image":"sha256:DIGEST", ..., "petrel":{...}}. The keys of
/// `petrel` are those of the manifest; unknown keys are ignored. null counts
/// as absent. errc::invalid_argument names the key.
result<deployment> read_deployment(std::string_view json);

/// Name and namespace of DELETE /system/functions: {"functionName"}.
result<function_name> read_delete(std::string_view json);

/// Function and instances of POST /system/scale-function: {"serviceName",
/// "replicas"}; the function is empty when the body names none.
/// errc::invalid_argument.
result<scale_command> read_scale(std::string_view json);

/// A FunctionStatus: the deployment's fields, counts as non-negative integers,
/// createdAt in RFC 3339, and in `petrel` the manifest's keys, the version and
/// the placements.
nlohmann::json status_json(const function_status& status);

/// "2026-01-02T03:04:05Z".
std::string rfc3339(wall_time when);
/// RFC 3339 with fraction and offset; nullopt when it is none.
std::optional<wall_time> parse_rfc3339(std::string_view text);

/// Empty, or the only namespace there is.
bool is_default_namespace(std::string_view name) noexcept;

} // namespace faas::api
