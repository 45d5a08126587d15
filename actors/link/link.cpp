#include "actors/link/link.hpp"

#include "actors/link/control_router.hpp"
#include "actors/link/lane_feeder.hpp"
#include "actors/link/probe_desk.hpp"
#include "actors/link/reply_inbox.hpp"
#include "actors/link/retirement.hpp"
#include "libfaas/wire/codec.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto handshake_patience = 5s;
/// With so much to carry a turn does not wait for what else is in the mailbox:
/// the other side can begin.
constexpr size_t enough_bytes = 12 * limits::kib;

/// The gate through which gateway loops reach the link.
class link_gate final : public peer {
public:
  explicit link_gate(link_actor to, census& counters)
    : to_(caf::actor_cast<caf::actor_addr>(to)), counters_(counters) {}

  void send(std::vector<link_event> events) override {
    if (const auto to = caf::actor_cast<link_actor>(to_)) {
      counters_.of(actor_kind::link).count_sent();
      auto batch = std::make_shared<outgoing_events>();
      batch->events = std::move(events);
      caf::anon_send(to, std::move(batch));
      return;
    }
    for (auto& event : events)
      event.done(reply::failure({errc::unavailable,
                                 "the link to " + name.str() + " has ended",
                                 "see faas-cli nodes"}));
  }

  void probe(const version_ref& of,
             std::function<void(const host_probe&)> answered) override {
    if (const auto to = caf::actor_cast<link_actor>(to_)) {
      counters_.of(actor_kind::link).count_sent();
      caf::anon_send(to, make_local(outgoing_probe{of, std::move(answered)}));
    }
  }

  void ask_cpu() override {
    if (const auto to = caf::actor_cast<link_actor>(to_)) {
      counters_.of(actor_kind::link).count_sent();
      caf::anon_send(to, make_local(outgoing_control{cpu_request(), true}));
    }
  }

private:
  caf::actor_addr to_;
  census& counters_;
};

struct link_state {
  static constexpr const char* name = "faas.link";
  using pointer = link_actor::stateful_pointer<link_state>;

  explicit link_state(pointer self) : self(self) {}

  // -- life -------------------------------------------------------------------

  void start(link_config with) {
    config = std::move(with);
    mark = std::make_unique<alive_mark>(*config.counters, actor_kind::link);
    core.emplace(config.options);
    lanes.emplace(self->system(), *config.board, *config.counters,
                  config.self.node);
    inbox = std::make_shared<reply_inbox>(self->address());
    gate = std::make_shared<link_gate>(link_actor{self}, *config.counters);
    self->monitor(config.remote);
    if (config.first)
      greet(*config.first);
    else
      send_now({config.self});
    self->delayed_send(self, handshake_patience, caf::tick_atom::value);
    began = config.clock->now();
  }

  /// The first frame of the peer: its hello, or a refusal.
  void greet(const wire_frame& frame) {
    const auto decoded = wire::decode_frame(frame.bytes);
    if (!decoded) {
      end("the peer's first frame is broken: " + decoded.error().message);
      return;
    }
    for (const auto& what : decoded->messages) {
      if (const auto* no = std::get_if<wire::refused>(&what)) {
        end("the peer refuses: " + no->why.to_string());
        return;
      }
      if (const auto* hello = std::get_if<wire::hello>(&what))
        return welcome(*hello);
    }
    end("the peer's first frame has no hello");
  }

  void welcome(const wire::hello& hello) {
    const auto accepted = wire::accept(config.self, hello);
    if (!accepted) {
      if (config.first)
        send_now({wire::refused{accepted.error()}});
      end(accepted.error().to_string());
      return;
    }
    if (config.first)
      send_now({config.self, *accepted});
    connected = true;
    protocol = accepted->protocol;
    gate->name = hello.node;
    gate->boot = hello.boot;
    core->peer_connected(config.clock->now(), hello);
    gate->body_bytes.store(wire::body_bytes(protocol),
                           std::memory_order_relaxed);
    gate->usable.store(true, std::memory_order_release);
    tell(link_changed::what::up, {});
    pump();
  }

  void send_now(std::vector<wire::message> handshake) {
    send_bytes(wire::encode(wire::frame{0, std::move(handshake), 0}));
  }

  /// The peer's actor is of one of two types, membership or link, so the frame
  /// is enqueued as it is; both take wire_frame.
  void send_bytes(std::string bytes) {
    config.remote->enqueue(caf::actor_cast<caf::strong_actor_ptr>(self),
                           caf::make_message_id(),
                           caf::make_message(wire_frame{std::move(bytes)}),
                           self->context());
  }

  void tell(enum link_changed::what now, std::string reason) {
    config.changed(make_local(
      link_changed{config.number, now, core->peer(), gate, std::move(reason),
                   protocol}));
  }

