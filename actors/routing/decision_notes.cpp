#include "actors/routing/decision_notes.hpp"

#include "actors/routing/route_choice.hpp"

#include <algorithm>

namespace faas::actors {

using decisions::began;

static_assert(static_cast<int>(began::cold)
              == static_cast<int>(start_kind::cold));

decision_notes::decision_notes(decision_log_config config)
  : config_(config), sampler_(config.share, config.per_second) {
  if (config_.share <= 0)
    config_.sink = nullptr;
}

uint32_t decision_notes::begin(const decisions::context_ptr& of,
                               const choice_made& choice,
                               const choice_among& sites) {
  if (free_.empty()) {
    if (notes_.size() == most_notes) {
      ++batch_.dropped;
      return 0;
    }
    notes_.push_back(std::make_unique<note>());
    free_.push_back(static_cast<uint32_t>(notes_.size()));
  }
  const auto number = free_.back();
  free_.pop_back();
  auto& to = *notes_[number - 1];
  auto& what = to.what = {};
  const auto& [event, made, logged, deadline_ms, at] = choice;
  to.of = of;
  what.id = event.id;
  what.at_us = std::chrono::duration_cast<std::chrono::microseconds>(
                 at.time_since_epoch())
                 .count();
  what.size = event.size;
  what.bytes = static_cast<double>(event.body.size());
  what.deadline_ms = deadline_ms;
  what.attempt = event.attempt;
  what.chosen = made.chosen;
  what.runner_up = made.runner_up;
  what.why = made.why;
  what.propensity = made.propensity;
  what.logged = logged;
  to.sites.assign(of->sites.size(), {});
  decisions::note_sites(made, to.sites);
  for (size_t i = 0; i < to.sites.size() && i < sites.shown.size(); ++i)
    to.sites[i].in_flight = sites.targets[sites.shown[i]].load->in_flight();
  return number;
}

void decision_notes::end(uint32_t number, const reply& answer,
                         const attempt_end& how) {
  auto& from = *notes_[number - 1];
  auto& what = from.what;
  const auto ms = [](duration d) {
    return static_cast<float>(std::max(to_ms(d), 0.0));
  };
  what.how = how.how;
  what.went_on = how.went_on;
  what.status = answer.code == errc::ok ? answer.status
                                        : http_status(answer.code);
  what.start = static_cast<began>(answer.start);
  what.total_ms = ms(how.total);
  what.queue_ms = ms(answer.times.queue);
  what.service_ms = ms(answer.times.service);
  what.cold_ms = ms(answer.times.cold);
  if (batch_.items.empty()) {
    batch_.items.reserve(32);
    batch_.sites.reserve(96);
  }
  batch_.add(what, from.of, from.sites);
  from.of = nullptr;
  free_.push_back(number);
  if (batch_.items.size() >= batch_items
      || batch_.sites.size() >= batch_sites)
    flush();
}

void decision_notes::flush() {
  if (!batch_.empty() && config_.sink != nullptr)
    config_.sink->take(std::exchange(batch_, {}));
}

decisions::context_ptr names_of(const route& of,
                                const std::vector<uint32_t>& shown) {
  auto made = std::make_shared<decisions::context>();
  made->function = of.version.function.str();
  made->version = of.version.version;
  made->policy = policy_text(of);
  for (const auto position : shown)
    made->sites.push_back(of.targets[position].site.str());
  return made;
}

} // namespace faas::actors
