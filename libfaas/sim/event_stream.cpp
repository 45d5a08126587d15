#include "libfaas/sim/event_stream.hpp"

#include <cmath>
#include <limits>

namespace faas::sim {

double event_stream::next() {
  if (given_ == nullptr)
    return source_->next(random_);
  return at_ < given_->events.size() ? given_->events[at_].at
                                     : std::numeric_limits<double>::infinity();
}

draw event_stream::make_given() {
  const auto& from = given_->events[at_];
  const auto sites = given_->draws.size() / given_->events.size();
  draw made;
  made.sent = from.at;
  made.function = function_;
  made.gateway = gateway_;
  made.only = only_;
  made.size = from.size;
  made.bytes = from.bytes;
  made.by_site = given_->draws.data() + at_ * sites;
  ++at_;
  return made;
}

draw event_stream::make(double now) {
  if (given_ != nullptr)
    return make_given();
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
  return made;
}

} // namespace faas::sim
