// From a request to a running program: what is checked, prepared and told.
#pragma once

#include "functions/child/child.hpp"
#include "functions/sandbox/descriptor.hpp"
#include "functions/sandbox/init/wire.hpp"
#include "functions/sandbox/order.hpp"

namespace faas::child {

/// Requests that can work nowhere. errc::invalid_argument.
result<void> check(const spawn_request& request);

/// argv[0] itself, or where PATH of the request's environment (else the
/// system's usual one) may have it.
std::vector<std::string> programs_of(const spawn_request& request);

/// The order for petrel-init. `memory_group`: a cgroup bounds the memory of the
/// whole worker; else each of its processes gets the bound.
result<sandbox::order> order_of(const spawn_request& request,
                                bool memory_group);

/// What petrel-init reported as failed, as an error with what to do.
error explain(const spawn_request& request, const sandbox::wire::report& failed);

} // namespace faas::child
