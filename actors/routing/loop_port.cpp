#include "actors/routing/loop_port.hpp"

#include "actors/routing/loop_inbox.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace faas::actors {
namespace {

/// Events that go to a link in one message; the link works on the first while
/// the loop makes the next.
constexpr size_t outbox_batch = 64;

} // namespace

// -- life ---------------------------------------------------------------------

loop_port::loop_port(port_deps deps, loop_context& loop)
  : deps_(deps),
    loop_(loop),
    unit_(deps.system, loop),
    random_(deps.seed),
    inbox_(std::make_shared<inbox>(*this, loop)),
    flights_(deps.capacity),
    notes_(deps.decisions) {
  inbox_->remember(inbox_);
  deps_.ports.add(this);
}

loop_port::~loop_port() {
  deps_.ports.remove(this);
  for (auto& [name, mine] : routes_)
    close_lane_of(mine);
  for (auto& [version, mine] : others_)
    close_lane_of(mine);
  unit_.drain_all();
  inbox_->close();
  flights_.for_each([](uint64_t, flight& lost) {
    completion{std::move(lost.owner), lost.owner_token}(reply::failure(
      {errc::shutting_down, "the node is shutting down", "try another node"}));
  });
}

std::unique_ptr<event_port> port_factory::open(loop_context& loop) {
  auto deps = deps_;
  deps.seed += opened_.fetch_add(1) + 1;
  return std::make_unique<loop_port>(deps, loop);
}

// -- structure ----------------------------------------------------------------

uint64_t loop_port::structure_version() const noexcept {
  return deps_.board.number();
}

namespace {

error unknown(const invocation& event) {
  const auto& name = event.function.str();
  if (event.version == 0)
    return {errc::not_found, "no function called " + name, "see faas-cli list"};
  return {errc::not_found,
          "version " + std::to_string(event.version) + " of " + name
            + " does not run",
          "see faas-cli describe " + name};
}

} // namespace

void loop_port::submit(invocation&& event, completion&& done) {
  auto* mine = resolve(event.function.str());
  if (mine != nullptr)
    mine = event.version == 0 ? draw(*mine) : version_of(*mine, event.version);
  if (mine == nullptr) {
    done(reply::failure(unknown(event)));
    return;
  }
  if (flights_.full()) {
    done(reply::failure({errc::overloaded,
                         "too many events in flight on this gateway loop",
                         "slow down, or add gateway loops"}));
    return;
  }
  flight ready;
  std::tie(ready.owner, ready.owner_token) = done.release();
  const auto now = event.accepted;
  ready.asked = event.version != 0;
  ready.event = std::move(event);
  dispatch(*mine, std::move(ready), now);
}

namespace {

/// Why no site was chosen, for people.
error why_none(const route& of, const invocation& event) {
  const auto& name = of.view.name.str();
  const auto reachable = [&](auto... with) {
    return std::any_of(of.targets.begin(), of.targets.end(),
                       [&](const route_target& target) {
                         return !target.deploying
                                && (target.host || target.via->takes(with...));
                       });
  };
  if (reachable() && !reachable(event.body.size()))
    return {errc::too_large,
            name + " runs only on nodes of an older version, to which bodies "
                   "over "
              + std::to_string(limits::old_body_bytes)
              + " bytes do not travel",
            "send less at a time, or upgrade those nodes"};
  auto why = of.why_empty;
  if (of.policy == "static" && reachable())
    why = "its policy allows only " + of.fixed_name
          + ", which does not serve it";
  for (const auto& target : of.targets)
    if (target.via && !target.deploying
        && !target.via->usable.load(std::memory_order_acquire))
      why += (why.empty() ? "" : "; ") + target.node.str()
             + " does not answer";
  return {errc::unavailable,
          "no site can run " + name + " now"
            + (why.empty() ? "" : ": " + why),
          "see faas-cli sites " + name + " and faas-cli describe " + name};
}

} // namespace

void loop_port::dispatch(local_route& mine, flight&& ready, time_point now) {
  if (!mine.shared->lighter.empty() && ready.tried.empty() && !ready.asked) {
    auto [best, chosen] = choose_variant(mine, ready, now);
    if (best != &mine) {
      ready.variant = true;
      ready.needs = needs_of(ready, mine.shared);
      ready.event.function = best->shared->view.name;
      return launch(*best, std::move(ready), chosen, now);
    }
    return dispatch_to(mine, std::move(ready), chosen, now);
  }
  dispatch_to(mine, std::move(ready),
              choose(mine, ready.event, {ready.tried, ready.needs.get()}, now),
              now);
}

/// Carries out the choice; looks elsewhere when there was none.
void loop_port::dispatch_to(local_route& mine, flight&& ready,
                            const routing::decision& chosen, time_point now) {
  if (chosen.why == routing::reason::refused)
    return refuse(mine, std::move(ready), chosen, now);
  if (!chosen) {
    const auto shared = mine.shared; // looking elsewhere may end `mine`
    ready.needs = needs_of(ready, shared);
    if (auto* other = stand_in(mine, ready, now)) {
      ready.elsewhere = true;
      ready.tried = {};
      return dispatch(*other, std::move(ready), now);
    }
    completion{std::move(ready.owner), ready.owner_token}(
      reply::failure(why_none(*shared, ready.event)));
    return;
  }
  if (mine.policy->hedging() != nullptr && mine.shared->view.idempotent)
    may_start_twice(ready);
  launch(mine, std::move(ready), chosen, now);
}

