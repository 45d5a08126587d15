// What a function's manifest and labels say about its scaling.
#pragma once

#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/scaling/instance_scaler.hpp"

namespace faas::scaling {

/// `petrel.scale` first, then OpenFaaS's labels com.openfaas.scale.min, .zero
/// and .zero-duration, then the defaults: one instance, which stays; 15 minutes
/// (as OpenFaaS has it) where it may go. Labels that make no sense are passed
/// over, as OpenFaaS does. `most` is petrel.concurrency.
scale_limits limits_of(const function_spec& spec);

/// With `least` instances, 0 or more, in the place of what was said.
scale_limits asked_for(scale_limits said, uint32_t least);

/// The manifest or a label says how many instances to keep.
bool says_how_many(const function_spec& spec);

} // namespace faas::scaling
