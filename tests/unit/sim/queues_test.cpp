// Simulated queues against what queueing theory says of them, within 2 %.
#include "libfaas/sim/arrivals.hpp"
#include "libfaas/sim/batch_station.hpp"
#include "libfaas/sim/law.hpp"
#include "libfaas/sim/loading_station.hpp"
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

/// A site with that batch law for one function of line_time().
batch_station batching(size_t most, size_t servers = 1, double window = 0) {
  site_law site;
  site.servers = servers;
  site.batch = batch_law{static_cast<double>(most), window, {}, {}};
  function_law function;
  function.ms_fixed = line_time(0);
  function.ms_per_unit = line_time(1) - line_time(0);
  return {site, std::vector{function}};
}

double simulated_batch_stay(double rate, batch_station site, uint64_t seed) {
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  const auto source = poisson(rate * 1000);
  std::vector<batch> begun;
  double sum = 0;
  int done = 0;
  for (uint32_t i = 0; done < events; ++i) {
    const auto now = source->next(random);
    site.add({i, 0, 1, 1, now});
    site.go_on(now, begun);
    for (const auto& one : begun)
      for (const auto& member : one.members)
        if (member.id >= warm_up) {
          sum += one.end - member.arrives;
          ++done;
        }
    begun.clear();
  }
  return sum / done;
}

/// A site where a function has to be loaded, one event at a time.
struct cold_run {
  double stay = 0, cold = 0; ///< mean, ms; share
};
cold_run cold_starts(const site_law& site,
                     const std::vector<function_law>& functions,
                     const std::vector<double>& rates, double work,
                     uint64_t seed) {
  BOOST_TEST_MESSAGE("seed " << seed);
  random_source random{seed};
  double rate = 0;
  for (const auto one : rates)
    rate += one;
  const auto source = poisson(rate * 1000);
  loading_station station{site, functions};
  cold_run seen;
  for (int i = 0; i < events + warm_up; ++i) {
    const auto now = source->next(random);
    auto which = random.uniform() * rate;
    size_t function = 0;
    while (function + 1 < rates.size() && which >= rates[function])
      which -= rates[function++];
    const auto served = station.admit(now, function, work);
    if (i < warm_up)
      continue;
    seen.stay += (served.end - now) / events;
    seen.cold += (served.cold_ms > 0) / static_cast<double>(events);
  }
  return seen;
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
        BOOST_CHECK_CLOSE(simulated_batch_stay(rate, batching(most), 15),
                          expected, within);
      }
  }

  /// The reference itself: one at a time it is M/D/1.
  BOOST_AUTO_TEST_CASE(the_chain_of_single_batches_is_m_d_1) {
    const double s = line_time(1), rho = 0.6;
    BOOST_CHECK_CLOSE(batch_stay(rho / s, 1, &line_time),
                      s * (1 + rho / (2 * (1 - rho))), 0.01);
  }

  /// With a server for everybody: the first waits for a second one, at most for
  /// the window, and who finds one waiting does not wait.
  BOOST_AUTO_TEST_CASE(a_window_for_two) {
    for (const double window : {1.0, 5.0, 20.0}) {
      const double rate = 0.1, met = -std::expm1(-rate * window);
      const auto service
        = ((1 - met) * line_time(1) + 2 * met * line_time(2)) / (1 + met);
      BOOST_CHECK_CLOSE(
        simulated_batch_stay(rate, batching(2, 12, window), 16),
        met / rate / (1 + met) + service, within);
    }
  }

  /// M/D/1 with a set-up (Welch 1964): who finds the server idle for longer
  /// than `keep` has its function loaded first.
  BOOST_AUTO_TEST_CASE(a_queue_that_grows_cold) {
    const double service = 10, load = 80, keep = 30;
    for (const double rho : {0.2, 0.5, 0.8}) {
      const double rate = rho / service, gone = std::exp(-rate * keep);
      site_law site;
      site.cold = {load, keep};
      const auto seen
        = cold_starts(site, std::vector<function_law>(1), {rate}, service, 17);
      // Per busy period, which begins with a cold start that often.
      const auto served
        = 1 + rate * (service + gone * load) / (1 - rate * service);
      BOOST_CHECK_CLOSE(seen.cold, gone / served, within);
      const auto wait = rate * service * service / (2 * (1 - rho))
                        + gone * (2 * load + rate * load * load)
                            / (2 * (1 + rate * gone * load));
      BOOST_CHECK_CLOSE(seen.stay, service + wait, within);
    }
  }

  /// Least recently used, independent requests (King 1971): with room for two,
  /// P(i was used last, j before it) = p_i p_j / (1 - p_i).
  BOOST_AUTO_TEST_CASE(memory_for_two_functions_of_four) {
    site_law site;
    site.memory_bytes = 250;
    site.cold.load_ms = 5;
    std::vector<function_law> functions(4);
    for (auto& one : functions)
      one.memory_bytes = 100;
    const std::vector<double> p{0.5, 0.25, 0.15, 0.1};
    std::vector<double> rates;
    double warm = 0;
    for (size_t i = 0; i < p.size(); ++i) {
      rates.push_back(p[i] * 0.05);
      for (size_t j = 0; j < p.size(); ++j)
        if (i != j)
          warm += p[i] * p[j] / (1 - p[i]) * (p[i] + p[j]);
    }
    const auto seen = cold_starts(site, functions, rates, 10, 18);
    BOOST_CHECK_CLOSE(seen.cold, 1 - warm, within);
  }

BOOST_AUTO_TEST_SUITE_END()
