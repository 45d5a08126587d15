// The gateway's REST API as typed calls.
#pragma once

#include "libfaas/core/id.hpp"
#include "tools/faas-cli/endpoint.hpp"
#include "tools/faas-cli/http_client.hpp"

#include <nlohmann/json_fwd.hpp>

namespace faas::cli {

using nlohmann::json;

/// Pause before the next try, or nullopt to give up. `tried` counts from 1.
/// Only calls that may run twice are repeated: after a broken connection, and
/// on 429 or 503 as Retry-After says.
std::optional<duration> retry_pause(int tried, bool repeatable,
                                    const result<http_response>& outcome);

/// What an answer of status 400 and above means: Petrel's error object, or the
/// text and status of another gateway.
error error_of(const http_response& answer);

/// A bundle that a gateway does not have, or not wholly.
struct missing_bundle {
  digest id;
  uint64_t offset = 0;   ///< bytes that are there
  bool in_chunks = true; ///< false: an older gateway, which takes it whole
};

/// Bounds of one wait for the gateway.
struct api_options {
  duration timeout = std::chrono::seconds{60};
};

class gateway_api {
public:
  gateway_api(session& s, endpoint target, api_options options = {});

  const endpoint& target() const noexcept { return target_; }

  /// GET; the answer parsed.
  result<json> get(const std::string& path);
  /// POST of JSON; the answer parsed.
  result<json> post(const std::string& path, const json& body);
  /// Any status below 400; others become errors.
  result<http_response> call(http_request request, bool repeatable);

  result<json> describe(const std::string& name);
  /// Those of the bundles that the gateway lacks, with how much of each is
  /// there already.
  result<std::vector<missing_bundle>> missing(const std::vector<digest>& ids);
  /// Part of a bundle, to be put at `offset`.
  result<void> upload_chunk(const digest& id, uint64_t offset, uint64_t total,
                            std::string bytes,
                            std::function<void(uint64_t, uint64_t)> progress);
  /// The whole, for a gateway that knows no chunks.
  result<void> upload(const digest& id, const std::filesystem::path& file,
                      std::function<void(uint64_t, uint64_t)> progress);
  /// PUT, and POST when there is no such function yet. The answer's JSON, null
  /// when it is none. `created` tells which it was.
  result<json> deploy(const json& deployment, bool& created);
  result<void> remove(const std::string& name, const std::string& name_space);
  /// `version` 0: the one before the current. The outcome.
  result<json> rollback(const std::string& name, uint32_t version);
  /// Any other change: its outcome.
  result<json> change(const char* method, const std::string& path,
                      const json& body);
  /// The registry as text; `key` as the gateway wants it, {} for none.
  result<std::string> export_registry(const json& key);
  /// The key line and the text. The outcome.
  result<json> import_registry(const std::string& query, std::string body);
  /// Some bytes of a bundle, from `offset` on.
  result<std::string> bundle_part(const digest& id, uint64_t offset);
  /// One JSON object per line to `line`; false ends it.
  result<void> logs(const std::string& query, duration timeout,
                    const std::function<bool(std::string_view)>& line);

private:
  http_request request(std::string method, const std::string& path) const;
  result<bool> has_bundle(const digest& id);
  result<http_response> send_json(const char* method, const std::string& path,
                                  const json& body);
  error explain(const error& failure) const;

  session& session_;
  endpoint target_;
  api_options options_;
};

/// The value at `key` as text; empty when absent or of another type.
std::string text_at(const json& object, const char* key);
double number_at(const json& object, const char* key);
bool flag_at(const json& object, const char* key);

} // namespace faas::cli
