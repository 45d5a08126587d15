// Which functions a site has in memory.
#pragma once

#include "libfaas/sim/scenario.hpp"

#include <memory>
#include <span>
#include <vector>

namespace faas::sim {

/// When an event begins, and how much of the time from then on passes with
/// loading its function; ms.
struct loading {
  double begin = 0, cold_ms = 0;
};

/// The functions that are loaded. One leaves when it has been idle for the
/// site's `keep`, and when its memory is needed: idle ones, the least recently
/// used first. Where all that could leave are in use, the event waits for them.
/// Uses are entered in the order in which they begin. A value; thread rule: one
/// owner.
class residency {
public:
  residency(const site_law& site, std::span<const function_law> functions);

  /// Functions are always loaded: neither `keep` nor `memory` is given.
  bool always() const noexcept { return rules_ == nullptr; }
  /// What becomes of an event that has come at `arrives`, and that a server has
  /// been free for since `begin`.
  loading look(size_t function, double arrives, double begin) const {
    return always() ? loading{begin, 0} : find(function, arrives, begin);
  }
  /// The same, and what it needs is loaded.
  loading load(size_t function, double arrives, double begin);
  /// That event uses its function until then.
  void used(size_t function, double until) noexcept;
  /// Nothing is loaded any more.
  void clear() noexcept;

private:
  struct rules {
    double bytes = 0;   ///< of the site; 0: without limit
    double keep_ms = 0; ///< 0: for ever
    std::vector<double> needs, load_ms; ///< by function
  };
  struct entry {
    bool loaded = false;
    double idle_from = 0; ///< the end of its last use
    double ready = 0;     ///< loaded by then
  };

  loading find(size_t function, double arrives, double begin) const;
  bool there(size_t function, double arrives) const noexcept;
  /// Those that have to leave before it, in order.
  std::vector<size_t> leaving(size_t function) const;
  void unload(size_t function) noexcept;

  std::shared_ptr<const rules> rules_; ///< copies share them
  std::vector<entry> entries_;         ///< by function
  double taken_ = 0;                   ///< bytes
};

} // namespace faas::sim
