#include "functions/builtin/window.hpp"

#include <algorithm>
#include <cmath>

namespace faas::builtin {
namespace {

constexpr int64_t most_state = 100'000; // panes
constexpr int64_t most_panes = 1000;    // of a window
constexpr size_t most_events = 100'000; // of a call
constexpr double latest_time = 9e15; // ms; a double holds it exactly

error wrong(std::string why, std::string_view setting) {
  return {errc::invalid_argument, std::move(why),
          "mend environment." + std::string{setting} + " in the manifest"};
}

int64_t floor_div(int64_t a, int64_t b) noexcept {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// A number of events, or a time.
result<int64_t> extent(const settings& from, std::string_view name,
                       int64_t fallback, bool& by_time) {
  const auto text = trimmed(from(name));
  if (text.empty())
    return fallback;
  const auto time = milliseconds_of(text);
  by_time = time > 0;
  if (by_time)
    return time;
  auto count = whole_number(from, name, fallback, 1, most_state);
  if (!count)
    return wrong(std::string{name} + " must be a number of events from 1 to "
                   + std::to_string(most_state) + " or a time such as 10s",
                 name);
  return count;
}

result<int64_t> time_span(const settings& from, std::string_view name,
                          int64_t fallback) {
  const auto text = trimmed(from(name));
  if (text.empty() || text == "0")
    return text.empty() ? fallback : 0;
  const auto time = milliseconds_of(text);
  if (time < 0)
    return wrong(std::string{name} + " must be a time such as 500ms or 10s",
                 name);
  return time;
}

result<bool> read_pointer(const settings& from, std::string_view name,
                          pointer& out) {
  const auto text = trimmed(from(name));
  if (text.empty())
    return false;
  auto read = pointer::parse(text);
  if (!read)
    return wrong(std::string{name} + ": " + read.error().message, name);
  out = std::move(*read);
  return true;
}

} // namespace

void aggregate::add(double value) noexcept {
  add(aggregate{1, value, value, value});
}

void aggregate::add(const aggregate& other) noexcept {
  if (other.count == 0)
    return;
  least = count == 0 ? other.least : std::min(least, other.least);
  most = count == 0 ? other.most : std::max(most, other.most);
  count += other.count;
  sum += other.sum;
}

result<window_options> window_options::make(const settings& from) {
  window_options out;
  auto size = extent(from, "SIZE", 100, out.by_time);
  if (!size)
    return size.error();
  bool slide_by_time = out.by_time;
  auto slide = extent(from, "SLIDE", *size, slide_by_time);
  if (!slide)
    return slide.error();
  if (slide_by_time != out.by_time || *slide > *size || *size % *slide != 0)
    return wrong("SIZE must be a multiple of SLIDE, both events or both times",
                 "SLIDE");
  out.size = *size;
  out.slide = *slide;
  const auto keys = whole_number(from, "MAX_KEYS", 1000, 1, most_state);
  const auto lateness = time_span(from, "LATENESS", 0);
  const auto ahead = time_span(from, "AHEAD", out.ahead);
  for (const auto* number : {&keys, &lateness, &ahead})
    if (!*number)
      return number->error();
  out.keys = static_cast<size_t>(*keys);
  out.lateness = *lateness;
  out.ahead = *ahead;
  const auto panes
    = out.size / out.slide + (out.by_time ? out.lateness / out.slide + 2 : 0);
  if (panes > most_panes)
    return wrong("(SIZE + LATENESS) / SLIDE is over "
                   + std::to_string(most_panes),
                 "SLIDE");
  if (*keys * panes > most_state)
    return wrong("MAX_KEYS times (SIZE + LATENESS) / SLIDE is over "
                   + std::to_string(most_state),
                 "MAX_KEYS");
  const auto key = read_pointer(from, "KEY", out.key);
  const auto value = read_pointer(from, "VALUE", out.value);
  const auto time = read_pointer(from, "TIME", out.time);
  for (const auto* read : {&key, &value, &time})
    if (!*read)
      return read->error();
  out.has_key = *key;
  out.has_value = *value;
  out.has_time = *time;
  return out;
}

result<windows::taken> windows::take(const json& event, size_t number,
                                     int64_t now) const {
  const auto bad = [&](std::string why) {
    return error{errc::invalid_argument,
                 "event " + std::to_string(number) + ": " + std::move(why)};
  };
  taken out;
  out.time = now;
  if (how_.has_key) {
    const auto* key = how_.key.find(event);
    if (!key || key->is_structured())
      return bad("KEY points at nothing, or at a list or object");
    out.key = key->dump();
    if (out.key.size() > 256)
      return bad("its key is longer than 256 bytes");
  }
  if (how_.has_value) {
    const auto* value = how_.value.find(event);
    if (!value || !value->is_number())
      return bad("VALUE does not point at a number");
    out.value = value->get<double>();
  }
  if (how_.has_time) {
    const auto* time = how_.time.find(event);
    if (!time || !time->is_number()
        || !(std::abs(time->get<double>()) <= latest_time))
      return bad("TIME does not point at milliseconds since 1970");
    out.time = static_cast<int64_t>(std::floor(time->get<double>()));
    if (out.time - how_.ahead > now)
      return bad("its time is in the future");
  }
  return out;
}

result<windows::closed> windows::add(const std::vector<json>& events,
                                     int64_t now) {
  if (events.size() > most_events)
    return {errc::too_large,
            "more than " + std::to_string(most_events) + " events",
            "send fewer at a time"};
  std::vector<taken> all;
  for (const auto& event : events) {
    auto one = take(event, all.size() + 1, now);
    if (!one)
      return one.error();
    all.push_back(std::move(*one));
  }
  closed out;
  for (const auto& event : all)
    if (how_.by_time)
      add_timed(event, out);
    else
      add_counted(state_of(event.key, out), event, out);
  return out;
}

windows::state& windows::state_of(const std::string& key, closed& out) {
  auto found = keys_.find(key);
  if (found != keys_.end()) {
    order_.splice(order_.end(), order_, found->second.place);
    return found->second;
  }
  if (keys_.size() >= how_.keys) {
    const auto oldest = keys_.find(order_.front());
    const auto& kept = oldest->second.panes;
    if (!kept.empty())
      emit(oldest->first, oldest->second, kept.back().index + 1, out, true);
    order_.pop_front();
    keys_.erase(oldest);
  }
  found = keys_.emplace(key, state{}).first;
  found->second.place = order_.insert(order_.end(), key);
  return found->second;
}

void windows::add_counted(state& to, const taken& event, closed& out) {
  const auto index = to.seen++ / how_.slide;
  if (to.panes.empty() || to.panes.back().index != index)
    to.panes.push_back({index, {}});
  to.panes.back().total.add(event.value);
  if (to.seen % how_.slide != 0)
    return;
  if (to.seen >= how_.size) {
    emit(event.key, to, index + 1, out, false);
    to.panes.pop_front();
  }
}

void windows::add_timed(const taken& event, closed& out) {
  latest_ = std::max(latest_, event.time);
  const auto until = floor_div(latest_ - how_.lateness, how_.slide);
  if (until > open_)
    close_until(until, out);
  const auto index = floor_div(event.time, how_.slide);
  if (index < open_) {
    ++out.late;
    return;
  }
  auto& panes = state_of(event.key, out).panes;
  auto at = std::lower_bound(
    panes.begin(), panes.end(), index,
    [](const pane& a, int64_t b) { return a.index < b; });
  if (at == panes.end() || at->index != index)
    at = panes.insert(at, {index, {}});
  at->total.add(event.value);
}

/// Closes all windows whose panes are all before `until`.
void windows::close_until(int64_t until, closed& out) {
  for (auto at = keys_.begin(); at != keys_.end();) {
    auto& [key, kept] = *at;
    auto& panes = kept.panes;
    for (auto end = open_; !panes.empty();) {
      end = std::max(end, panes.front().index) + 1; // passes over what is empty
      if (end > until)
        break;
      emit(key, kept, end, out, false);
      while (!panes.empty() && panes.front().index <= end - this->panes())
        panes.pop_front();
    }
    if (panes.empty()) {
      order_.erase(kept.place);
      at = keys_.erase(at);
    } else {
      ++at;
    }
  }
  open_ = until;
}

/// The window of the panes before `end`.
void windows::emit(const std::string& key, const state& from, int64_t end,
                   closed& out, bool early) const {
  aggregate total;
  for (const auto& pane : from.panes)
    if (pane.index < end && pane.index >= end - panes())
      total.add(pane.total);
  if (total.count == 0)
    return;
  auto window = json::object();
  if (how_.has_key)
    window["key"] = json::parse(key);
  window["count"] = total.count;
  if (how_.has_value) {
    window["sum"] = total.sum;
    window["min"] = total.least;
    window["max"] = total.most;
    window["mean"] = total.sum / static_cast<double>(total.count);
  }
  if (how_.by_time) {
    window["start"] = end * how_.slide - how_.size;
    window["end"] = end * how_.slide;
  }
  if (early)
    window["early"] = true;
  out.windows.push_back(std::move(window));
}

} // namespace faas::builtin
