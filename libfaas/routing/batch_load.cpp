#include "libfaas/routing/batch_load.hpp"

#include "libfaas/routing/queue_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace faas::routing {
namespace {

/// What is left at least of a batch that should have ended.
constexpr double late_share = 0.1;

} // namespace

batch_load::batch_load(double servers) {
  set_servers(servers);
  open_.reserve(most);
}

void batch_load::set_servers(double servers) noexcept {
  servers_ = server_count(servers);
}

void batch_load::run_until(double end) {
  busy_.push_back(end);
  std::push_heap(busy_.begin(), busy_.end(), std::greater<>{});
}

/// When the next server is; it is taken.
double batch_load::next_free() {
  if (busy_.size() < servers_)
    return since_;
  std::pop_heap(busy_.begin(), busy_.end(), std::greater<>{});
  const double free = busy_.back();
  busy_.pop_back();
  return std::max(free, since_);
}

/// A server that is free then takes that event, and those behind it that fit.
void batch_load::form(size_t from, double free) {
  auto& first = open_[from];
  const auto& terms = first.what.terms;
  const double taken = std::max(first.arrives, free);
  batch made{++numbers_, first.what, first.what.items, taken, taken, 0};
  first.batch = made.number;
  if (terms.joins(first.what.items)) {
    made.begins = taken + terms.window_ms;
    double last = taken;
    for (auto i = from + 1; i < open_.size() && made.items < terms.most; ++i) {
      auto& next = open_[i];
      if (next.batch != 0 || next.done
          || next.what.function != first.what.function
          || !next.what.terms.joins(next.what.items)
          || next.arrives > made.begins
          || made.items + next.what.items > terms.most)
        continue;
      next.batch = made.number;
      made.items += next.what.items;
      last = std::max(last, next.arrives);
    }
    if (made.items >= terms.most)
      made.begins = last;
  }
  made.ends = made.begins + first.what.takes(made.items);
  run_until(made.ends);
  batches_.push_back(made);
}

/// All that has not begun, first come first served.
void batch_load::plan() {
  busy_.clear();
  batches_.clear();
  for (const auto& one : running_)
    run_until(one.ends);
  for (auto& one : open_)
    if (!one.begun)
      one.batch = 0;
  const auto waits = [](const event& one) {
    return !one.done && one.batch == 0;
  };
  for (const auto& [ticket, taken, batch] : gathering_) {
    const auto first
      = std::find_if(open_.begin(), open_.end(), [&](const event& one) {
          return one.ticket == ticket && waits(one);
        });
    if (first != open_.end())
      form(static_cast<size_t>(first - open_.begin()), taken);
  }
  for (size_t i = 0; i < open_.size(); ++i)
    if (waits(open_[i]))
      form(i, next_free());
}

void batch_load::show(double now_ms) noexcept {
  outlook_.count = 0;
  outlook_.first_ms = 0;
  // The next event will find that these have begun.
  const double next_ms
    = open_.empty() ? now_ms : std::max(now_ms, open_.back().arrives);
  double takes = 0;
  for (const auto& one : batches_) {
    takes += one.ends - one.begins;
    if (one.begins <= now_ms || beyond_ > 0)
      continue;
    if (outlook_.first_ms == 0 && one.begins > next_ms)
      outlook_.first_ms = one.taken;
    const auto& of = one.first;
    if (!of.terms.joins(of.items) || one.items >= of.terms.most)
      continue;
    outlook_.count = std::min(outlook_.count + 1, batch_outlook::most);
    outlook_.open[outlook_.count - 1] = {of.function, one.begins, one.items};
  }
  for (const auto& one : running_)
    takes += one.ends - one.begins;
  const auto all = batches_.size() + running_.size();
  const auto servers = static_cast<double>(servers_);
  const bool all_busy = busy_.size() >= servers_;
  outlook_.free_ms = !all_busy && beyond_ == 0
                       ? 0
                       : (all_busy ? busy_.front() : since_)
                           + beyond_ms_ / servers;
  outlook_.least_ms
    = all == 0 ? 0 : late_share * takes / static_cast<double>(all);
}

uint64_t batch_load::start(const batched_event& what, double transit_ms,
                           time_point now) {
  const double arrives = ms(now) + std::max(0.0, transit_ms);
  const auto ticket = ++tickets_;
  if (open_.size() < most && beyond_ == 0) { // else behind those
    open_.push_back({ticket, what, arrives, arrives});
    plan();
  } else {
    ++beyond_;
    beyond_ms_ += what.share();
  }
  show(ms(now));
  return ticket;
}

std::optional<uint64_t>
batch_load::find_alone(double service_ms) const noexcept {
  for (const auto& one : open_)
    if (!one.what.terms.batches() && one.what.fixed_ms == service_ms)
      return one.ticket;
  return std::nullopt;
}

