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

error why_held_back(const restart_policy& policy, const std::string& name,
                    const std::string& last) {
  if (policy.looping())
    return {errc::unavailable,
            name + " is in a crash loop: it ended "
              + std::to_string(policy.fast_crashes())
              + " times soon after its start; last: " + last,
            "mend it and deploy a new version"};
  return {errc::unavailable, name + " is being restarted: " + last,
          "try again in a moment"};
}

} // namespace faas::process
