#include "functions/torch/model_cache.hpp"

#include <algorithm>
#include <cmath>

namespace faas::torch_runtime {
namespace {

double seconds(duration time) {
  return std::chrono::duration<double>(time).count();
}

} // namespace

double model_cache::decayed(const entry& one, time_point now) {
  const auto passed = std::max(seconds(now - one.at), 0.0);
  return one.arrivals * std::exp2(-passed / seconds(half_life));
}

double model_cache::worth_of(const entry& one, time_point now) {
  const auto rate = decayed(one, now) * std::log(2.0) / seconds(half_life);
  return rate * seconds(one.cost)
         / static_cast<double>(std::max<uint64_t>(one.bytes, 1));
}

std::optional<std::vector<std::string>>
model_cache::room_for(uint64_t bytes, time_point now) const {
  if (bytes > capacity_)
    return std::nullopt;
  std::vector<std::pair<double, const std::string*>> cheapest;
  for (const auto& [key, one] : models_)
    if (one.pins == 0)
      cheapest.emplace_back(worth_of(one, now), &key);
  std::sort(cheapest.begin(), cheapest.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  });
  std::vector<std::string> dropped;
  auto left = used_;
  for (const auto& [worth, key] : cheapest) {
    if (left <= capacity_ - bytes)
      break;
    left -= models_.at(*key).bytes;
    dropped.push_back(*key);
  }
  if (left > capacity_ - bytes)
    return std::nullopt;
  // The last of them may be so large that others can stay: the dearest first.
  for (auto at = dropped.size(); at-- > 0;) {
    const auto size = models_.at(dropped[at]).bytes;
    if (left + size <= capacity_ - bytes) {
      left += size;
      dropped.erase(dropped.begin() + static_cast<ptrdiff_t>(at));
    }
  }
  return dropped;
}

bool model_cache::add(const std::string& key, uint64_t bytes, duration cost,
                      time_point now) {
  const auto found = models_.find(key);
  const auto before = found == models_.end() ? 0 : found->second.bytes;
  if (bytes > capacity_ || used_ - before > capacity_ - bytes)
    return false;
  used_ = used_ - before + bytes;
  auto& one = models_[key];
  if (found == models_.end())
    one.at = now;
  one.bytes = bytes;
  one.cost = cost;
  return true;
}

void model_cache::remove(const std::string& key) {
  const auto found = models_.find(key);
  if (found == models_.end())
    return;
  used_ -= found->second.bytes;
  models_.erase(found);
}

void model_cache::arrived(const std::string& key, size_t events,
                          time_point now) {
  const auto found = models_.find(key);
  if (found == models_.end())
    return;
  found->second.arrivals
    = decayed(found->second, now) + static_cast<double>(events);
  found->second.at = std::max(found->second.at, now);
}

void model_cache::pin(const std::string& key) {
  if (const auto found = models_.find(key); found != models_.end())
    ++found->second.pins;
}

void model_cache::unpin(const std::string& key) {
  const auto found = models_.find(key);
  if (found != models_.end() && found->second.pins > 0)
    --found->second.pins;
}

double model_cache::worth(const std::string& key, time_point now) const {
  const auto found = models_.find(key);
  return found == models_.end() ? 0 : worth_of(found->second, now);
}

} // namespace faas::torch_runtime
