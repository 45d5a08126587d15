#include "libfaas/sim/single_servers.hpp"

#include <algorithm>

namespace faas::sim {

single_servers::single_servers(const site_law& law,
                               std::span<const function_law> functions,
                               bool informs)
  : law_(law), functions_(functions.begin(), functions.end()),
    informs_(informs), true_(law, functions), by_draws_(true_),
    load_(static_cast<double>(law.servers)),
    memoryless_(std::any_of(functions.begin(), functions.end(),
                            [](const auto& one) { return one.memoryless; })),
    memory_(law, functions) {}

/// By the laws: from now until a server is free for one more.
double single_servers::free_in_ms(double now) const noexcept {
  const auto closed = std::max(0.0, closed_until_ - now);
  if (!memoryless_)
    return std::max(closed, load_.free_in_ms(at(now)));
  const auto open = static_cast<double>(load_.in_flight()),
             servers = static_cast<double>(law_.servers);
  return closed
         + (open < servers
              ? 0
              : open_ms_ / open * (open - servers + 1) / servers);
}

double single_servers::expect(const draw& event, double there, double now,
                              knowledge what) const {
  const auto work = event.mean_work * law_.slowdown;
  if (what == knowledge::draws)
    return by_draws_.look(there, event.function, work).end - now;
  const auto waits = std::max(there - now, free_in_ms(now));
  const auto cold
    = memory_.look(event.function, there, now + waits).cold_ms;
  return waits + (work + cold) * law_.disturbance.at(there);
}

double single_servers::cold_ms(const draw& event, double there,
                               double now) const {
  if (memory_.always())
    return 0;
  const auto begin = now + std::max(there - now, free_in_ms(now));
  return memory_.look(event.function, there, begin).cold_ms
         * law_.disturbance.at(there);
}

double single_servers::ahead_ms(const draw&, double there, double now) const {
  const auto waits = free_in_ms(now) - (there - now);
  return std::max(0.0, waits) * static_cast<double>(law_.servers);
}

void single_servers::sent(draw& event, double there, double by_laws,
                          double now) {
  by_draws_.admit(there, event.function, event.work * law_.slowdown);
  if (!informs_)
    return;
  const auto begin = std::max(by_laws, now + free_in_ms(now));
  const auto cold = memory_.load(event.function, by_laws, begin).cold_ms;
  event.law_service = (event.mean_work * law_.slowdown + cold)
                      * law_.disturbance.at(by_laws);
  load_.start(event.law_service, std::max(by_laws, closed_until_) - now,
              at(now));
  open_ms_ += event.law_service;
  memory_.used(event.function,
               std::max(by_laws, closed_until_) + event.law_service);
}

void single_servers::returned(const draw& event, double back_ms, double now) {
  if (!informs_)
    return;
  load_.finish(event.law_service, back_ms, at(now));
  open_ms_ = load_.in_flight() == 0
               ? 0
               : std::max(0.0, open_ms_ - event.law_service);
}

void single_servers::arrive(uint32_t flight, const draw& event, double now,
                            std::vector<settled>& done) {
  if (event.give_up < never) {
    const auto first = true_.look(now, event.function, 0).begin;
    if (first > event.give_up) {
      done.push_back({flight, {now, first, first - now, 0, 0, true}});
      return;
    }
  }
  const auto served
    = true_.admit(now, event.function, event.work * law_.slowdown);
  done.push_back({flight,
                  {now, served.end, served.begin - now,
                   served.end - served.begin - served.cold_ms,
                   served.cold_ms}});
}

void single_servers::crash(double until) {
  true_ = by_draws_ = loading_station{law_, functions_, until};
  load_ = routing::site_load{static_cast<double>(law_.servers)};
  closed_until_ = until;
  open_ms_ = 0;
  memory_.clear();
}

} // namespace faas::sim
