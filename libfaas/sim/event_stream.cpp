#include "libfaas/sim/event_stream.hpp"

#include <cmath>

namespace faas::sim {

draw event_stream::make(double now) {
  draw made;
  made.sent = now;
  made.function = function_;
  made.gateway = gateway_;
  made.only = only_;
  made.size = law_->size.draw(random_);
  const double work = law_->ms_per_unit * made.size + law_->ms_fixed;
  const bool outlier = random_.uniform() < law_->outlier_share;
  made.work = work * std::exp(law_->noise * random_.normal())
              * (outlier ? law_->outlier_factor : 1);
  made.mean_work = work * std::exp(law_->noise * law_->noise / 2)
                   * (1 + law_->outlier_share * (law_->outlier_factor - 1));
  made.up_jitter = -std::log(1 - random_.uniform());
  made.down_jitter = -std::log(1 - random_.uniform());
  made.up_luck = random_.uniform();
  made.down_luck = random_.uniform();
  made.bytes = made.size * law_->bytes_per_unit;
  made.deadline_ms = law_->deadline_ms.draw(random_);
  return made;
}

} // namespace faas::sim
