// What of a function's spec decides how long its events take.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <string>

namespace faas {

/// The spec without what only says where and when events go, and who may call:
/// policy, deadline, needs, topics, queue, labels and the like. How long
/// instances stay (scale) counts: loads are shared out by it. Two versions with the same text and the same bundle do the same work; a key that
/// nobody thought of here counts as work.
std::string work_of(function_spec spec);

} // namespace faas
