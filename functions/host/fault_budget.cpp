#include "functions/host/fault_budget.hpp"

namespace faas::host {

void fault_budget::came_back(time_point now) {
  if (out_ > 0)
    --out_;
  back_.push_back(now);
  if (back_.size() > limit_)
    back_.erase(back_.begin()); // more would not change the verdict
}

uint32_t fault_budget::charged(time_point now) {
  std::erase_if(back_,
                [&](time_point at) { return now - at >= forgive_after_; });
  return out_ + static_cast<uint32_t>(back_.size());
}

} // namespace faas::host
