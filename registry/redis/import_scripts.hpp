// What an import runs inside Redis. Internal to this folder.
#pragma once

#include "registry/redis/client.hpp"

namespace faas::registry::redis {

/// Keys: catalog, functions, retired, retired-order, requests, request-order,
/// and of these functions, retired and retired-order as they were staged.
/// Values: schema, present history, fence, nonce, new history, new number,
/// request, outcome, number of staged functions, of staged removals. What is
/// staged takes the place of everything. Answers as commit_script(), or GONE
/// when what was staged is no longer there.
const script& replace_script();

/// Keys: catalog, head, staged. Values: schema, fence, history that the catalog
/// will have, number, "1" for the first batch, then names and records. Answers
/// as commit_script().
const script& stage_secrets_script();
/// Keys: catalog, head, staged, secrets, requests, request-order. Values:
/// schema, fence, history of the catalog. Answers as commit_script().
const script& settle_secrets_script();

} // namespace faas::registry::redis
