#include "libfaas/routing/delivery_rates.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {
namespace {

constexpr double mib = 1024 * 1024;
constexpr double usual_ms_per_mib = 100; ///< before any came: some 80 Mbit/s
/// Of fewer bytes round trips are told, not a rate.
constexpr double least_bytes = 64 * 1024;
/// Before this has come, nothing can have been seen of it: parts are that large.
constexpr double one_part = 32 * 1024;
constexpr size_t most_nodes = 1024;
constexpr double most_ms = 1e7; ///< as of any time that is learned
/// What has come says of the rest no more than that (log domain).
constexpr double remaining_doubt = 0.02;

double sound(double x) noexcept {
  return x > 0 && x <= 1e15 ? x : 0;
}

} // namespace

bool delivery_rates::ended(const std::string& node, const std::string& tier,
                           double bytes, double ms) {
  if (!(sound(bytes) >= least_bytes) || sound(ms) == 0)
    return false;
  auto at = nodes_.find(node);
  if (at == nodes_.end()) {
    if (nodes_.size() >= most_nodes)
      return false;
    at = nodes_.emplace(node, known{tier, expected(node, tier)}).first;
  }
  return at->second.ms_per_mib.observe(ms / (bytes / mib));
}

/// The node's own, else the mean of its tier's, else a mere guess.
cold_start_estimator
delivery_rates::expected(const std::string& node,
                         const std::string& tier) const {
  if (const auto at = nodes_.find(node); at != nodes_.end())
    return at->second.ms_per_mib;
  double sum = 0, count = 0;
  for (const auto& [name, one] : nodes_)
    if (one.tier == tier) {
      sum += one.ms_per_mib.log_mean();
      count += 1;
    }
  return cold_start_estimator{count > 0 ? std::exp(sum / count)
                                        : usual_ms_per_mib};
}

time_left delivery_rates::left(const std::string& node, const std::string& tier,
                               const delivery& of) const {
  const double got = sound(of.got), rest = sound(of.left);
  if (rest == 0)
    return {};
  const auto believed = expected(node, tier);
  const double prior = believed.mean_ms() / mib;
  const double share = got / (got + rest);
  const double so_far
    = sound(of.elapsed_ms) / std::max(got, std::min(rest, one_part));
  // A slow belief gives way as bytes come, a fast one at once.
  const double mixed
    = got > 0 && so_far > 0
        ? std::exp((1 - share) * std::log(prior) + share * std::log(so_far))
        : prior;
  const double ms = std::min(rest * std::max(so_far, mixed), most_ms);
  const double doubt = (1 - share) * believed.log_spread() + remaining_doubt;
  return {ms, ms * ms * std::expm1(std::min(doubt, 2.0))};
}

} // namespace faas::routing
