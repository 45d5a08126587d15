#include "libfaas/scaling/idle_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace faas::scaling {
namespace {

/// Each one counts by this much more than the one before.
constexpr float growth = 256.0F / 255.0F;
/// Where all weights are divided: far from what a float can hold.
constexpr float heavy = 1e6F;

const double log_range
  = std::log(static_cast<double>(idle_histogram::most.count())
             / static_cast<double>(idle_histogram::least.count()));

} // namespace

size_t idle_histogram::bin_of(duration idle) noexcept {
  const auto ratio = static_cast<double>(idle.count())
                     / static_cast<double>(least.count());
  const auto at = std::log(ratio) / log_range * static_cast<double>(bins);
  return std::min(static_cast<size_t>(std::max(at, 0.0)), bins - 1);
}

duration idle_histogram::edge(size_t bin) noexcept {
  if (bin >= bins)
    return most;
  const auto part = static_cast<double>(bin) / static_cast<double>(bins);
  return duration{static_cast<int64_t>(static_cast<double>(least.count())
                                       * std::exp(log_range * part))};
}

void idle_histogram::add(duration idle) noexcept {
  if (idle < least)
    return;
  if (idle >= most)
    beyond_ += weight_;
  else
    counts_[bin_of(idle)] += weight_;
  weight_ *= growth;
  if (weight_ < heavy)
    return;
  for (auto& count : counts_)
    count /= heavy;
  beyond_ /= heavy;
  weight_ /= heavy;
}

double idle_histogram::total() const noexcept {
  double sum = beyond_;
  for (const auto count : counts_)
    sum += count;
  return sum;
}

double idle_histogram::seen() const noexcept {
  return total() / weight_ * growth;
}

double idle_histogram::beyond() const noexcept {
  const auto all = total();
  return all > 0 ? beyond_ / all : 0;
}

double idle_histogram::concentration() const noexcept {
  double sum = 0, squares = 0;
  for (const double count : counts_) {
    sum += count;
    squares += count * count;
  }
  if (sum <= 0)
    return 0;
  const auto n = static_cast<double>(bins);
  return std::sqrt(std::max(n * squares / (sum * sum) - 1, 0.0));
}

size_t idle_histogram::bin_at(double q) const noexcept {
  const auto wanted = q * total();
  double sum = 0;
  for (size_t bin = 0; bin < bins; ++bin) {
    sum += counts_[bin];
    if (counts_[bin] > 0 && sum >= wanted)
      return bin;
  }
  return bins;
}

duration idle_histogram::quantile(double q) const noexcept {
  if (total() <= 0)
    return {};
  const auto bin = bin_at(q);
  return bin == bins ? most : edge(bin + 1);
}

duration idle_histogram::quantile_from_below(double q) const noexcept {
  return total() <= 0 ? duration{} : edge(bin_at(q));
}

} // namespace faas::scaling
