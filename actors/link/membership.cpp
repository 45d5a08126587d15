#include "actors/link/membership.hpp"

#include "actors/link/bulk_ways.hpp"
#include "actors/link/bundle_shares.hpp"
#include "actors/link/control_router.hpp"
#include "actors/link/dial_plan.hpp"
#include "actors/link/link.hpp"
#include "actors/link/decision_answers.hpp"
#include "actors/link/log_answers.hpp"
#include "actors/link/offers.hpp"
#include "actors/link/outbox.hpp"
#include "actors/system/socket_middleman.hpp"
#include "libfaas/trust/rules.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto dial_patience = 3s;
/// For so long a node has little to tell of latencies, and asks others.
constexpr auto youth = 60s;

struct membership_state {
  static constexpr const char* name = "faas.membership";
  using pointer = membership_actor::stateful_pointer<membership_state>;

  explicit membership_state(pointer self) : self(self), random(0) {}
  /// Killed, it leaves no link behind.
  ~membership_state() {
    for (const auto& [number, link] : links)
      caf::anon_send_exit(link.actor, caf::exit_reason::kill);
  }

  void start(membership_config with) {
    config = std::move(with);
    random = random_source{config.seed};
    mark = std::make_unique<alive_mark>(*config.counters,
                                        actor_kind::membership);
    begun = config.clock->now();
    out.emplace(known, config.bulk, *config.counters);
    dials = dial_plan{config.join.size()};
    start_router();
    if (config.controller)
      tell_controller(record_of(config.self));
    offer_secrets();
    tick();
  }

  void start_router() {
    router.emplace(control_targets{config.counters, config.agent,
                                   config.keeper, config.vault,
                                   config.controller, config.shares_lead,
                                   config.predictor, config.log, [this](const auto& nodes) {
                                     known.list.told(nodes);
                                   }, config.logs,
                                   config.decisions});
    router->learned = [this](const auto& addresses) {
      learn(addresses);
      offer_secrets();
    };
    router->answered = [this](const node_name& by,
                              const wire::admin_reply& reply) {
      if (questions.answered(by, reply))
        return;
      if (reply.why.code != errc::ok)
        config.log(by.str() + " has no copy: " + reply.why.message);
      shares.answered(reply.id, by);
    };
    for (const auto& to : config.join)
      router->leaders().learn({to.text()});
    router->leaders().learn(config.self.links); // it need not dial itself
  }

  // -- dialling ---------------------------------------------------------------

  void tick() {
    if (stopping)
      return;
    const auto now = config.clock->now();
    for (size_t i = 0; i < dials.size(); ++i)
      if (dials.due(i, now) // it may have called us
          && !known.linked(dials.node(i), config.join[i].text()))
        dial(i);
    questions.expire(now);
    for (const auto& late : shares.expire(now))
      config.log("controller " + late.str()
                 + " is slow to copy a bundle: deployed without it");
    self->delayed_send(self, 100ms, caf::tick_atom::value);
  }

  void dial(size_t i) {
    dials.calling(i);
    const auto& to = config.join[i];
    if (config.links == nullptr)
      return connect(i, self->system().middleman().actor_handle(), to.host,
                     to.port);
    config.links->open(
      to.text(), [back = to_me<peer_opened>(), i](auto connection) {
        back(make_local(peer_opened{i, std::move(connection)}));
      });
  }

  void opened(const peer_opened& what) {
    if (stopping)
      return;
    if (!what.connection)
      return later(what.dial, {}, what.connection.error().to_string());
    connect(what.dial, config.transport,
            socket_middleman::host_of(what.connection->ticket), 1);
  }

  void connect(size_t i, const caf::io::middleman_actor& by, std::string host,
               uint16_t port) {
    self->request(by, dial_patience, caf::connect_atom::value, std::move(host),
                  port)
      .then(
        [this, i](const caf::node_id&, caf::strong_actor_ptr& remote,
                  const std::set<std::string>&) {
          if (remote)
            open_link(std::move(remote), std::nullopt, i);
          else
            later(i, {}, "it has no membership");
        },
        [this, i](caf::error& why) {
          later(i, {}, self->system().render(why));
        });
  }

