// What redis_secrets runs inside Redis. Internal to this folder.
#pragma once

#include "registry/redis/client.hpp"

namespace faas::registry::redis {

/// The keys of secrets, beside those of the catalog.
struct secret_keys {
  explicit secret_keys(const std::string& prefix)
    : catalog(prefix + "catalog"),
      head(prefix + "secrets-head"),
      secrets(prefix + "secrets"),
      requests(prefix + "secret-requests"),
      request_order(prefix + "secret-request-order"),
      staged(prefix + "secrets-staged") {}
  std::string catalog, head, secrets, requests, request_order, staged;
};

/// Keys: catalog, head, secrets. Answers {schema, history, number, {name,
/// record, ...}}, of one moment.
const script& load_secrets_script();

/// Keys: catalog, head, secrets, requests, request-order. Values: schema,
/// history, number before, number after, fence, nonce, request, outcome,
/// remembered requests, name, record or "". Answers as commit_script().
const script& commit_secret_script();

} // namespace faas::registry::redis
