// Reads a whole catalog from Redis. Internal to this folder.
#pragma once

#include "libfaas/ports/catalog.hpp"
#include "registry/redis/scripts.hpp"

namespace faas::registry::redis {

/// What every reader looks at first; an empty history: there is no store.
struct store_head {
  std::string schema;
  std::string history;
  uint64_t number = 0;
};

/// From a reply {schema, history, number}.
result<store_head> head_of(const reply& from);
result<store_head> read_head(client& server, const key_names& keys);

/// Everything at that revision, by pipelined reads; nullopt when the store has
/// moved on meanwhile.
result<std::optional<catalog_state>> read_snapshot(client& server,
                                                   const key_names& keys,
                                                   const revision& at);

} // namespace faas::registry::redis
