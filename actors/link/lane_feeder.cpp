#include "actors/link/lane_feeder.hpp"

#include <caf/send.hpp>

namespace faas::actors {
namespace {

constexpr size_t usual_batch = 64; ///< events of a frame for one lane

} // namespace

void lane_feeder::add(invocation&& event, completion&& done) {
  if (!table_)
    table_ = board_.table();
  const version_ref version{event.function, event.version};
  const auto host = table_->hosts.find(version);
  if (host == table_->hosts.end()) {
    done(reply::failure({errc::unavailable,
                         version.function.str() + " version "
                           + std::to_string(version.version)
                           + " does not run on " + self_.str(),
                         "repeat; the structure has just changed"}));
    return;
  }
  auto& lane = lanes_[version];
  if (!lane.events)
    lane.events = std::make_shared<std::vector<event_box>>();
  if (lane.events->size() == 4) // busy
    lane.events->reserve(usual_batch);
  lane.events->push_back({std::move(event), std::move(done), host->second});
}

void lane_feeder::feed() {
  table_ = nullptr;
  for (auto& [version, lane] : lanes_) {
    if (!lane.events)
      continue;
    if (!lane.actor || lane.health->dead.load(std::memory_order_acquire)) {
      if (lane.actor)
        counters_.of(actor_kind::lane).restarts.fetch_add(1);
      lane.health = std::make_shared<lane_health>();
      lane.actor = spawn_lane(system_, counters_, lane.health);
    }
    feed_lane(lane.actor, counters_, std::exchange(lane.events, {}), nullptr);
  }
  forget_old();
}

void lane_feeder::forget_old() {
  const auto number = board_.number();
  if (number == std::exchange(swept_, number))
    return;
  const auto now = board_.table();
  std::erase_if(lanes_, [&](auto& entry) {
    if (now->hosts.count(entry.first) > 0)
      return false;
    close_lane(entry.second.actor, nullptr);
    return true;
  });
}

void lane_feeder::close() {
  table_ = nullptr;
  for (auto& [version, lane] : lanes_)
    if (lane.actor)
      caf::anon_send_exit(lane.actor, caf::exit_reason::user_shutdown);
  lanes_.clear();
}

} // namespace faas::actors
