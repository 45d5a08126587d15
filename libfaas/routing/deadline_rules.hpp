// How surely a site answers in time, and what is said when none does.
#pragma once

#include "libfaas/core/error.hpp"
#include "libfaas/routing/decision.hpp"

namespace faas::routing {

/// Probability that the event takes no longer than `ms`. Errors over their
/// predicted standard deviation are taken as normal, with the spread of the
/// learned 90 % interval and so that 95 % are below promise_sigmas: 0.95 is
/// calibrated (it is reached just when promised_ms() <= ms). Where the promise
/// is far beyond the interval, few events take very much longer than the rest;
/// then it is 0.9 at the interval's end, since 90 % are inside, and straight
/// from there to the promise. 0 for what is not a number, and below the
/// network's mean.
double chance_within(const prediction& of, double ms) noexcept;

/// The same as a quantile of the standard normal law, which costs a third:
/// chance_within() is its distribution function there. Minus infinity for a
/// chance of 0, plus infinity for 1.
double score_within(const prediction& of, double ms) noexcept;
/// The score of that chance, from 0 to 1; some microseconds.
double score_of(double chance) noexcept;

/// The healthy candidate that most likely takes no longer than `ms`; ties by
/// smaller total, then by site index. `chance`: its probability.
/// decision::none: there is none.
struct likely {
  uint8_t index = decision::none;
  double chance = 0;
};
likely likeliest_within(const decision& made, double ms) noexcept;

/// A share of the time that its deadline leaves to an event, beyond what it
/// would take with nothing before it; tuned in the simulator
/// (docs/results/deadlines.md).
inline constexpr double usual_patience = 0.25;

/// Whether the event would wait there for more than `patience` of what `ms`
/// leaves it: others crowd the site already. Never without a deadline.
bool waits_long(const prediction& of, double ms,
                double patience = usual_patience) noexcept;

/// Admission by promise, for any policy: some site answers within `ms` with
/// that probability. True without a deadline (ms is 0 or not a number).
bool can_promise(const decision& made, double ms, double share) noexcept;

/// What an event is told that is refused because no site answers within `ms`:
/// what was predicted, what was wanted, what to do. errc::overloaded (later it
/// may fit) when it is the waiting that is in the way, else
/// errc::deadline_exceeded. `names`: of the sites, in the order of the
/// candidates (missing: "#index").
error refusal(const decision& made, double ms,
              std::span<const std::string_view> names = {});

} // namespace faas::routing
