// What the plans of catalog commands share. Private to this folder.
#pragma once

#include "libfaas/ports/catalog.hpp"

#include <set>

namespace faas {

/// The command names a function and its request as it may.
result<void> check(const function_name& function, const request_id& request);
error no_such(const function_name& function);
error not_kept(const function_name& function, uint32_t version);

/// Versions that are in use: they run, or a name stands for them.
std::set<uint32_t> in_use(const function_record& record);

/// Version of the rollout that is under way; 0: none is.
uint32_t rollout_under_way(const function_record& record) noexcept;
/// Ends it; false when none is under way.
bool end_rollout(function_record& record, rollout::phase how,
                 std::string reason);

/// The change with its record, at the next revision unless it is unchanged.
catalog_change finish(catalog_change change, function_record record);

} // namespace faas
