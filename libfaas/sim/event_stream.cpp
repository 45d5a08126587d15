#include "libfaas/sim/event_stream.hpp"

#include <cmath>
#include <limits>

namespace faas::sim {
namespace {

void draw_way(draw& of, random_source& random) {
  of.up_jitter = -std::log(1 - random.uniform());
  of.down_jitter = -std::log(1 - random.uniform());
  of.up_luck = random.uniform();
  of.down_luck = random.uniform();
}

double mean_spread(const function_law& of) noexcept {
  return of.memoryless ? 1 : std::exp(of.noise * of.noise / 2);
}

double mean_factor(const function_law& of) noexcept {
  return 1 + of.outlier_share * (of.outlier_factor - 1);
}

double drawn_spread(const function_law& of, random_source& random) noexcept {
  return of.memoryless ? -std::log(1 - random.uniform())
                       : std::exp(of.noise * random.normal());
}

} // namespace

double mean_noise(const function_law& of) noexcept {
  return mean_spread(of) * mean_factor(of);
}

event_stream::event_stream(const traffic& about, const function_law& law,
                           uint64_t seed)
  : function_(about.function), gateway_(about.gateway), only_(about.only),
    law_(&law), mean_spread_(mean_spread(law)), mean_factor_(mean_factor(law)),
    mean_noise_(mean_spread_ * mean_factor_), given_(about.given.get()),
    random_(seed) {
  if (given_ == nullptr)
    source_ = about.source();
}

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
  made.bytes.up = from.bytes;
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
  const double spread = drawn_spread(*law_, random_);
  const double factor = outlier ? law_->outlier_factor : 1;
  made.noise = spread * factor;
  made.own_noise = spread;
  made.work = work * spread * factor;
  made.mean_noise = mean_noise_;
  made.mean_work = work * mean_spread_ * mean_factor_;
  draw_way(made, random_);
  made.bytes = law_->bytes_of(made.size);
  made.deadline_ms = law_->deadline_ms.draw(random_);
  return made;
}

draw second_start(draw event, const function_law& law, random_source& random) {
  if (event.by_site != nullptr) // known site by site
    return event;
  const bool outlier = random.uniform() < law.outlier_share;
  const double noise = event.own_noise * (outlier ? law.outlier_factor : 1);
  event.work *= noise / event.noise;
  event.noise = noise;
  draw_way(event, random);
  return event;
}

} // namespace faas::sim
