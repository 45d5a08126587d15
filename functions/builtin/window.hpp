// Aggregation windows over events, by key.
#pragma once

#include "functions/builtin/json_input.hpp"
#include "functions/builtin/settings.hpp"

#include <deque>
#include <list>
#include <map>
#include <optional>

namespace faas::builtin {

struct aggregate {
  uint64_t count = 0;
  double sum = 0, least = 0, most = 0;
  void add(double value) noexcept;
  void add(const aggregate& other) noexcept;
};

struct window_options {
  bool by_time = false;
  int64_t size = 0;     ///< events, or milliseconds
  int64_t slide = 0;    ///< divides size; = size: tumbling
  size_t keys = 1000; ///< the one not seen for longest goes for a new one
  int64_t lateness = 0; ///< ms that time waits for late events
  int64_t ahead = 60'000; ///< ms that an event's time may be after `now`
  pointer key, value, time;
  bool has_key = false, has_value = false, has_time = false;

  /// SIZE ("100" events or "10s"), SLIDE (SIZE), KEY, VALUE, TIME (pointers;
  /// time in milliseconds since 1970), MAX_KEYS, LATENESS, AHEAD.
  /// errc::invalid_argument; also when (size + lateness) / slide is over 1000,
  /// or that times MAX_KEYS over 100,000.
  static result<window_options> make(const settings& from);
};

/// State of one instance; calls one at a time. A window is cut into panes of
/// `slide`; each key keeps the panes of one window (and of LATENESS), which
/// bounds the memory.
class windows {
public:
  explicit windows(window_options how) : how_(std::move(how)) {}

  struct closed {
    std::vector<json> windows; ///< {key, count, sum, min, max, mean, ...}
    size_t late = 0;           ///< events whose window was closed already
  };
  /// Takes all events or, when one is wrong, none. `now`: milliseconds since
  /// 1970; the time of events without one. By count a window closes with its
  /// last event; by time all keys' windows close when any event is later
  /// than their end. A key that has to go gives its last window early.
  /// errc::invalid_argument names the event; errc::too_large over 100,000.
  result<closed> add(const std::vector<json>& events, int64_t now);
  size_t keys() const noexcept { return keys_.size(); }

private:
  struct pane {
    int64_t index = 0;
    aggregate total;
  };
  struct state {
    std::deque<pane> panes;
    int64_t seen = 0; ///< events, by count
    std::list<std::string>::iterator place;
  };
  struct taken {
    std::string key; ///< as JSON text
    double value = 0;
    int64_t time = 0;
  };

  result<taken> take(const json& event, size_t number, int64_t now) const;
  state& state_of(const std::string& key, closed& out);
  void add_counted(state& to, const taken& event, closed& out);
  void add_timed(const taken& event, closed& out);
  void close_until(int64_t pane, closed& out);
  void emit(const std::string& key, const state& from, int64_t end,
            closed& out, bool early) const;
  int64_t panes() const noexcept { return how_.size / how_.slide; }

  window_options how_;
  std::map<std::string, state> keys_;
  std::list<std::string> order_; ///< of keys; not seen for longest first
  int64_t latest_ = INT64_MIN;   ///< time of the latest event
  int64_t open_ = INT64_MIN;     ///< panes before this one are closed
};

} // namespace faas::builtin
