// The picture that `faas-cli top` shows.
#pragma once

#include "libfaas/core/clock.hpp"

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace faas::cli {

using nlohmann::json;

/// Invocations per second of each function, from two counts.
class rate_meter {
public:
  /// Counts in the list of functions at that time; the rates since the last
  /// call, in the list's order (negative: not known yet).
  std::vector<double> update(const json& functions, time_point now);

private:
  std::map<std::string, double> counts_;
  time_point at_{};
};

/// Sites are shown for so many functions, the busiest ones.
inline constexpr size_t top_functions = 4;

/// Names of the functions whose sites are worth showing.
std::vector<std::string> busiest(const json& functions,
                                 const std::vector<double>& rates);

struct top_picture {
  std::string gateway;
  std::string time;
  const json& nodes;
  const json& functions;
  std::vector<double> rates;
  std::vector<std::pair<std::string, json>> sites; ///< by function
  const json& actors;
};

std::string render_top(const top_picture& picture);

} // namespace faas::cli
