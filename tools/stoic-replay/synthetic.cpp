#include "tools/stoic-replay/synthetic.hpp"

#include "libfaas/batches/student.hpp"

#include <algorithm>
#include <cmath>

namespace faas::stoic {
namespace {

double between(random_source& random, double least, double most) {
  return least + (most - least) * random.uniform();
}

double log_between(random_source& random, double least, double most) {
  return least * std::pow(most / least, random.uniform());
}

/// First-order autoregression of standard deviation `sd`.
struct wave {
  double phi, sd, now;

  wave(random_source& random, double phi, double sd)
    : phi(phi), sd(sd), now(sd * random.normal()) {}
  double step(random_source& random) {
    now = phi * now + sd * std::sqrt(1 - phi * phi) * random.normal();
    return now;
  }
};

/// Deployment of one runtime: log-normal around load and own state, heavy
/// tails, a few stuck ones, polled each 3 s.
struct deployments {
  double median, noise, stuck;
  double load_share; ///< of the cluster's load
  wave own;

  explicit deployments(random_source& random, double least, double most)
    : median(log_between(random, least, most)),
      noise(between(random, 0.05, 0.35)), stuck(between(random, 0, 0.02)),
      load_share(between(random, 0.5, 1)),
      own(random, between(random, 0.5, 0.98), between(random, 0.05, 0.4)) {}

  /// Without noise.
  double level(double load) const {
    return median * std::exp(load_share * load + own.now);
  }
  double draw(double load, random_source& random) const {
    double s = level(load) * std::exp(noise * batches::draw_tail(random));
    if (random.uniform() < stuck)
      s *= between(random, 4, 25);
    s = std::clamp(s, 5.0, 700.0);
    return 3.06 * std::ceil(s / 3.06) + 0.3 * random.uniform();
  }
};

/// Processing of one runtime: a line whose scale drifts and steps.
struct processing {
  forecast::straight_line line;
  double noise, tail, drift, steps, scale = 1;

  processing(const batches::runtime_spec& of, random_source& random)
    : line(of.profile) {
    const bool local = !of.deploys;
    line.slope
      *= local ? between(random, 0.6, 1.1) : std::exp(0.2 * random.normal());
    line.intercept
      *= local ? between(random, 0.2, 1.1) : std::exp(0.15 * random.normal());
    noise = local ? between(random, 0.01, 0.05) : between(random, 0.03, 0.12);
    tail = local ? 0.02 : between(random, 0.02, 0.08);
    drift = between(random, 0, 0.02);
    steps = between(random, 0, 0.02);
  }
  void step(random_source& random) {
    scale *= std::exp(drift * random.normal());
    if (random.uniform() < steps)
      scale *= std::exp(0.2 * random.normal());
    scale = std::clamp(scale, 0.6, 1.8);
  }
  double level(double items) const { return scale * line.at(items); }
  double draw(double items, random_source& random) const {
    double s = level(items) * std::exp(noise * random.normal());
    if (random.uniform() < tail)
      s *= between(random, 1.2, 2.0);
    return s;
  }
};

/// Which processing times of a batch were published.
void hide(measured_batch& one, random_source& random) {
  const int i = one.index;
  if (i <= 2 || i == 6 || (i >= 10 && i <= 33))
    return;
  const bool all = random.uniform() < 9.0 / 126;
  for (size_t r = 0; r < runtime_count; ++r)
    if (!all && random.uniform() > 0.07) {
      one.runtimes[r].process_s.reset();
      one.total_s[r].reset();
    }
}

} // namespace

synthetic draw_synthetic(const std::vector<batches::runtime_spec>& runtimes,
                         random_source& random, size_t batches) {
  wave load{random, between(random, 0.6, 0.98), between(random, 0.05, 0.35)};
  deployments deploys[]
    = {deployments{random, 12, 13}, deployments{random, 12, 28},
       deployments{random, 13, 30}, deployments{random, 14, 36}};
  std::vector<processing> lines;
  for (const auto& of : runtimes)
    lines.emplace_back(of, random);
  synthetic made;
  for (size_t b = 0; b < batches; ++b) {
    measured_batch one;
    one.index = static_cast<int>(b);
    // The authors' early generator of sizes.
    one.items = std::ceil(std::abs(42.75 + 39.5 * random.normal()));
    one.items = std::clamp(one.items, 1.0, 174.0);
    load.step(random);
    for (size_t r = 0; r < runtime_count; ++r) {
      deploys[r].own.step(random);
      lines[r].step(random);
      batches::outcome took;
      double deploy = 0, expected = lines[r].level(one.items);
      if (runtimes[r].deploys) {
        took.deploy_s = deploy = deploys[r].draw(load.now, random);
        expected += deploys[r].level(load.now);
      }
      took.process_s = lines[r].draw(one.items, random);
      one.total_s[r] = deploy + *took.process_s;
      one.runtimes.push_back(took);
      one.informed_s.push_back(expected);
    }
    one.best = static_cast<size_t>(
      std::min_element(one.total_s.begin(), one.total_s.end())
      - one.total_s.begin());
    one.chosen = one.best;
    made.whole.push_back(one);
    hide(one, random);
    made.seen.push_back(std::move(one));
  }
  return made;
}

} // namespace faas::stoic
