#include "libfaas/sim/batch_station.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace faas::sim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

bool has(std::span<const batch_event> all, uint32_t id) noexcept {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& one) { return one.id == id; });
}

template <class Events>
bool remove(Events& from, uint32_t id) {
  return std::erase_if(from, [&](const auto& one) { return one.id == id; }) > 0;
}

} // namespace

batch_station::batch_station(const site_law& site,
                             std::span<const function_law> functions,
                             double from)
  : memory_(site, functions), servers_(std::max<size_t>(site.servers, 1)) {
  rules made{*site.batch, site.disturbance, {}, {}};
  for (const auto& one : functions) {
    made.base_ms.push_back(site.slowdown
                           * made.law.base_ms.value_or(one.ms_fixed));
    made.item_ms.push_back(site.slowdown
                           * made.law.item_ms.value_or(one.ms_per_unit));
  }
  rules_ = std::make_shared<const rules>(std::move(made));
  if (from > 0)
    for (auto& one : servers_) {
      one.what = server::doing::running;
      one.until = from;
    }
}

void batch_station::add(const batch_event& event) {
  const auto later = std::partition_point(
    coming_.begin(), coming_.end(),
    [&](const auto& one) { return one.arrives > event.arrives; });
  coming_.insert(later, event);
}

double batch_station::next() const noexcept {
  auto soonest = coming_.empty() ? never : coming_.back().arrives;
  for (const auto& one : servers_)
    if (one.what != server::doing::nothing)
      soonest = std::min(soonest, one.until);
  return soonest;
}

void batch_station::go_on(double until, std::vector<batch>& begun) {
  for (auto now = next(); now <= until && now < never; now = next())
    happen(now, begun);
}

void batch_station::happen(double now, std::vector<batch>& begun) {
  for (auto& one : servers_) {
    if (one.what == server::doing::nothing || one.until > now)
      continue;
    if (one.what == server::doing::gathering)
      return begin(one, now, begun);
    one.before.clear();
    for (const auto& member : one.now.members)
      one.before.push_back(member.id);
    one.before_end = now;
    return take(one, now, begun);
  }
  const auto event = coming_.back();
  coming_.pop_back();
  arrive(event, now, begun);
}

void batch_station::arrive(const batch_event& event, double now,
                           std::vector<batch>& begun) {
  server* idle = nullptr;
  for (auto& one : servers_) {
    if (one.what == server::doing::gathering && join(one, event)) {
      if (full(one))
        begin(one, now, begun);
      return;
    }
    if (idle == nullptr && one.what == server::doing::nothing)
      idle = &one;
  }
  waiting_.push_back(event);
  if (idle != nullptr)
    take(*idle, now, begun);
}

void batch_station::take(server& by, double now, std::vector<batch>& begun) {
  by.now = {};
  by.what = server::doing::nothing;
  if (waiting_.empty())
    return;
  by.what = server::doing::gathering;
  // After a correction it may have been free before the first came.
  now = std::max(now, waiting_.front().arrives);
  by.until = now + rules_->law.window_ms;
  gather(by, now, begun);
}

void batch_station::gather(server& by, double now, std::vector<batch>& begun) {
  for (auto one = waiting_.begin();
       one != waiting_.end() && (by.now.empty() || !full(by));)
    if (one->arrives <= by.until && join(by, *one))
      one = waiting_.erase(one);
    else
      ++one;
  if (full(by) || by.until <= now)
    begin(by, now, begun);
}

bool batch_station::join(server& by, const batch_event& event) const {
  auto& to = by.now;
  if (!to.empty()
      && (full(by) || event.items <= 0
          || to.members.front().function != event.function
          || to.items + event.items > rules_->law.most))
    return false;
  to.members.push_back(event);
  to.items += event.items;
  return true;
}

void batch_station::begin(server& by, double now, std::vector<batch>& begun) {
  const auto& first = by.now.members.front();
  const auto of = first.function;
  const auto how = memory_.load(of, first.arrives, now);
  const auto work = first.noise
                    * (rules_->base_ms[of] + rules_->item_ms[of] * by.now.items);
  by.now.begin = how.begin;
  by.now.cold_ms = how.cold_ms;
  by.now.end = rules_->slowdown.done(how.begin, work + how.cold_ms);
  memory_.used(of, by.now.end);
  by.what = server::doing::running;
  by.until = by.now.end;
  begun.push_back(by.now);
}

double batch_station::look(batch_event event) const {
  event.id = ~uint32_t{0};
  auto copy = *this;
  copy.add(event);
  std::vector<batch> begun;
  for (auto now = copy.next(); now < never; now = copy.next()) {
    begun.clear();
    copy.go_on(now, begun);
    for (const auto& one : begun)
      if (has(one.members, event.id))
        return one.end;
  }
  return never; // not reached: each event has its turn
}

double batch_station::ahead_ms(uint32_t function, double there,
                               double now) const {
  auto copy = *this;
  std::vector<batch> begun;
  copy.go_on(now, begun);
  double sum = 0;
  const auto add = [&](const batch_event& one) {
    if (one.arrives <= there)
      sum += one.noise * rules_->share_ms(one.function, one.items);
  };
  std::for_each(copy.coming_.begin(), copy.coming_.end(), add);
  std::for_each(copy.waiting_.begin(), copy.waiting_.end(), add);
  for (const auto& one : copy.servers_)
    if (one.what == server::doing::gathering)
      std::for_each(one.now.members.begin(), one.now.members.end(), add);
  return std::max(0.0, sum - rules_->share_ms(function, rules_->law.most));
}

bool batch_station::correct(server& by, uint32_t id, double end) {
  using enum server::doing;
  if (by.what == running && has(by.now.members, id)) {
    by.until = std::min(by.until, end);
    by.now.members.clear(); // once for all of them
    return true;
  }
  if (by.what == gathering && remove(by.now.members, id)) {
    by.now.items = 0;
    for (const auto& one : by.now.members)
      by.now.items += one.items;
    if (by.now.empty()) {
      by.what = running;
      by.until = end;
    }
    return true;
  }
  if (std::find(by.before.begin(), by.before.end(), id) == by.before.end())
    return false;
  by.before.clear();
  if (by.what != nothing) { // it cannot have been taken before
    const auto taken
      = by.what == running ? by.now.begin : by.until - rules_->law.window_ms;
    by.until += std::max(0.0, end - taken);
  }
  return true;
}

void batch_station::correct(uint32_t id, double end) {
  if (remove(coming_, id) || remove(waiting_, id))
    return;
  for (auto& one : servers_)
    if (correct(one, id, end))
      return;
}

} // namespace faas::sim
