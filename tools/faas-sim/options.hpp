// cxxopts, as all of this program includes it.
#pragma once

// Parameters of policies have commas, and commands have spaces: an option that
// may be given several times is given several times.
#define CXXOPTS_VECTOR_DELIMITER '\n'
#include <cxxopts.hpp>

#include <string>
#include <vector>

namespace faas::sim {

/// What was given for `option`, which may be repeated; `otherwise` without any.
inline std::vector<std::string> all_of(const cxxopts::ParseResult& given,
                                       const char* option,
                                       std::vector<std::string> otherwise
                                       = {}) {
  return given.count(option) == 0
           ? std::move(otherwise)
           : given[option].as<std::vector<std::string>>();
}

/// Policies that are compared when none is named.
inline std::vector<std::string> usual_policies() {
  return {"min-latency", "random", "round-robin"};
}

} // namespace faas::sim
