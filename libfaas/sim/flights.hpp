// The events under way in a run.
#pragma once

#include "libfaas/sim/gateway.hpp"
#include "libfaas/sim/site_servers.hpp"
#include "libfaas/sim/world.hpp"

#include <vector>

namespace faas::sim {

/// An event under way.
struct flight {
  draw event;
  record seen;
  passage way; ///< once it is known
  sending how;
  double sent = 0;  ///< this time
  double found = 0; ///< events at the site when it came
  size_t left = 0;  ///< and when it had been served
  uint32_t attempt = 0;
  bool open = false, there = false, lost = false;
};

/// Their places are used again; what the agenda holds of an earlier one is told
/// by its attempt. Thread rule: one owner.
class flights {
public:
  /// Number of a new one. References do not last.
  uint32_t open() {
    if (free_.empty()) {
      all_.emplace_back().open = true;
      return static_cast<uint32_t>(all_.size() - 1);
    }
    const auto number = free_.back();
    free_.pop_back();
    auto& it = all_[number];
    const auto attempt = it.attempt + 1;
    it = {};
    it.attempt = attempt;
    it.open = true;
    return number;
  }
  void close(uint32_t number) {
    all_[number].open = false;
    free_.push_back(number);
  }

  flight& operator[](uint32_t number) noexcept { return all_[number]; }
  /// All places, those that are not open as well.
  std::vector<flight>& places() noexcept { return all_; }

private:
  std::vector<flight> all_;
  std::vector<uint32_t> free_;
};

} // namespace faas::sim