  void later(size_t i, duration up, const std::string& why) {
    const bool first = dials.failed(i, up, config.clock->now(), random);
    if (std::exchange(reasons[i], why) != why || first)
      config.log("cannot reach " + config.join[i].text() + " (" + why
                 + "); trying again with back-off");
  }

  /// Where assignments say that controllers are.
  void learn(const std::vector<std::string>& addresses) {
    const auto fresh = router->leaders().learn(addresses);
    for (const auto& address : fresh) {
      config.join.push_back(node_endpoint::of(address));
      dials.add();
    }
    if (!fresh.empty() && config.links != nullptr)
      config.links->controllers_at(router->leaders().others(config.self.links));
  }

  // -- links ------------------------------------------------------------------

  void called(const wire_frame& first) {
    mark->counters().count_handled();
    auto from = self->current_sender();
    if (stopping || !from)
      return;
    open_link(std::move(from), first, std::nullopt);
  }

  /// For other threads; what comes after the end is dropped.
  template <class T>
  std::function<void(local<T>)> to_me() {
    return [me = self->address()](local<T> what) {
      if (auto to = caf::actor_cast<membership_actor>(me))
        caf::anon_send(to, std::move(what));
    };
  }

  void open_link(caf::strong_actor_ptr remote, std::optional<wire_frame> first,
                 std::optional<size_t> dialled) {
    link_config made;
    made.number = ++last_link;
    made.self = config.self;
    made.options = config.options;
    made.remote = caf::actor_cast<caf::actor>(remote);
    made.first = std::move(first);
    made.board = config.board;
    made.counters = config.counters;
    made.clock = config.clock;
    made.predictor = config.predictor;
    made.changed = to_me<link_changed>();
    made.control = to_me<control_arrived>();
    known_link link;
    link.dialled = dialled;
    if (config.links != nullptr) {
      const auto id = transport_id(self->system(), remote->node());
      link.owner = config.links->owner(id);
      link.origin = config.links->origin(id);
    }
    link.actor = spawn_link(self->system(), std::move(made));
    links[last_link] = std::move(link);
  }

  void changed(const link_changed& what) {
    mark->counters().count_handled();
    const auto found = links.find(what.link);
    if (found == links.end())
      return;
    auto& link = found->second;
    using change = enum link_changed::what;
    switch (what.now) {
      case change::up: went_up(what, link); break;
      case change::suspect: link.state = node_state::suspect; break;
      case change::alive: link.state = node_state::alive; break;
      case change::down: went_down(what, found); break;
    }
  }

  void went_up(const link_changed& what, known_link& link) {
    const auto& peer = what.peer;
    if (!proven(peer, link))
      return;
    if (link.dialled)
      dials.answered(*link.dialled, peer.node);
    link.protocol = what.protocol;
    const auto now = config.clock->now();
    const auto judged = known.judge(config.self, what.link, peer, now);
    using verdict = enum known_links::verdict::what;
    if (judged.now == verdict::replaced) {
      link.replaced = true;
      return out->retire(link.actor);
    }
    if (judged.now == verdict::refused)
      return refuse(peer, link, judged.why);
    for (auto& [number, other] : links)
      if (number != what.link && other.up && other.hello.node == peer.node)
        replace(other, peer);
    link.up = true;
    link.hello = what.peer;
    link.gate = what.gate;
    link.state = node_state::alive;
    link.since = now;
    config.log("node " + what.peer.node.str() + " (" + what.peer.tier
               + ") is connected");
    known.list.connected(what.peer.node);
    want_bulk(config.bulk, link, config.join);
    peers_moved();
    if (config.controller)
      tell_controller(record_of(what.peer));
    if (config.shares_lead)
      out->to_all(controllers_notice(known.controllers(config.self)));
    if (now - begun < youth)
      out->send(link, estimates_request());
    if (what.peer.controller) {
      offer_secrets();
      if (own)
        out->send(link, report());
    }
  }

