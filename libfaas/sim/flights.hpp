// The events under way in a run.
#pragma once

#include "libfaas/sim/gateway.hpp"
#include "libfaas/sim/site_servers.hpp"
#include "libfaas/sim/world.hpp"

#include <optional>
#include <utility>
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
  std::optional<uint32_t> twin; ///< the event's other start, while both go on
  bool beaten = false;          ///< the other one has answered
  std::optional<size_t> told;   ///< then: record of the event
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

  /// A second start of that event, which is sent now.
  uint32_t open_second(uint32_t first, draw event, sending how, double now) {
    const auto number = open();
    auto& it = all_[number];
    auto& other = all_[first];
    other.seen.twice = true;
    it.seen = other.seen;
    it.seen.site = how.site;
    it.event = event;
    it.how = std::move(how);
    it.sent = now;
    it.twin = first;
    other.twin = number;
    return number;
  }
  /// A start has ended, with an answer or without. False: that of the event's
  /// other start counts, or will.
  bool counts(uint32_t number, bool answered) noexcept {
    auto& it = all_[number];
    if (it.beaten || !it.twin)
      return !it.beaten;
    auto& other = all_[*std::exchange(it.twin, std::nullopt)];
    other.twin.reset();
    other.beaten = answered;
    return answered;
  }

  flight& operator[](uint32_t number) noexcept { return all_[number]; }
  /// All places, those that are not open as well.
  std::vector<flight>& places() noexcept { return all_; }

private:
  std::vector<flight> all_;
  std::vector<uint32_t> free_;
};

} // namespace faas::sim
