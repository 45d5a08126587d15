// What sites would take for batches, drawn by others: a table.
#pragma once

#include "libfaas/core/result.hpp"

#include <array>
#include <string_view>
#include <vector>

namespace faas::stoic {

inline constexpr std::array<std::string_view, 4> draw_sites{"edge", "cpu",
                                                            "gpu1", "gpu2"};

/// What a line of the table is for.
enum class draw_part : uint8_t {
  deploy, ///< every site deploys the function once, without an event
  set_up, ///< a batch that goes to `site`
  main    ///< a batch that goes where the policy sends it
};

/// Seconds.
struct site_times {
  double transfer = 0, deploy = 0, process = 0;
};

struct drawn_batch {
  draw_part part = draw_part::main;
  size_t site = 0; ///< of draw_sites; with set_up only
  double images = 1;
  std::array<site_times, draw_sites.size()> times;
};

/// Batches that come one after the other.
struct drawn_world {
  double number = 0;
  std::vector<drawn_batch> batches;
};

/// Columns: world, part, site (may be empty), images, and for each site
/// SITE_transfer, SITE_deploy, SITE_process. Lines of a world follow each other.
/// errc::invalid_argument names line and column.
result<std::vector<drawn_world>> parse_draws(std::string_view text);

} // namespace faas::stoic
