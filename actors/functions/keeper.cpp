#include "actors/functions/keeper.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t chunk_bytes = 32 * limits::kib; // below one frame
constexpr auto chunk_patience = 3s;
constexpr int chunk_tries = 5;

struct download {
  std::vector<std::function<void(result<std::filesystem::path>)>> waiters;
  std::unique_ptr<bundle_upload> upload;
  uint64_t offset = 0;
  time_point asked{};
  int tries = 0;
};

struct keeper_state {
  static constexpr const char* name = "faas.keeper";
  using pointer = keeper_actor::stateful_pointer<keeper_state>;

  explicit keeper_state(pointer self) : self(self) {}

  void start(keeper_config with) {
    config = with;
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
    ask(what.bundle, one);
  }

  void ask(const digest& id, download& one) {
    one.asked = config.clock->now();
    ++one.tries;
    if (!source.ask
        || !source.ask(wire::bundle_request{id, one.offset, chunk_bytes})) {
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
    if (found == downloads.end() || got.offset != found->second.offset)
      return; // a repeated answer
    auto& one = found->second;
    if (got.why.code != errc::ok) {
      end(got.bundle, got.why);
      return;
    }
    if (auto written = one.upload->write(got.bytes); !written) {
      end(got.bundle, written.error());
      return;
    }
    one.offset += got.bytes.size();
    one.tries = 0;
    if (one.offset < got.total && !got.bytes.empty()) {
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
                                      std::min(request.length, chunk_bytes));
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

  void tick() {
    ticking = false;
    const auto now = config.clock->now();
    std::vector<digest> late;
    for (const auto& [id, one] : downloads)
      if (now - one.asked >= chunk_patience)
        late.push_back(id);
    for (const auto& id : late) {
      auto& one = downloads.at(id);
      if (one.tries < chunk_tries)
        ask(id, one);
      else
        end(id, error{errc::unavailable,
                      "the node that has bundle " + id.hex().substr(0, 12)
                        + " does not answer",
                      "see faas-cli nodes"});
    }
    if (!downloads.empty() && !std::exchange(ticking, true))
      self->delayed_send(self, 1s, caf::tick_atom::value);
  }

  pointer self;
  keeper_config config;
  std::unique_ptr<alive_mark> mark;
  bundle_source source;
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
    [=](caf::tick_atom) { self->state.tick(); },
  };
}

} // namespace

keeper_actor spawn_keeper(caf::actor_system& system, keeper_config config) {
  return system.spawn<caf::detached>(keeper_behavior, config);
}

} // namespace faas::actors
