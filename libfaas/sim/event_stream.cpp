#include "libfaas/sim/event_stream.hpp"

#include <cmath>

namespace faas::sim {

event_stream::event_stream(const traffic& about, const function_law& law,
                           uint64_t seed)
  : function_(about.function), gateway_(about.gateway), only_(about.only),
    law_(&law), mean_spread_(std::exp(law.noise * law.noise / 2)),
    mean_factor_(1 + law.outlier_share * (law.outlier_factor - 1)),
    mean_noise_(mean_spread_ * mean_factor_), source_(about.source()),
    random_(seed) {}

draw event_stream::make(double now) {
  draw made;
  made.sent = now;
  made.function = function_;
  made.gateway = gateway_;
  made.only = only_;
  made.size = law_->size.draw(random_);
  const double work = law_->ms_per_unit * made.size + law_->ms_fixed;
  const bool outlier = random_.uniform() < law_->outlier_share;
  const double spread = std::exp(law_->noise * random_.normal());
  const double factor = outlier ? law_->outlier_factor : 1;
  made.noise = spread * factor;
  made.work = work * spread * factor;
  made.mean_noise = mean_noise_;
  made.mean_work = work * mean_spread_ * mean_factor_;
  made.up_jitter = -std::log(1 - random_.uniform());
  made.down_jitter = -std::log(1 - random_.uniform());
  made.up_luck = random_.uniform();
  made.down_luck = random_.uniform();
  made.bytes = made.size * law_->bytes_per_unit;
  made.deadline_ms = law_->deadline_ms.draw(random_);
  return made;
}

} // namespace faas::sim
