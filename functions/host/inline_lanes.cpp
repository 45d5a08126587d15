#include "functions/host/inline_lanes.hpp"

namespace faas::host {

bool inline_lanes::add(std::unique_ptr<function_instance> instance,
                       inline_limits limits) {
  if (count_ == most)
    return false;
  lanes_[count_].instance = std::move(instance);
  lanes_[count_].watch = inline_watch{limits};
  ++count_;
  return true;
}

inline_lane* inline_lanes::mine() noexcept {
  const auto self = std::this_thread::get_id();
  for (size_t i = 0; i < count_; ++i)
    if (lanes_[i].owner.load(std::memory_order_relaxed) == self)
      return &lanes_[i];
  for (size_t i = 0; i < count_; ++i) {
    std::thread::id nobody;
    if (lanes_[i].owner.compare_exchange_strong(nobody, self))
      return &lanes_[i];
  }
  return nullptr;
}

bool inline_lanes::any_busy() const noexcept {
  for (size_t i = 0; i < count_; ++i)
    if (lanes_[i].busy.load())
      return true;
  return false;
}

void inline_lanes::clear() noexcept {
  for (size_t i = 0; i < count_; ++i)
    lanes_[i].instance.reset();
}

std::vector<std::unique_ptr<function_instance>> inline_lanes::take() noexcept {
  std::vector<std::unique_ptr<function_instance>> all;
  for (size_t i = 0; i < count_; ++i)
    all.push_back(std::move(lanes_[i].instance));
  return all;
}

void inline_lanes::give(
  std::vector<std::unique_ptr<function_instance>>& instances) noexcept {
  for (size_t i = 0; i < count_ && !instances.empty(); ++i) {
    lanes_[i].instance = std::move(instances.back());
    instances.pop_back();
  }
}

} // namespace faas::host
