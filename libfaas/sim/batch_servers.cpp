#include "libfaas/sim/batch_servers.hpp"

namespace faas::sim {
namespace {

/// A node charges an event its share of the batch; the rest of the time it has
/// waited for others (functions/host/call.cpp).
passage told(const batch& of, const batch_event& event) {
  const auto all = of.end - of.begin - of.cold_ms;
  const auto share = of.items > 0 ? event.items / of.items : 1;
  passage made;
  made.at_site = event.arrives;
  made.end = of.end;
  made.cold_ms = of.cold_ms;
  made.service_ms = all * share;
  made.queue_ms = of.begin - event.arrives + (all - made.service_ms);
  if (of.members.size() > 1) {
    made.batch_ms = all;
    made.batch_size = of.items;
  }
  return made;
}

batch_event as_batched(uint32_t id, const draw& event, double noise,
                       double arrives) {
  return {id, static_cast<uint32_t>(event.function), event.size, noise,
          arrives};
}

} // namespace

batch_servers::batch_servers(const site_law& law,
                             std::span<const function_law> functions,
                             bool informs)
  : law_(law), functions_(functions.begin(), functions.end()),
    informs_(informs), true_(law, functions), by_draws_(true_),
    by_laws_(true_) {}

double batch_servers::expect(const draw& event, double there, double now,
                             knowledge what) const {
  const auto& state = what == knowledge::draws ? by_draws_ : by_laws_;
  return state.look(as_batched(0, event, event.mean_noise, there)) - now;
}

double batch_servers::ahead_ms(const draw& event, double there,
                               double now) const {
  return by_laws_.ahead_ms(static_cast<uint32_t>(event.function), there, now);
}

double batch_servers::cold_ms(const draw& event, double there, double) const {
  return by_laws_.cold_ms(static_cast<uint32_t>(event.function), there);
}

void batch_servers::sent(draw& event, double there, double by_laws,
                         double now) {
  event.ticket = sent_++;
  by_draws_.add(as_batched(event.ticket, event, event.noise, there));
  by_draws_.go_on(now, begun_);
  if (informs_) {
    by_laws_.add(as_batched(event.ticket, event, event.mean_noise, by_laws));
    by_laws_.go_on(now, begun_);
  }
  begun_.clear();
}

void batch_servers::returned(const draw& event, double back_ms, double now) {
  if (!informs_)
    return;
  by_laws_.go_on(now, begun_);
  by_laws_.correct(event.ticket, now - back_ms);
  begun_.clear();
}

void batch_servers::arrive(uint32_t flight, const draw& event, double now,
                           std::vector<settled>& done) {
  if (now > event.give_up) // those that wait already are not looked at again
    done.push_back({flight, {now, now, 0, 0, 0, true}});
  else
    true_.add(as_batched(flight, event, event.noise, now));
  go_on(now, done);
}

void batch_servers::go_on(double now, std::vector<settled>& done) {
  true_.go_on(now, begun_);
  for (const auto& one : begun_) {
    auto behind = one.members.size();
    for (const auto& member : one.members) {
      done.push_back({member.id, told(one, member)});
      done.back().way.behind = --behind;
    }
  }
  begun_.clear();
}

void batch_servers::crash(double until) {
  true_ = by_draws_ = by_laws_ = batch_station{law_, functions_, until};
}

} // namespace faas::sim
