// What the lab tells a site's function about the machine that it plays.
#pragma once

#include "libfaas/sim/schedule.hpp"

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace faas::lab {

/// Lines of `KEY NUMBERS`; keys as the members, and `step FROM_MS FACTOR`.
struct site_file {
  int64_t begin_ns = 0;      ///< of the run, on CLOCK_MONOTONIC; 0: not begun
  double slowdown = 1;       ///< of all work
  double cold_ms = 0;        ///< of loading the function
  bool broken = false;       ///< loading fails, after cold_ms
  double loops_per_ms = 0;   ///< busy loops that are 1 ms of work; 0: sleep
  sim::schedule disturbance; ///< of the slow-down, by ms since the begin
};

/// Unknown keys are left out: the lab that writes them is of the same build.
inline site_file read_site_file(std::istream& in) {
  site_file made;
  std::vector<sim::schedule::step> steps;
  for (std::string key; in >> key;) {
    if (key == "begin_ns")
      in >> made.begin_ns;
    else if (key == "slowdown")
      in >> made.slowdown;
    else if (key == "cold_ms")
      in >> made.cold_ms;
    else if (key == "broken")
      in >> made.broken;
    else if (key == "loops_per_ms")
      in >> made.loops_per_ms;
    else if (key == "step") {
      sim::schedule::step one;
      in >> one.from >> one.factor;
      steps.push_back(one);
    }
  }
  made.disturbance = sim::schedule{std::move(steps)};
  return made;
}

} // namespace faas::lab