/// Starts the event where it was chosen to.
void loop_port::launch(local_route& mine, flight&& ready,
                       const routing::decision& chosen, time_point now) {
  const auto index = mine.shown[chosen.chosen];
  const auto& target = mine.shared->targets[index];
  ready.via = mine.shared;
  ready.stats = mine.stats[index];
  ready.stats->guard.asked(now);
  ready.sent = now;
  ready.site = target.index;
  ready.target = index;
  ready.tried.add(index);
  ++ready.attempts;
  ready.predicted = chosen.chosen_parts();
  ready.event.attempt = ready.attempts;
  ready.event.version = mine.shared->version.version;
  ready.backlog_ms = 0;
  ready.backlog_seen = false;
  if (target.via)
    enter_link(mine, ready, now);
  ready.stats->in_flight.store(
    ready.stats->in_flight.load(std::memory_order_relaxed) + 1,
    std::memory_order_relaxed);
  ready.stats->decisions[static_cast<size_t>(chosen.why)].add();
  note(mine, ready, chosen, now);
  if (mine.probing != nullptr && !ready.second)
    send_probes(mine, chosen, now);
  // To another node it can come too late even where there is no choice: the
  // version was replaced meanwhile. And for a new version the old stands in.
  ready.kept = mine.shared->targets.size() > 1 || target.via
               || mine.shared->view.version != 0;
  auto [token, slot] = flights_.insert(std::move(ready));
  auto* duty = slot.second ? flights_.find(slot.twin) : &slot;
  if (slot.second)
    duty->twin = token;
  inbox_->open(token, duty->owner, duty->owner_token);
  if (!slot.second)
    plan_second(mine, token, chosen, now);
  auto event = slot.kept ? slot.event : std::move(slot.event);
  completion done{inbox_, token};
  if (target.host)
    send_local(mine, index, std::move(event), std::move(done));
  else
    send_remote(target.via, std::move(event), std::move(done));
  count_load(token, now);
}

/// Its bytes are in the way of those that are sent later, and so will be its
/// reply's.
void loop_port::enter_link(const local_route& mine, flight& ready,
                           time_point now) {
  const auto& target = mine.shared->targets[ready.target];
  const auto belief = target.cell->read();
  const auto& expected = ready.predicted;
  ready.backlog_ms = target.link_load->backlog_ms(now);
  target.link_load->send(sent_bytes(ready), belief.up_ms_per_byte, now);
  ready.reply = {to_ms(now.time_since_epoch()) + expected.transit
                   + expected.queue + expected.service + expected.cold,
                 belief.down_ms_per_byte * mine.reply_bytes};
  target.link_load->expect(ready.reply);
}

/// What the choice costs on paper, and for the log.
void loop_port::note(local_route& mine, flight& ready,
                     const routing::decision& made, time_point now) {
  if (const auto loss = routing::regret_ms(made); loss > 0)
    ready.stats->regret_ns.add(static_cast<uint64_t>(loss * 1e6));
  const auto logged = notes_.draw(ready.event.id, now);
  ready.note = logged > 0
                 ? notes_.begin(names_for(mine),
                                {ready.event, made, logged,
                                 time_left_ms(mine, ready.event, now),
                                 deps_.clock.wall()},
                                {mine.shared->targets, mine.shown})
                 : 0;
}

/// What was answered at once (inline) was never in the way of other events, and
/// loops need not agree on it.
void loop_port::count_load(uint64_t token, time_point now) {
  auto* sent = flights_.find(token);
  if (sent == nullptr)
    return;
  sent->counted = sent->queued = true;
  const auto& target = sent->via->targets[sent->target];
  const auto transit = sent->predicted.transit;
  sent->ticket = 0;
  if (const auto* joins = target.joins())
    sent->ticket = target.load->join(
      routing::batched(target.cell->read(), *joins, sent->event.size, now),
      transit, now);
  else
    target.load->start(sent->predicted.service, transit, now);
}

void loop_port::send_local(local_route& mine, uint32_t target,
                           invocation&& event, completion&& done) {
  if (!mine.lane || mine.health->dead.load(std::memory_order_acquire)) {
    if (mine.lane)
      deps_.counters.of(actor_kind::lane).restarts.fetch_add(1);
    mine.health = std::make_shared<lane_health>();
    mine.lane = spawn_lane(deps_.system, deps_.counters, mine.health);
  }
  auto box = std::make_shared<event_box>(
    event_box{std::move(event), std::move(done), mine.hosts[target]});
  const auto lane = mine.lane; // the answer may come at once and rebuild `mine`
  feed_lane(lane, deps_.counters, std::move(box), &unit_);
  unit_.drain();
}

void loop_port::send_remote(const std::shared_ptr<peer>& to, invocation&& event,
                            completion&& done) {
  auto& outbox = outboxes_[to];
  if (outbox.size() == 4) // busy
    outbox.reserve(outbox_batch);
  outbox.push_back({std::move(event), std::move(done)});
  if (outbox.size() >= outbox_batch) {
    to->send(std::exchange(outbox, {}));
    return;
  }
  if (!flush_posted_)
    flush_posted_ = loop_.post([self = inbox_] {
      if (auto* port = self->port())
        port->flush_outboxes();
    });
}

void loop_port::flush_outboxes() {
  flush_posted_ = false;
  for (auto& [to, events] : outboxes_)
    if (!events.empty())
      to->send(std::exchange(events, {}));
  std::erase_if(outboxes_, [](const auto& outbox) {
    return outbox.second.empty() && outbox.first.use_count() == 1; // gone
  });
}

} // namespace faas::actors
