// The log of decisions: where gateway loops leave them, and where people ask.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/decisions/record.hpp"

#include <string>
#include <vector>

namespace faas {

/// Takes what gateway loops noted.
class decision_sink {
public:
  virtual ~decision_sink() = default;
  /// Any thread; returns at once. What finds no room is counted and dropped:
  /// the log never harms an event.
  virtual void take(decisions::batch&& what) = 0;
};

/// How the log of this node is set, and how it does.
struct decision_log_status {
  double share = 0;      ///< of the events, as configured; 0: off
  double per_second = 0; ///< bound; 0: none
  uint64_t records = 0;  ///< since the start
  uint64_t dropped = 0;
  uint64_t bytes = 0; ///< of the files
  std::string off;    ///< why nothing is written; empty: it is
  int64_t oldest_us = 0; ///< of what is in memory; 0: nothing
};

struct decision_segment {
  uint64_t number = 0; ///< counts up
  uint64_t bytes = 0;
};

/// Attempts at one event, as another node has logged them.
struct told_decisions {
  node_name by; ///< that took the event; empty: nobody tells
  std::vector<decisions::record> attempts;
};

/// Decisions of the events that this node took. Thread safe. Calls that read
/// files may block.
class decision_book {
public:
  virtual ~decision_book() = default;
  virtual decision_log_status status() const = 0;
  /// All attempts at that event, in order; empty when there is none. Reads
  /// files.
  virtual std::vector<decisions::record> find(const call_id& id) = 0;
  /// Those in memory, newest first; of all functions when the name is empty.
  virtual std::vector<decisions::record> newest(const std::string& function,
                                                size_t limit) const
    = 0;
  /// The files, oldest first.
  virtual std::vector<decision_segment> segments() const = 0;
  /// One file whole; errc::not_found. Reads files.
  virtual result<std::string> segment(uint64_t number) const = 0;
};

} // namespace faas
