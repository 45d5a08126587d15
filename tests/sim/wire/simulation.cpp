#include "simulation.hpp"

#include <algorithm>

namespace faas::wire {

simulation::simulation(uint64_t seed, wire_profile profile,
                       link_options options)
  : random(seed), profile(profile), ends{end{options}, end{options}} {
  on_failed = [](int, failed_transfer&& failed) {
    failed.done(reply::failure(std::move(failed.why)));
  };
  connect();
}

uint64_t simulation::submit(int from, size_t body_bytes, duration timeout) {
  invocation event;
  event.id = {7, ++ids_};
  event.function = function_name{"work"};
  event.body
    = blob{std::string(body_bytes, static_cast<char>('a' + ids_ % 26))};
  event.accepted = now;
  event.deadline = now + timeout;
  completion done{sink, ++tokens};
  const auto token = tokens;
  const auto sent
    = ends[from].core.submit(now, std::move(event), std::move(done));
  if (!sent)
    done(reply::failure(sent.error()));
  act(from);
  return sent ? token : 0;
}

void simulation::connect() {
  connected = true;
  for (auto& each : ends) {
    each.core.peer_connected(now, {});
    each.last_heard = each.wire_free = now;
  }
  act(0);
  act(1);
}

void simulation::cut() {
  connected = false;
  for (auto& each : ends)
    each.coming.clear();
  for (auto which : {0, 1}) {
    give_back(which, ends[which].core.peer_lost(now, "the wire was cut"));
    act(which);
  }
}

void simulation::give_back(int from, std::vector<failed_transfer>&& failed) {
  for (auto& each : failed) {
    if (!each.may_have_run && ran.contains(each.event.id.to_string()))
      ++wrongly_unsent;
    on_failed(from, std::move(each));
  }
}

void simulation::resume(int which) {
  ends[which].stopped = false;
  // A real process finds its timer and its mailbox due, the timer first.
  ends[which].core.tick(now);
  act(which);
}

time_point simulation::next_time() const {
  auto next = time_point::max();
  for (const auto& each : ends) {
    if (each.stopped)
      continue;
    next = std::min(next, each.core.wake_at());
    if (!each.coming.empty())
      next = std::min(next, each.coming.front().at);
    if (!each.running.empty())
      next = std::min(next, each.running.begin()->first);
  }
  return next;
}

void simulation::run_until(time_point when) {
  for (auto next = next_time(); next <= when; next = next_time()) {
    now = std::max(now, next);
    step();
  }
  now = when;
}

void simulation::step() {
  for (auto which : {0, 1}) {
    auto& self = ends[which];
    if (self.stopped)
      continue;
    while (!self.coming.empty() && self.coming.front().at <= now) {
      auto bytes = std::move(self.coming.front().bytes);
      self.coming.pop_front();
      self.last_heard = now;
      self.core.frame_received(now, bytes);
    }
    while (!self.running.empty() && self.running.begin()->first <= now) {
      auto [ticket, event] = std::move(self.running.begin()->second);
      self.running.erase(self.running.begin());
      reply answer;
      answer.started = true;
      if (profile.echo)
        answer.body = event.body;
      self.core.reply_ready(now, ticket, std::move(answer));
    }
    if (self.core.wake_at() <= now)
      self.core.tick(now);
    act(which);
  }
}

void simulation::act(int which) {
  auto& self = ends[which];
  if (self.stopped)
    return;
  auto silent = false;
  for (auto& effect : self.core.take_effects(now)) {
    if (auto* frame = std::get_if<send_frame>(&effect)) {
      deliver(1 - which, std::move(frame->bytes));
    } else if (auto* got = std::get_if<deliver_event>(&effect)) {
      if (!ran.insert(got->event.id.to_string()).second)
        ++ran_twice;
      const auto service = profile.service * (50 + random.below(100)) / 100;
      self.running.emplace(now + service,
                           std::pair{got->ticket, std::move(got->event)});
    } else if (auto* why = std::get_if<close_link>(&effect)) {
      closes.push_back(why->reason);
    } else if (auto* suspect = std::get_if<peer_suspect>(&effect)) {
      self.suspected.emplace_back(now, suspect->silence);
    } else if (std::holds_alternative<peer_alive>(effect)) {
      self.revived.push_back(now);
    } else if (std::holds_alternative<peer_silent>(effect)) {
      silent = true;
    }
  }
  const auto stats = self.core.stats();
  self.most_queued = std::max<size_t>(self.most_queued, stats.queued_bytes);
  self.most_in_flight = std::max<size_t>(self.most_in_flight, stats.in_flight);
  if (silent && connected)
    cut();
}

void simulation::deliver(int which, std::string&& frame) {
  if (!connected)
    return;
  auto& to = ends[which];
  const duration length{static_cast<int64_t>(
    1e9 * static_cast<double>(frame.size()) / profile.bytes_per_second)};
  to.wire_free = std::max(to.wire_free, now) + length;
  to.longest_frame = std::max(to.longest_frame, length);
  ++to.frames;
  to.coming.push_back({to.wire_free + profile.delay, std::move(frame)});
}

} // namespace faas::wire
