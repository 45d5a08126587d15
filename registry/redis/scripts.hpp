// What Petrel runs inside Redis: each script is one atomic step. Internal to
// this folder.
#pragma once

#include "registry/redis/client.hpp"

namespace faas::registry::redis {

/// Version of the key scheme (see README.md). A store with a higher one is
/// left alone.
inline constexpr uint32_t schema_version = 1;

/// The keys of one prefix.
struct key_names {
  explicit key_names(const std::string& prefix)
    : catalog(prefix + "catalog"),
      functions(prefix + "functions"),
      retired(prefix + "retired"),
      retired_order(prefix + "retired-order"),
      requests(prefix + "requests"),
      request_order(prefix + "request-order"),
      lease(prefix + "lease"),
      trust(prefix + "trust"),
      secret_key(prefix + "secret-key") {}
  std::string catalog, functions, retired, retired_order, requests,
    request_order, lease, trust, secret_key;
};

/// Keys: catalog, functions. Values: schema, new history. Makes a store where
/// there is none. Answers {schema, history, number}.
const script& create_script();

/// Keys: catalog, functions, retired, retired-order, requests, request-order.
/// Values: schema, history, number before, number after, fence, nonce,
/// remembered requests, kept removals; then of each change its number, request,
/// outcome, function ("": it changes nothing), record ("": it removes the
/// function). All or none. Answers "OK" or one word and a detail: EMPTIED,
/// SCHEMA, FENCED, HISTORY, REVISION, REPEATED.
const script& commit_script();

/// Keys: catalog. Values: schema, history, number, fence, new history. Starts
/// a new history when nothing else has changed. Answers as commit_script().
const script& rebase_script();

/// Keys: lease, catalog. Values: holder, ms. Answers {"OK", token} or
/// {"HELD", holder, ms left}.
const script& acquire_script();
/// Keys: lease. Values: "token holder", ms. Answers 1 or 0.
const script& renew_script();
/// Keys: lease. Values: "token holder". Answers 1 or 0.
const script& release_script();

/// Keys: trust, catalog. Values: version before ("" = none), version, ledger,
/// authority, nonce, fence ("" = none). Answers "OK", "MOVED" (another version
/// is there), "FENCED" or "GONE".
const script& trust_script();

} // namespace faas::registry::redis