  void end(std::string reason) {
    if (std::exchange(ended, true))
      return;
    gate->usable.store(false, std::memory_order_release);
    if (connected)
      lose_peer(reason);
    lanes->close();
    tell(link_changed::what::down, std::move(reason));
    self->quit(caf::exit_reason::user_shutdown);
  }

  /// Own events go back to their ports; events of the peer have lost whoever
  /// waits for their answers.
  void lose_peer(const std::string& reason) {
    const auto now = config.clock->now();
    fail(core->peer_lost(now, reason));
    for (auto& effect : core->take_effects(now))
      if (auto* cancelled = std::get_if<wire::cancel_event>(&effect))
        carry(*cancelled);
  }

  static void fail(std::vector<wire::failed_transfer> given_back) {
    for (auto& one : given_back)
      one.done(reply::failure(one.why));
  }

  void close() {
    if (connected && !ended) {
      const auto now = config.clock->now();
      if (core->send(now, wire::goodbye{"the node is shutting down"}))
        carry_out(now);
    }
    end("closed");
  }

  // -- inputs -----------------------------------------------------------------

  void frame(const wire_frame& got) {
    mark->counters().count_handled();
    if (ended)
      return;
    if (!connected) {
      // The peer's membership handed us on: from now on its link is the peer.
      self->demonitor(config.remote->address());
      config.remote = caf::actor_cast<caf::actor>(self->current_sender());
      self->monitor(config.remote);
      greet(got);
      return;
    }
    core->frame_received(config.clock->now(), got.bytes);
    if (got.bytes.size() >= enough_bytes)
      pump();
    else
      pump_soon();
  }

  void events(outgoing_events& batch) {
    mark->counters().count_handled();
    const auto now = config.clock->now();
    for (auto& one : batch.events) {
      if (!connected || ended) {
        one.done(reply::failure({errc::unavailable,
                                 "the link has ended", "see faas-cli nodes"}));
        continue;
      }
      const auto taken = core->submit(now, std::move(one.event),
                                     std::move(one.done));
      if (!taken) // untouched
        one.done(reply::failure(taken.error()));
    }
    if (connected && !ended && core->stats().queued_bytes >= enough_bytes)
      pump();
    else
      pump_soon();
  }

  void control(const outgoing_control& out) {
    mark->counters().count_handled();
    if (!connected || ended)
      return;
    const auto sent = core->send(config.clock->now(), out.what);
    // Parts of bundles are asked for again. A peer that takes nothing else
    // either would miss assignments: a new link starts from the whole state.
    if (!sent && !out.may_be_lost
        && !std::holds_alternative<wire::bundle_chunk>(out.what)
        && !std::holds_alternative<wire::bundle_request>(out.what)) {
      end("control messages cannot be sent: " + sent.error().message);
      return;
    }
    pump_soon();
  }

  /// Where it cannot be sent there is no answer.
  void probe(const outgoing_probe& out) {
    mark->counters().count_handled();
    if (!connected || ended)
      return;
    const auto now = config.clock->now();
    const auto question = probes.ask(out.version, out.answered, now);
    if (question && core->send(now, *question))
      pump_soon();
  }

  void replaced() {
    mark->counters().count_handled();
    if (ended || retiring.begun())
      return;
    if (!connected) {
      end("replaced");
      return;
    }
    retiring.begin(config.clock->now());
    gate->usable.store(false, std::memory_order_release);
    self->delayed_send(self, retirement::period, caf::tick_atom::value);
  }

  void retire(time_point now) {
    if (!retiring.due(now))
      return;
    if (retiring.over(core->stats(), now))
      end("replaced by another connection");
    else
      self->delayed_send(self, retirement::period, caf::tick_atom::value);
  }

  void flush() {
    pumping = false;
    if (!ended && connected)
      pump();
  }

  void tick() {
    if (ended)
      return;
    const auto now = config.clock->now();
    if (!connected) {
      if (now - began >= handshake_patience)
        end("no answer to our hello");
      return;
    }
    if (now >= next_tick)
      next_tick = time_point::max();
    core->tick(now);
    pump();
    if (!ended)
      retire(now);
  }

  void down(const caf::down_msg& what) {
    if (what.source == config.remote.address())
      end("connection lost");
  }

  // -- effects ----------------------------------------------------------------

  /// Behind what waits in the mailbox already: all of it shares frames.
  void pump_soon() {
    if (!std::exchange(pumping, true))
      self->send(self, caf::flush_atom::value);
  }