  /// Whether a peer is what its certificate says; else its link is closed.
  bool proven(const wire::hello& peer, known_link& link) {
    if (config.links == nullptr)
      return link.proven = true;
    const auto why
      = trust::contradiction(peer.node, peer.controller, link.owner);
    if (why.empty()) {
      link.proven = true;
      return true;
    }
    config.log("refused: " + why);
    out->send(link, wire::goodbye{why});
    out->close(link.actor);
    return false;
  }

  /// Of one process: both ends may have events under way on it. Another process
  /// came because the former one is silent.
  void replace(known_link& old, const wire::hello& peer) {
    if (old.hello.boot != peer.boot) {
      out->close(old.actor);
      return;
    }
    old.up = false;
    old.replaced = true;
    out->retire(old.actor);
  }

  /// It tries again and again: logged once, and once more as a copy.
  void refuse(const wire::hello& peer, known_link& fresh,
              const std::string& why) {
    if (known.first_refusal(peer.boot, why))
      config.log("refused: " + why);
    out->send(fresh, wire::goodbye{why});
    out->close(fresh.actor);
  }

  void went_down(const link_changed& what, known_links::table::iterator found) {
    auto link = std::move(found->second);
    links.erase(found);
    if (link.dialled) {
      const auto up = link.up ? config.clock->now() - link.since : duration{};
      if (link.replaced)
        dials.failed(*link.dialled, dial_plan::lasting, config.clock->now(),
                     random);
      else
        later(*link.dialled, up, what.reason);
    }
    if (link.up) {
      config.log("node " + link.hello.node.str() + " is gone: " + what.reason);
      if (known.to(link.hello.node) == nullptr) {
        forget_bulk(config.bulk, link.hello.node);
        router->forget(link.hello.node);
        shares.left(link.hello.node);
        questions.left(link.hello.node);
        known.gone(link.hello, config.clock->now());
        if (config.controller)
          tell_controller(record_of(link.hello, false));
      }
      peers_moved();
    }
    if (stopping && links.empty())
      self->quit(caf::exit_reason::user_shutdown);
  }

  void peers_moved() {
    config.counters->of(actor_kind::agent).count_sent();
    caf::anon_send(config.agent, make_local(peers_changed{known.gates()}));
    offer_bundles();
  }

  void tell_controller(node_record record) {
    config.counters->of(actor_kind::controller).count_sent();
    caf::anon_send(*config.controller,
                   make_local(node_changed{std::move(record)}));
  }

  // -- control messages -------------------------------------------------------

  void arrived(const control_arrived& got) {
    mark->counters().count_handled();
    const auto at = links.find(got.link);
    if (at != links.end() && !at->second.proven)
      return;
    const bool controller = at != links.end() && at->second.hello.controller;
    router->route(got.from, controller, got.what,
                  out->answer_to(known.to(got.from)));
  }

  /// Any node may have a bundle that another lacks.
  void offer_bundles() {
    config.counters->of(actor_kind::keeper).count_sent();
    caf::anon_send(config.keeper,
                   make_local(bundles_of(known, config.bulk, *config.counters)));
  }

  /// Secrets come from the controller that leads. Told once: views that bring
  /// no other leader come often.
  void offer_secrets() {
    if (!config.vault)
      return;
    const auto from = known.whence_secrets(
      router->leaders(), config.controller ? &config.self.node : nullptr,
      config.shares_lead);
    if (!from || offered == from)
      return;
    offered = from;
    config.counters->of(actor_kind::vault).count_sent();
    caf::anon_send(
      config.vault,
      make_local(*from == 0
                   ? secrets_of(*config.controller, config.vault,
                                config.self.node, *config.counters)
                   : secrets_of(links.at(*from), *config.counters)));
  }

  void share(const share_bundle& what) {
    mark->counters().count_handled();
    const auto others = known.other_controllers();
    if (others.empty())
      return what.done();
    const auto request = keep_request(
      shares.begin(others, config.clock->now(), what.done), what.bundle);
    for (const auto& node : others)
      out->send(*known.to(node), request);
  }

