#include "actors/functions/vault.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 3s;
constexpr int tries = 5;

/// One version's wish that is not fulfilled yet.
struct open_wish {
  string_map stamps;
  std::function<void(secrets_ready)> done;
  time_point asked{};
  int tried = 1;
};

error not_reachable(const std::string& name) {
  return {errc::unavailable,
          "secret '" + name + "' is not on this node and the node with the "
            "controller is not connected",
          "see faas-cli nodes"};
}

struct vault_state {
  static constexpr const char* name = "faas.vault";
  using pointer = vault_actor::stateful_pointer<vault_state>;

  explicit vault_state(pointer self) : self(self) {}

  void start(vault_config with) {
    config = std::move(with);
    mark = std::make_unique<alive_mark>(*config.counters, actor_kind::vault);
  }

  // -- wishes -------------------------------------------------------------------

  void need(const need_secrets& what) {
    mark->counters().count_handled();
    if (config.files == nullptr) {
      what.done({{}, config.why});
      return;
    }
    wishes[what.version]
      = {what.stamps, what.done, config.clock->now(), 1};
    serve(what.version);
  }

  /// Fulfils what can be, asks for the rest.
  void serve(const version_ref& version) {
    auto& wish = wishes.at(version);
    for (const auto& [secret, stamp] : missing(version, wish)) {
      if (auto copied = copy(version, secret, stamp); !copied)
        return end(version, copied.error());
      else if (*copied)
        continue;
      if (!source.ask
          || !source.ask(wire::secret_request{secret_name{secret}}))
        return end(version, not_reachable(secret));
    }
    if (missing(version, wish).empty())
      end(version, config.files->folder_of(version));
    else if (!std::exchange(ticking, true))
      self->delayed_send(self, 1s, caf::tick_atom::value);
  }

  string_map missing(const version_ref& version, const open_wish& wish) {
    const auto& here = present[version];
    string_map all;
    for (const auto& [secret, stamp] : wish.stamps)
      if (const auto found = here.find(secret);
          found == here.end() || found->second != stamp)
        all[secret] = stamp;
    return all;
  }

  /// From another version that has that value; false when there is none.
  result<bool> copy(const version_ref& to, const std::string& secret,
                    const std::string& stamp) {
    for (const auto& [from, files] : present) {
      const auto found = files.find(secret);
      if (from == to || found == files.end() || found->second != stamp)
        continue;
      auto value = config.files->read(from, secret_name{secret});
      if (!value)
        return value.error();
      if (auto put = write(to, secret, stamp, value->view()); !put)
        return put.error();
      return true;
    }
    return false;
  }

  result<void> write(const version_ref& to, const std::string& secret,
                     const std::string& stamp, std::string_view value) {
    auto written = config.files->write(to, secret_name{secret}, value);
    if (written)
      present[to][secret] = stamp;
    return written;
  }

  void end(const version_ref& version,
           const result<std::filesystem::path>& how) {
    auto node = wishes.extract(version);
    if (!node.empty())
      node.mapped().done({present[version], how});
  }

  // -- what comes ---------------------------------------------------------------

  void arrived(const secret_arrived& what) {
    mark->counters().count_handled();
    if (what.from != source.node)
      return; // nobody else was asked
    const auto& secret = what.value.name.str();
    std::vector<version_ref> waiting;
    for (const auto& [version, wish] : wishes)
      if (missing(version, wish).contains(secret))
        waiting.push_back(version);
    for (const auto& version : waiting)
      take(version, what.value);
  }

  /// A newer value than was wished for is good: the wish for it is on its way.
  void take(const version_ref& version, const wire::secret_value& value) {
    if (value.why.code != errc::ok)
      return end(version, value.why);
    auto& wish = wishes.at(version);
    const auto& secret = value.name.str();
    wish.stamps[secret] = value.stamp;
    if (auto put = write(version, secret, value.stamp, value.value.view());
        !put)
      return end(version, put.error());
    if (missing(version, wish).empty())
      end(version, config.files->folder_of(version));
  }

  void drop(const drop_secrets& what) {
    mark->counters().count_handled();
    wishes.erase(what.version);
    if (present.erase(what.version) > 0 && config.files != nullptr)
      config.files->remove(what.version);
  }

  void changed(const secret_source& what) {
    mark->counters().count_handled();
    source = what;
  }

  void tick() {
    ticking = false;
    const auto now = config.clock->now();
    std::vector<version_ref> late;
    for (const auto& [version, wish] : wishes)
      if (now - wish.asked >= patience)
        late.push_back(version);
    for (const auto& version : late) {
      auto& wish = wishes.at(version);
      wish.asked = now;
      if (++wish.tried <= tries)
        serve(version);
      else
        end(version, error{errc::unavailable,
                           "the node with the controller does not answer",
                           "see faas-cli nodes"});
    }
    if (!wishes.empty() && !std::exchange(ticking, true))
      self->delayed_send(self, 1s, caf::tick_atom::value);
  }

  pointer self;
  vault_config config;
  std::unique_ptr<alive_mark> mark;
  secret_source source;
  std::map<version_ref, open_wish> wishes;
  std::map<version_ref, string_map> present; ///< name: stamp of each file
  bool ticking = false;
};

vault_actor::behavior_type vault_behavior(vault_state::pointer self,
                                          vault_config config) {
  self->state.start(std::move(config));
  return {
    [=](const local<need_secrets>& what) { self->state.need(*what); },
    [=](const local<drop_secrets>& what) { self->state.drop(*what); },
    [=](const local<secret_arrived>& what) { self->state.arrived(*what); },
    [=](const local<secret_source>& what) { self->state.changed(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
  };
}

} // namespace

vault_actor spawn_vault(caf::actor_system& system, vault_config config) {
  return system.spawn<caf::detached>(vault_behavior, std::move(config));
}

vault_actor spawn_scheduled_vault(caf::actor_system& system,
                                  vault_config config) {
  return system.spawn(vault_behavior, std::move(config));
}

} // namespace faas::actors