/// It was in the batch that is back, if that has room for it.
void batch_load::count_as_gone(event& one, double& items,
                               double all) noexcept {
  constexpr double grain = 0.01; // of an event's size
  const auto& what = one.what;
  if (one.done || !what.terms.joins(what.items)
      || items + (1 - grain) * what.items > all)
    return;
  items += what.items;
  one.done = true;
}

/// Those that were in the batch of one that is back are `done`: those that were
/// by plan and, if it began later, those behind that had come by then; no more
/// than it had. False when it is not known that a server is free for it.
bool batch_load::ends_with(const event& gone, double left,
                           const batch_return& how) {
  const auto with = [&](const event& one) {
    return !one.done && one.batch == gone.batch;
  };
  if (how.inside_ms < 0)
    return std::none_of(open_.begin(), open_.end(), with);
  const double begun = left - how.batch_ms;
  double items = gone.what.items;
  for (auto& one : open_)
    if (one.batch == gone.batch)
      count_as_gone(one, items, how.batch_items);
  for (auto& one : open_)
    if (one.batch > gone.batch && one.what.function == gone.what.function
        && one.arrives <= begun)
      count_as_gone(one, items, how.batch_items);
  if (servers_ == 1) // what was before it has ended, too, and is on its way
    for (auto& one : open_)
      one.done = one.done || one.batch < gone.batch;
  return true;
}

const batch_load::batch* batch_load::find(uint64_t number) const noexcept {
  for (const auto* all : {&running_, &batches_})
    for (const auto& one : *all)
      if (one.number == number)
        return &one;
  return nullptr;
}

/// It stays in the batch that it is in, if that is among those kept.
bool batch_load::stays(event& one, std::vector<batch>& kept) const noexcept {
  for (auto& other : kept)
    if (other.number == one.batch) {
      other.items += one.what.items;
      one.begun = true;
    }
  return one.begun;
}

/// What servers had taken by `since_` stays with them: no more than so many
/// batches. Of those that had begun no event has returned; others may still join
/// the rest.
void batch_load::keep_taken(size_t most_of_them) {
  std::vector<batch> kept;
  gathering_.clear();
  for (auto& one : open_) {
    one.begun = false;
    if (one.done || stays(one, kept) || gathered_by(one.batch))
      continue;
    const auto* planned = find(one.batch);
    if (planned == nullptr || planned->taken > since_
        || kept.size() + gathering_.size() >= most_of_them)
      continue;
    if (planned->begins > since_) {
      gathering_.push_back({one.ticket, planned->taken, one.batch});
      continue;
    }
    kept.push_back(*planned);
    kept.back().items = one.what.items;
    one.begun = true;
  }
  for (auto& one : kept) {
    const double takes = one.first.takes(one.items);
    one.ends = one.begins + takes;
    if (one.ends < since_) // it is late
      one.ends = since_ + late_share * takes;
  }
  running_ = std::move(kept);
}

bool batch_load::gathered_by(uint64_t batch) const noexcept {
  return std::any_of(gathering_.begin(), gathering_.end(),
                     [&](const auto& one) { return one.batch == batch; });
}

/// Whether the batch that an event is back of is the one of the last return; ways
/// back differ a little.
bool batch_load::same_as_last(double begun, double took) noexcept {
  const bool same = took > 0 && took == last_took_
                    && std::abs(begun - last_begun_) < took / 2;
  last_took_ = took;
  if (!same)
    last_begun_ = begun;
  return same;
}

/// What the return of one that was sent before `behind` tells of the others.
void batch_load::learn(const event& gone, std::vector<event>::iterator behind,
                       const batch_return& how, double left) {
  const bool again = same_as_last(left - how.batch_ms, how.batch_ms);
  if (gone.done)
    return;
  if (how.inside_ms >= 0)
    for (auto one = behind; one != open_.end(); ++one)
      one->arrives = one->expected + left - how.inside_ms - gone.expected;
  if (!again) // else the batch's first to return has told
    since_ = std::max(since_, left);
  const bool free = again || ends_with(gone, left, how);
  keep_taken(free ? servers_ - 1 : servers_);
  plan();
}

uint32_t batch_load::finish(uint64_t ticket, const batch_return& how,
                            time_point now) {
  const double left = ms(now) - std::max(0.0, how.back_ms);
  const auto found
    = std::find_if(open_.begin(), open_.end(),
                   [&](const event& one) { return one.ticket == ticket; });
  if (found != open_.end()) {
    const auto gone = *found;
    learn(gone, open_.erase(found), how, left);
  } else if (beyond_ > 0) {
    beyond_ms_ -= beyond_ms_ / beyond_;
    --beyond_;
    since_ = std::max(since_, left);
  }
  show(ms(now));
  const auto there
    = std::count_if(open_.begin(), open_.end(), [&](const event& one) {
        return !one.done && one.arrives <= since_;
      });
  return static_cast<uint32_t>(there) + beyond_;
}

} // namespace faas::routing
