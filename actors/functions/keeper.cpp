#include "actors/functions/keeper.hpp"

#include "actors/functions/pull_window.hpp"
#include "actors/functions/replica.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto chunk_patience = 3s;
constexpr int chunk_tries = 5;

struct download {
  std::vector<std::function<void(result<std::filesystem::path>)>> waiters;
  std::unique_ptr<bundle_upload> upload;
  pull_window window;
  time_point heard{}; ///< of, or asked again
  int tries = 0;
};

struct keeper_state {
  static constexpr const char* name = "faas.keeper";
  using pointer = keeper_actor::stateful_pointer<keeper_state>;

  explicit keeper_state(pointer self) : self(self) {}

  void start(keeper_config with) {
    config = with;
    writer.emplace(config.replica, config.node, config.log);
    mark = std::make_unique<alive_mark>(*config.counters, actor_kind::keeper);
  }

  void need(const need_bundle& what) {
    mark->counters().count_handled();
    if (config.store->has(what.bundle)) {
      what.done(config.store->unpack(what.bundle));
      return;
    }
    auto& one = downloads[what.bundle];
    one.waiters.push_back(what.done);
    if (one.waiters.size() > 1)
      return;
    auto upload = config.store->begin(what.bundle);
    if (!upload) {
      end(what.bundle, upload.error());
      return;
    }
    one.upload = std::move(*upload);
    one.heard = config.clock->now();
    ask(what.bundle, one);
  }

  void ask(const digest& id, download& one) {
    while (const auto at = one.window.ask())
      if (!source.ask
          || !source.ask(
            wire::bundle_request{id, *at, pull_window::chunk_bytes})) {
        end(id, error{errc::unavailable,
                      "bundle " + id.hex().substr(0, 12)
                        + " is not here and no node that has it is connected",
                      "deploy it again, or wait for the controller's node"});
        return;
      }
    if (!std::exchange(ticking, true))
      self->delayed_send(self, 1s, caf::tick_atom::value);
  }

  void chunk(const wire::bundle_chunk& got) {
    mark->counters().count_handled();
    const auto found = downloads.find(got.bundle);
    if (found == downloads.end())
      return;
    auto& one = found->second;
    if (got.why.code != errc::ok) {
      end(got.bundle, got.why);
      return;
    }
    if (!one.window.take(got.offset, got.bytes.size(), got.total))
      return; // a repeated answer
    if (auto written = one.upload->write(got.bytes); !written) {
      end(got.bundle, written.error());
      return;
    }
    one.heard = config.clock->now();
    one.tries = 0;
    if (!one.window.complete() && !got.bytes.empty()) {
      ask(got.bundle, one);
      return;
    }
    if (auto kept = one.upload->commit(); !kept)
      end(got.bundle, kept.error());
    else
      end(got.bundle, config.store->unpack(got.bundle));
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
                                               pull_window::chunk_bytes));
      if (bytes)
        answer.bytes = std::move(*bytes);
      else
        answer.why = bytes.error();
    }
    what.answer(std::move(answer));
  }

  void end(const digest& id, result<std::filesystem::path> outcome) {
    auto node = downloads.extract(id);
    if (node.empty())
      return;
    for (const auto& done : node.mapped().waiters)
      done(outcome);
  }

  void keep(const keep_replica& what) {
    mark->counters().count_handled();
    writer->take({what.view, what.kept}, config.clock->now());
    if (writer->due() && !std::exchange(ticking, true))
      self->delayed_send(self, 1s, caf::tick_atom::value);
  }

  void tick() {
    ticking = false;
    writer->tick(config.clock->now());
    const auto now = config.clock->now();
    std::vector<digest> late;
    for (const auto& [id, one] : downloads)
      if (now - one.heard >= chunk_patience)
        late.push_back(id);
    for (const auto& id : late) {
      auto& one = downloads.at(id);
      if (++one.tries < chunk_tries) {
        one.heard = now;
        one.window.repeat();
        ask(id, one);
      } else {
        end(id, error{errc::unavailable,
                      "the node that has bundle " + id.hex().substr(0, 12)
                        + " does not answer",
                      "see faas-cli nodes"});
      }
    }
    if ((!downloads.empty() || writer->due())
        && !std::exchange(ticking, true))
      self->delayed_send(self, 1s, caf::tick_atom::value);
  }

  pointer self;
  keeper_config config;
  std::unique_ptr<alive_mark> mark;
  bundle_source source;
  std::optional<replica_writer> writer; ///< since start()
  std::map<digest, download> downloads;
  bool ticking = false;
};

keeper_actor::behavior_type keeper_behavior(keeper_state::pointer self,
                                            keeper_config config) {
  self->state.start(config);
  return {
    [=](const local<need_bundle>& what) { self->state.need(*what); },
    [=](const local<chunk_arrived>& what) { self->state.chunk(what->chunk); },
    [=](const local<chunk_wanted>& what) { self->state.wanted(*what); },
    [=](const local<bundle_source>& what) { self->state.source = *what; },
    [=](const local<keep_replica>& what) { self->state.keep(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
  };
}

} // namespace

keeper_actor spawn_keeper(caf::actor_system& system, keeper_config config) {
  return system.spawn<caf::detached>(keeper_behavior, config);
}

} // namespace faas::actors
