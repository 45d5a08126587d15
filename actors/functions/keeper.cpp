#include "actors/functions/keeper.hpp"

#include "actors/functions/bundle_pulls.hpp"
#include "actors/functions/replica.hpp"
#include "libfaas/bundles/cache_policy.hpp"
#include "libfaas/wire/codec.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr caf::timespan look_period = 1s, clean_period = 10min;
/// An upload that nobody goes on with is given up.
constexpr auto upload_life = 24h;
/// A bundle that was asked for is in use before the agent says so.
constexpr auto asked_life = 60s;

struct keeper_state {
  static constexpr const char* name = "faas.keeper";
  using pointer = keeper_actor::stateful_pointer<keeper_state>;

  explicit keeper_state(pointer self) : self(self) {}

  void start(keeper_config with) {
    config = std::move(with);
    if (!config.log)
      config.log = [](const std::string&) {};
    writer.emplace(config.replica, config.node, config.log);
    mark = std::make_unique<alive_mark>(*config.counters, actor_kind::keeper);
    pull_deps deps;
    deps.store = config.store;
    deps.clock = config.clock;
    deps.log = config.log;
    deps.make_room = [this](const digest& id, uint64_t need) {
      const auto known = known_bytes.find(id);
      return make_room(known != known_bytes.end()
                         ? std::max(need, known->second)
                         : need);
    };
    deps.pulled = [this](const digest& id, duration took) {
      cache.pulled(id, took);
    };
    pulls.emplace(std::move(deps));
    clean();
  }

  // -- for this node's functions ----------------------------------------------

  void need(const need_bundle& what) {
    mark->counters().count_handled();
    if (!in_use.contains(what.bundle))
      asked[what.bundle] = config.clock->now();
    std::string why;
    if (config.store->has(what.bundle)) {
      auto folder = config.store->unpack(what.bundle);
      if (folder || folder.error().code != errc::digest_mismatch)
        return here(what, std::move(folder));
      config.log(folder.error().to_string());
      why = folder.error().message;
    }
    pulls->want(
      what.bundle,
      [this, what](result<std::filesystem::path> folder) {
        here(what, std::move(folder));
      },
      why, what.progress);
    watch();
  }

  void here(const need_bundle& what, result<std::filesystem::path> folder) {
    if (folder && bounded())
      if (auto fits = fit_in(what.bundle); !fits)
        folder = fits.error();
    what.done(std::move(folder));
  }

  /// Unpacked, it may be too much: then it goes again.
  result<void> fit_in(const digest& id) {
    for (const auto& bundle : config.store->list())
      if (bundle.id == id) {
        cache.used(bundle);
        if (known_bytes.size() >= 1000)
          known_bytes.clear(); // no more than a pull in vain is lost
        known_bytes[id] = bundle.bytes();
      }
    auto fits = make_room(0);
    if (!fits)
      (void) config.store->remove(id);
    return fits;
  }

  void now_in_use(const bundles_in_use& now) {
    mark->counters().count_handled();
    in_use = now.bundles;
    for (const auto& id : in_use)
      asked.erase(id);
  }

  void watch() {
    if ((!pulls->idle() || writer->due()) && !std::exchange(ticking, true))
      self->delayed_send(self, look_period, caf::tick_atom::value);
  }

  void tick() {
    ticking = false;
    writer->tick(config.clock->now());
    pulls->tick();
    watch();
  }

  // -- the node's last assignments --------------------------------------------

  void keep(const keep_replica& what) {
    mark->counters().count_handled();
    writer->take({what.view, what.kept}, config.clock->now());
    watch();
  }

  // -- room -------------------------------------------------------------------

  bool bounded() const noexcept { return config.cache_bytes > 0; }

  std::set<digest> pinned() {
    std::erase_if(asked, [&](const auto& entry) {
      return config.clock->now() - entry.second > asked_life
             && !pulls->pulls(entry.first);
    });
    auto all = in_use;
    for (const auto& [id, when] : asked)
      all.insert(id);
    return all;
  }

  result<void> make_room(uint64_t need) {
    if (!bounded())
      return {};
    auto victims = cache.victims(config.store->list(), pinned(), need,
                                 config.cache_bytes);
    if (!victims)
      return victims.error();
    for (const auto& id : *victims) {
      if (auto gone = config.store->remove(id); !gone)
        return gone;
      cache.removed(id);
      config.log("dropped bundle " + id.hex().substr(0, 12)
                 + " from the cache");
    }
    return {};
  }

