// What policies there are.
#pragma once

#include <iosfwd>

namespace faas::sim {

/// All policies with their parameters, and what can be left out of the
/// predictor, as text or as JSON.
void print_policies(std::ostream& out, bool as_json);

} // namespace faas::sim