  void spread(const spread_view& what) {
    mark->counters().count_handled();
    router->leaders().take(what.view->term, config.self.node);
    offer_secrets();
    known.list.told(what.view->nodes);
    out->to_all(*what.view, config.shares_lead
                              ? known.controllers(config.self)
                              : std::vector<std::string>{});
  }

  void spread(const spread_placements& what) {
    mark->counters().count_handled();
    own = what.placements;
    out->to_controllers(report());
  }

  /// What this node has seen.
  template <class T>
  void pass_on(const T& what) {
    mark->counters().count_handled();
    out->to_controllers(what.seen);
  }

  wire::placement_report report() const {
    return to_report(own->node, revision{}, own->placements);
  }

  // -- for people -------------------------------------------------------------

  void nodes(const nodes_call& call) {
    mark->counters().count_handled();
    call.done(known.statuses(config.self, router->leaders(),
                             config.shares_lead, config.clock->now()));
  }

  void logs(const logs_call& call) {
    mark->counters().count_handled();
    ask(questions.logs, log_request(call.query), [call](const auto& answers) {
      call.done(merged(call.own, call.query.tail, answers));
    });
  }

  void decisions(const decisions_call& call) {
    mark->counters().count_handled();
    ask(questions.decisions, decisions_request(call.id),
        [call](const auto& answers) {
          call.done(told_of(call.id, answers));
        });
  }

  void ask(node_rounds& in, wire::admin_request what, node_rounds::sink done) {
    const auto now = config.clock->now();
    const auto nodes = in.worth_asking(known.answering(), now);
    what.id = in.begin(nodes, now, std::move(done));
    for (const auto& node : nodes)
      out->send(*known.to(node), what);
  }

  void stop() {
    if (std::exchange(stopping, true))
      return;
    for (const auto& [number, link] : links)
      out->close(link.actor);
    if (links.empty())
      self->quit(caf::exit_reason::user_shutdown);
  }

  pointer self;
  membership_config config;
  random_source random;
  std::unique_ptr<alive_mark> mark;
  known_links known;
  known_links::table& links = known.all;
  dial_plan dials;
  std::map<size_t, std::string> reasons; ///< why each dial failed last
  std::optional<outbox> out; ///< since start(), like the router
  std::optional<control_router> router;
  bundle_shares shares;
  node_questions questions;
  std::optional<uint64_t> offered; ///< see offer_secrets()
  local<node_placements> own;
  uint64_t last_link = 0;
  time_point begun{};
  bool stopping = false;
};

membership_actor::behavior_type
membership_behavior(membership_state::pointer self, membership_config config) {
  self->state.start(std::move(config));
  self->set_exit_handler([self](const caf::exit_msg&) { self->state.stop(); });
  return {
    [=](const wire_frame& frame) { self->state.called(frame); },
    [=](const local<link_changed>& what) { self->state.changed(*what); },
    [=](const local<peer_opened>& what) { self->state.opened(*what); },
    [=](const local<control_arrived>& got) { self->state.arrived(*got); },
    [=](const local<nodes_call>& call) { self->state.nodes(*call); },
    [=](const local<logs_call>& call) { self->state.logs(*call); },
    [=](const local<decisions_call>& call) { self->state.decisions(*call); },
    [=](const local<spread_view>& what) { self->state.spread(*what); },
    [=](const local<spread_placements>& what) { self->state.spread(*what); },
    [=](const local<spread_evidence>& what) { self->state.pass_on(*what); },
    [=](const local<spread_loads>& what) { self->state.pass_on(*what); },
    [=](const local<share_bundle>& what) { self->state.share(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
    [=](caf::close_atom) { self->state.stop(); },
  };
}

} // namespace

membership_actor spawn_membership(caf::actor_system& system,
                                  membership_config config) {
  return system.spawn(membership_behavior, std::move(config));
}

} // namespace faas::actors