  void pump() {
    const auto now = config.clock->now();
    for (auto& [ticket, answer] : inbox->take())
      core->reply_ready(now, ticket, std::move(answer));
    carry_out(now);
    if (ended)
      return;
    const auto stats = core->stats();
    gate->backlog_bytes.store(stats.queued_bytes + stats.unacknowledged,
                              std::memory_order_relaxed);
    gate->in_flight.store(stats.in_flight, std::memory_order_relaxed);
    gate->rtt_ns.store(stats.rtt.count(), std::memory_order_relaxed);
    if (stats.last_ping.number != told_ping)
      tell(stats.last_ping);
    const auto wake = core->wake_at();
    if (wake < next_tick) {
      next_tick = wake;
      self->delayed_send(self, std::max(wake - now, duration{100us}),
                         caf::tick_atom::value);
    }
  }

  /// As it was, not smoothed: who learns of the link does that better, by how
  /// much the samples scatter.
  void tell(const wire::ping_sample& last) {
    told_ping = last.number;
    if (last.trip <= duration{})
      return;
    config.counters->of(actor_kind::predictor).count_sent();
    caf::anon_send(
      config.predictor,
      make_local(ping_seen{gate->name, to_ms(last.trip), last.alone}));
  }

  void carry_out(time_point now) {
    probes.begin_turn();
    core->take_effects(now, effects);
    for (auto& effect : effects)
      std::visit([&](auto& one) { carry(one); }, effect);
    effects.clear(); // its memory serves the next turn
    if (!ended)
      lanes->feed();
  }

  void carry(wire::send_frame& one) {
    if (!ended)
      send_bytes(std::move(one.bytes));
  }
  void carry(wire::cancel_event& one) { inbox->cancel(one.ticket); }
  void carry(wire::deliver_control& one) {
    if (const auto* question = std::get_if<wire::probe>(&one.what)) {
      const auto made = probes.answer(*question, *config.board);
      if (made && core->send(config.clock->now(), *made))
        pump_soon();
      return;
    }
    if (const auto* known = std::get_if<wire::probe_answer>(&one.what))
      return probes.told(*known);
    if (std::holds_alternative<wire::goodbye>(one.what)) {
      gate->usable.store(false, std::memory_order_release);
      leaving = true;
    }
    config.control(make_local(
      control_arrived{config.number, gate->name, std::move(one.what)}));
  }
  void carry(wire::peer_suspect& one) {
    config.counters->suspicions.fetch_add(1, std::memory_order_relaxed);
    gate->usable.store(false, std::memory_order_release);
    tell(link_changed::what::suspect,
         "silent for " + std::to_string(int64_t(to_ms(one.silence))) + " ms");
    // What may run twice goes elsewhere now; the rest waits for the peer.
    const auto table = config.board->table();
    fail(core->take_back(config.clock->now(), [&](const invocation& event) {
      const auto found = table->routes.find(event.function.str());
      return found != table->routes.end() && found->second->view.idempotent;
    }));
  }
  void carry(wire::peer_alive&) {
    gate->usable.store(!leaving && !retiring.begun(), std::memory_order_release);
    tell(link_changed::what::alive, {});
  }
  void carry(wire::peer_silent& one) {
    end("silent for " + std::to_string(int64_t(to_ms(one.silence))) + " ms");
  }
  void carry(wire::close_link& one) { end(one.reason); }

  void carry(wire::deliver_event& one) {
    if (!ended)
      lanes->add(std::move(one.event), completion{inbox, one.ticket});
  }

  pointer self;
  link_config config;
  std::unique_ptr<alive_mark> mark;
  std::optional<wire::link_core> core; ///< since start()
  std::shared_ptr<reply_inbox> inbox;
  std::shared_ptr<link_gate> gate;
  std::optional<lane_feeder> lanes; ///< since start()
  probe_desk probes;
  std::vector<wire::link_effect> effects; ///< of the present turn
  time_point began{};
  time_point next_tick = time_point::max();
  uint64_t told_ping = 0;
  uint32_t protocol = 0; ///< agreed on
  bool connected = false;
  bool ended = false;
  bool leaving = false;
  retirement retiring;
  bool pumping = false;
};

link_actor::behavior_type link_behavior(link_state::pointer self,
                                        link_config config) {
  self->set_down_handler(
    [self](const caf::down_msg& what) { self->state.down(what); });
  self->set_exit_handler([self](const caf::exit_msg&) { self->state.close(); });
  self->state.start(std::move(config));
  return {
    [=](const wire_frame& frame) { self->state.frame(frame); },
    [=](const std::shared_ptr<outgoing_events>& batch) {
      self->state.events(*batch);
    },
    [=](const local<outgoing_control>& out) { self->state.control(*out); },
    [=](const local<outgoing_probe>& out) { self->state.probe(*out); },
    [=](const local<link_replaced>&) { self->state.replaced(); },
    [=](caf::flush_atom) { self->state.flush(); },
    [=](caf::tick_atom) { self->state.tick(); },
    [=](caf::close_atom) { self->state.close(); },
  };
}

} // namespace

link_actor spawn_link(caf::actor_system& system, link_config config) {
  return system.spawn(link_behavior, std::move(config));
}

} // namespace faas::actors
