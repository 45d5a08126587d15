#include "functions/process/restart_policy.hpp"

#include <algorithm>

namespace faas::process {

time_point restart_policy::ended(time_point started, time_point now) noexcept {
  ++restarts_;
  missed_ = 0;
  fast_ = now - started < rules_.fast ? fast_ + 1 : 0;
  if (looping())
    return now + rules_.longest;
  auto pause = rules_.first;
  for (uint32_t i = 1; i < fast_ && pause < rules_.longest; ++i)
    pause *= 2;
  return now + std::min(pause, rules_.longest);
}

} // namespace faas::process
