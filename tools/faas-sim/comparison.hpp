// Several ways to choose, on the same events.
#pragma once

#include "libfaas/sim/figures.hpp"
#include "tools/faas-sim/program_policy.hpp"

#include <array>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace faas::sim {

/// Ways to choose that know the world, as the table has them first.
inline constexpr std::array<std::string_view, 3> references{
  "clairvoyant", "informed", "farsighted"};

/// One way: a policy's name, or one of the references.
struct contender {
  std::string name;
  std::vector<figures> runs; ///< one per seed
  std::vector<std::vector<figures>> by_function; ///< one list per seed
  std::vector<std::vector<adaptation>> steps;    ///< one list per seed
  std::vector<window_means> windows;             ///< means over the seeds
};

/// When a scenario changes: steps that do not repeat, sites that come and go.
std::vector<double> change_times(const scenario& world);

/// What is to be played.
struct comparison {
  std::vector<std::string> names;
  uint64_t first_seed = 1;
  int seeds = 10;
  double window_ms = 1000;
  int answer_ms = 5000; ///< real time that programs have for an answer
};

/// A way to choose, as run() takes it, and what became of the program that
/// chooses, if it is one.
struct way : run_options {
  std::shared_ptr<router_status> router;
  void use_seed(uint64_t value) noexcept;
  /// Real time for an answer of a program.
  void give(int answer_ms) noexcept;
  /// After a run: what the program did wrong; the run is void then.
  result<void> check() const;
};

/// How a run by that name chooses: one of the references, a policy,
/// "static:SITE", a policy without a part ("min-latency/no-cusum"),
/// "program:COMMAND" (docs/benchmark.md). errc::invalid_argument for anything
/// else.
result<way> options_for(const std::string& name, const scenario& world);

/// errc::invalid_argument for a name that is no policy.
result<std::vector<contender>> compare(const scenario& world,
                                       const comparison& what);

/// Mean over the runs, and half of the width of its 95 % interval (Student's t);
/// 0 for a single run.
struct estimate_of {
  double mean = 0, half_width = 0;
};
estimate_of over_runs(const contender& one, double figures::*what);
/// The same of the difference to `other`, run by run: the runs are paired.
estimate_of difference(const contender& one, const contender& other,
                       double figures::*what);

/// All of it, for programs (docs/simulator.md).
void print_json(std::ostream& out, const scenario& world,
                const comparison& what, const std::vector<contender>& all);

/// A table in Markdown.
void print_table(std::ostream& out, const scenario& world,
                 const std::vector<contender>& all);

} // namespace faas::sim