  void collect(const collect_bundles& what) {
    mark->counters().count_handled();
    bundles::inventory all;
    all.bundles = config.store->list();
    all.uploads = config.store->uploads();
    all.pinned = pinned();
    auto plan = bundles::plan_collection(all, what.uses, config.rules,
                                         what.call.command,
                                         config.clock->wall());
    if (plan && what.call.command.what != bundles_command::action::plan)
      for (auto& one : plan->bundles)
        remove(one, *plan);
    what.call.done(std::move(plan));
  }

  void remove(bundle_status& one, bundles_status& plan) {
    if (!one.removed)
      return;
    const auto id = one.id.hex().substr(0, 12);
    const auto gone = config.store->remove(one.id);
    if (gone || gone.error().code == errc::not_found) {
      config.log("removed bundle " + id + ": " + std::string{name_of(one)});
      return;
    }
    config.log("cannot remove bundle " + id + ": " + gone.error().to_string());
    one.removed = false;
    plan.freed -= one.packed + one.unpacked;
  }
  static std::string_view name_of(const bundle_status& one) {
    return faas::name(one.fate);
  }

  void clean() {
    self->delayed_send(self, clean_period, caf::flush_atom::value);
    const auto before = config.clock->wall() - upload_life;
    if (const auto gone = config.store->expire_uploads(before); gone > 0)
      config.log("removed " + std::to_string(gone)
                 + " uploads that nobody went on with for a day");
  }

  // -- for other nodes, and from them -----------------------------------------

  void arrived(const chunk_arrived& what) {
    mark->counters().count_handled();
    pulls->arrived(what.from, what.chunk);
  }

  void arrived(const bulk_arrived& got) {
    mark->counters().count_handled();
    const auto& from = got.what.from;
    const auto message = wire::decode_message(got.what.bytes);
    const auto* chunk
      = message ? std::get_if<wire::bundle_chunk>(&*message) : nullptr;
    if (chunk != nullptr)
      pulls->arrived(from, *chunk);
    else
      config.log("node " + from.str() + " sends by bulk what is no bundle");
  }

  void changed(const bulk_changed& what) {
    mark->counters().count_handled();
    pulls->bulk(what.node, what.stands);
  }

  void wanted(const chunk_wanted& what) {
    mark->counters().count_handled();
    const auto& request = what.request;
    wire::bundle_chunk answer;
    answer.bundle = request.bundle;
    answer.offset = request.offset;
    const auto size = config.store->size(request.bundle);
    if (!size) {
      answer.why = size.error();
    } else {
      answer.total = *size;
      auto bytes = config.store->read(request.bundle, request.offset,
                                      std::min(request.length,
                                               pull_window::by_bulk.chunk));
      if (bytes) {
        answer.bytes = std::move(*bytes);
      } else {
        answer.why = bytes.error();
        config.log(answer.why.to_string());
      }
    }
    what.answer(std::move(answer));
  }

  pointer self;
  keeper_config config;
  std::unique_ptr<alive_mark> mark;
  std::optional<bundle_pulls> pulls; ///< since start()
  bundles::cache_policy cache;
  std::set<digest> in_use;
  std::map<digest, time_point> asked; ///< and not in in_use yet
  std::map<digest, uint64_t> known_bytes; ///< packed and unpacked
  std::optional<replica_writer> writer; ///< since start()
  bool ticking = false;
};

keeper_actor::behavior_type keeper_behavior(keeper_state::pointer self,
                                            keeper_config config) {
  self->state.start(std::move(config));
  return {
    [=](const local<need_bundle>& what) { self->state.need(*what); },
    [=](const local<chunk_arrived>& what) { self->state.arrived(*what); },
    [=](const local<chunk_wanted>& what) { self->state.wanted(*what); },
    [=](const local<bulk_arrived>& got) { self->state.arrived(*got); },
    [=](const local<bulk_changed>& what) { self->state.changed(*what); },
    [=](const local<bundle_peers>& now) { self->state.pulls->peers(*now); },
    [=](const local<bundles_in_use>& now) { self->state.now_in_use(*now); },
    [=](const local<collect_bundles>& what) { self->state.collect(*what); },
    [=](const local<keep_replica>& what) { self->state.keep(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
    [=](caf::flush_atom) { self->state.clean(); },
  };
}

} // namespace

keeper_actor spawn_keeper(caf::actor_system& system, keeper_config config) {
  return system.spawn<caf::detached>(keeper_behavior, std::move(config));
}

} // namespace faas::actors
