// Simulated queues against what queueing theory says of them, within 2 %.
#include "libfaas/sim/agenda.hpp"
#include "libfaas/sim/arrivals.hpp"
#include "libfaas/sim/batch_station.hpp"
#include "libfaas/sim/law.hpp"
#include "libfaas/sim/station.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

using namespace faas;
using namespace faas::sim;

namespace {

constexpr int events = 1'000'000;
constexpr int warm_up = 20'000;
constexpr double within = 2; // percent

/// Mean time in the system, ms: Poisson arrivals of `rate` per ms.
double mean_stay(double rate, size_t servers, const law& work, uint64_t seed) {
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  const auto source = poisson(rate * 1000);
  station site{servers};
  double sum = 0;
  for (int i = 0; i < events + warm_up; ++i) {
    const auto now = source->next(random);
    const auto served = site.admit(now, work.draw(random));
    if (i >= warm_up)
      sum += served.end - now;
  }
  return sum / events;
}

/// P(an event waits) in M/M/c with offered load a (Erlang C).
double erlang_c(double a, int servers) {
  double blocked = 1; // Erlang B by its recursion
  for (int k = 1; k <= servers; ++k)
    blocked = a * blocked / (k + a * blocked);
  const double rho = a / servers;
  return blocked / (1 - rho * (1 - blocked));
}

/// Mean stay in a queue whose one server takes all that wait, at most `most`,
/// with time(n): from the chain of what waits when a batch ends.
double batch_stay(double rate, size_t most, double (*time)(size_t)) {
  constexpr size_t states = 250;
  // arrivals[n][k]: P(k come during a batch of n)
  std::vector<std::vector<double>> arrive(most + 1);
  for (size_t n = 1; n <= most; ++n) {
    const double mean = rate * time(n);
    double p = std::exp(-mean);
    for (size_t k = 0; k < states; ++k) {
      arrive[n].push_back(p);
      p *= mean / static_cast<double>(k + 1);
    }
  }
  std::vector<double> now(states, 0), next(states);
  now[0] = 1;
  for (int turn = 0; turn < 3000; ++turn) {
    std::fill(next.begin(), next.end(), 0.0);
    for (size_t q = 0; q < states; ++q) {
      const size_t n = std::min(std::max<size_t>(q, 1), most);
      const size_t left = q > n ? q - n : 0;
      for (size_t k = 0; left + k < states; ++k)
        next[left + k] += now[q] * arrive[n][k];
    }
    double moved = 0;
    for (size_t q = 0; q < states; ++q)
      moved += std::abs(now[q] - next[q]);
    now.swap(next);
    if (moved < 1e-12)
      break;
  }
  double inside = 0, length = 0; // per cycle: number in the system times time
  for (size_t q = 0; q < states; ++q) {
    const size_t n = std::min(std::max<size_t>(q, 1), most);
    const double s = time(n);
    inside += now[q]
              * (static_cast<double>(std::max<size_t>(q, 1)) * s
                 + rate * s * s / 2);
    length += now[q] * (s + (q == 0 ? 1 / rate : 0));
  }
  return inside / length / rate; // Little
}

double line_time(size_t n) {
  return 4 + 0.5 * static_cast<double>(n);
}

double simulated_batch_stay(double rate, size_t most, uint64_t seed) {
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  const auto source = poisson(rate * 1000);
  batch_station site{most, [](double, size_t n) { return line_time(n); }};
  agenda<batch> running;
  std::vector<double> came;
  double sum = 0;
  int done = 0;
  auto arrival = source->next(random);
  while (done < events) {
    batch begun;
    if (running.empty() || arrival < running.next().when) {
      came.push_back(arrival);
      begun = site.arrive(arrival, static_cast<uint32_t>(came.size() - 1));
      arrival = source->next(random);
    } else {
      const auto over = running.take();
      for (const auto one : over.what.members)
        if (one >= warm_up) {
          sum += over.when - came[one];
          ++done;
        }
      begun = site.ended(over.when);
    }
    if (!begun.empty())
      running.add(begun.end, begun);
  }
  return sum / done;
}

} // namespace

BOOST_AUTO_TEST_SUITE(queues_test)

  BOOST_AUTO_TEST_CASE(m_m_1) {
    for (const double rho : {0.3, 0.7, 0.85}) {
      const double service = 10;
      const auto seen
        = mean_stay(rho / service, 1, law::exponential(service), 11);
      BOOST_CHECK_CLOSE(seen, service / (1 - rho), within);
    }
  }

  BOOST_AUTO_TEST_CASE(m_m_c) {
    for (const int servers : {2, 4, 16}) {
      const double service = 10, rho = 0.8;
      const double a = rho * servers;
      const auto expected
        = service + erlang_c(a, servers) * service / (servers - a);
      const auto seen
        = mean_stay(a / service, static_cast<size_t>(servers),
                    law::exponential(service), 12);
      BOOST_CHECK_CLOSE(seen, expected, within);
    }
  }

  BOOST_AUTO_TEST_CASE(m_d_1) {
    for (const double rho : {0.5, 0.8}) {
      const double service = 10;
      const auto seen = mean_stay(rho / service, 1, law::constant(service), 13);
      BOOST_CHECK_CLOSE(seen, service * (1 + rho / (2 * (1 - rho))), within);
    }
  }

  /// Pollaczek and Khinchine: any service time, by its second moment.
  BOOST_AUTO_TEST_CASE(m_g_1) {
    const double service = 10, sigma = 0.5, rho = 0.7;
    const double second = service * service * std::exp(sigma * sigma);
    const auto seen
      = mean_stay(rho / service, 1, law::log_normal(service, sigma), 14);
    const double rate = rho / service;
    BOOST_CHECK_CLOSE(seen, service + rate * second / (2 * (1 - rho)), within);
  }

  BOOST_AUTO_TEST_CASE(a_batch_queue) {
    for (const size_t most : {1, 8})
      for (const double load : {0.4, 0.8}) {
        // Of what full batches can do.
        const double rate = load * static_cast<double>(most) / line_time(most);
        const auto expected = batch_stay(rate, most, &line_time);
        BOOST_CHECK_CLOSE(simulated_batch_stay(rate, most, 15), expected,
                          within);
      }
  }

  /// The reference itself: one at a time it is M/D/1.
  BOOST_AUTO_TEST_CASE(the_chain_of_single_batches_is_m_d_1) {
    const double s = line_time(1), rho = 0.6;
    BOOST_CHECK_CLOSE(batch_stay(rho / s, 1, &line_time),
                      s * (1 + rho / (2 * (1 - rho))), 0.01);
  }

BOOST_AUTO_TEST_SUITE_END()
