// An admin port in memory, for tests of the gateway.
#pragma once

#include "tests/support/fake_admin_state.hpp"

namespace faas::test {

/// Keeps functions in a map; answers on the calling thread. Tests may set
/// `fail` to make every call answer that error.
class fake_admin_port final : public admin_port, public fake_admin_state {
public:
  void deploy(deploy_command command, reply_to<command_outcome> done) override {
    answer(std::move(done), [&]() -> result<command_outcome> {
      deployed.push_back(command);
      const auto& name = command.spec.name.str();
      const auto known = functions.contains(name);
      if (command.when == deploy_command::condition::must_exist && !known)
        return error{errc::not_found, "there is no function " + name,
                     "create it"};
      if (command.when == deploy_command::condition::must_not_exist && known)
        return error{errc::conflict, name + " exists", "update it"};
      auto& status = functions[name];
      status.spec = command.spec;
      status.bundle = command.bundle;
      ++status.version;
      status.created = wall_time{std::chrono::seconds{1'700'000'000}};
      return command_outcome{{"h", 1}, status.version, false, false};
    });
  }
  void remove(remove_command command, reply_to<command_outcome> done) override {
    answer(std::move(done), [&]() -> result<command_outcome> {
      removed.push_back(command);
      if (functions.erase(command.function.str()) == 0)
        return error{errc::not_found,
                     "there is no function " + command.function.str(), ""};
      return command_outcome{{"h", 2}, 1, false, false};
    });
  }
  void rollback(rollback_command command,
                reply_to<command_outcome> done) override {
    answer(std::move(done), [&]() -> result<command_outcome> {
      rolled_back.push_back(command);
      const auto at = functions.find(command.function.str());
      if (at == functions.end())
        return error{errc::not_found,
                     "there is no function " + command.function.str(), ""};
      at->second.version
        = command.version ? command.version : at->second.version - 1;
      return command_outcome{{"h", 3}, at->second.version, false, false};
    });
  }
  void traffic(traffic_command command,
               reply_to<command_outcome> done) override {
    answer(std::move(done), [&] {
      divided.push_back(command);
      return changed(command.function);
    });
  }
  void alias(alias_command command, reply_to<command_outcome> done) override {
    answer(std::move(done), [&] {
      aliased.push_back(command);
      return changed(command.function);
    });
  }
  void rollout(rollout_command command,
               reply_to<command_outcome> done) override {
    answer(std::move(done), [&] {
      steered.push_back(command);
      return changed(command.function);
    });
  }
  void scale(scale_command command, reply_to<command_outcome> done) override {
    answer(std::move(done), [&] {
      scaled.push_back(command);
      if (functions.contains(command.function.str()))
        functions[command.function.str()].least = command.least;
      return changed(command.function);
    });
  }
  void put_secret(put_secret_command command,
                  reply_to<secret_outcome> done) override {
    answer(std::move(done), [&]() -> result<secret_outcome> {
      const auto& name = command.name.str();
      const bool known = secrets_put.contains(name);
      using condition = put_secret_command::condition;
      if (command.when == condition::must_exist && !known)
        return error{errc::not_found, "there is no secret " + name, ""};
      if (command.when == condition::must_not_exist && known)
        return error{errc::conflict, "there is a secret " + name, ""};
      secrets_put[name] = command.value.view();
      return secret_outcome{{"h", 5}, 5, false, false};
    });
  }
  void remove_secret(remove_secret_command command,
                     reply_to<secret_outcome> done) override {
    answer(std::move(done), [&]() -> result<secret_outcome> {
      if (secrets_put.erase(command.name.str()) == 0)
        return error{errc::not_found,
                     "there is no secret " + command.name.str(), ""};
      return secret_outcome{{"h", 6}, 5, false, false};
    });
  }
  void secrets(reply_to<std::vector<secret_status>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<secret_status>> {
      std::vector<secret_status> all;
      for (const auto& [name, value] : secrets_put)
        all.push_back({secret_name{name}, 5,
                       wall_time{std::chrono::seconds{1'700'000'000}},
                       wall_time{std::chrono::seconds{1'700'000'060}}, "admin",
                       {function_name{"f"}}});
      return all;
    });
  }
  void copy_registry(std::shared_ptr<const secret_sealer> seal,
                     reply_to<registry_copy> done) override {
    answer(std::move(done), [&]() -> result<registry_copy> {
      auto given = copy;
      given.has_secrets = seal != nullptr;
      if (!given.has_secrets)
        given.secrets.secrets.clear();
      return given;
    });
  }
  void replace_registry(replace_registry_command command,
                        reply_to<replace_registry_outcome> done) override {
    answer(std::move(done), [&]() -> result<replace_registry_outcome> {
      replaced.push_back(command);
      if (!command.replace && !functions.empty())
        return error{errc::conflict, "not empty", "--replace"};
      replace_registry_outcome outcome;
      outcome.at = {command.history, command.copy->catalog.at.number + 1};
      outcome.functions = command.copy->catalog.functions.size();
      outcome.secrets = command.copy->secrets.secrets.size();
      return outcome;
    });
  }
  void versions(function_name name,
                reply_to<std::vector<version_status>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<version_status>> {
      const auto at = functions.find(name.str());
      if (at == functions.end())
        return error{errc::not_found, "there is no function " + name.str(), ""};
      version_status one;
      one.number = at->second.version;
      one.bundle = at->second.bundle;
      one.created = at->second.created;
      one.by = "admin";
      one.current = true;
      return std::vector{one};
    });
  }
  void list(reply_to<std::vector<function_status>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<function_status>> {
      std::vector<function_status> all;
      for (const auto& [name, status] : functions)
        all.push_back(status);
      return all;
    });
  }
  void describe(function_name name, reply_to<function_status> done) override {
    answer(std::move(done), [&]() -> result<function_status> {
      const auto at = functions.find(name.str());
      if (at == functions.end())
        return error{errc::not_found, "there is no function " + name.str(), ""};
      return at->second;
    });
  }
  void nodes(reply_to<std::vector<node_status>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<node_status>> {
      node_status self;
      self.name = node_name{"edge-1"};
      self.tier = "edge";
      self.self = self.controller = true;
      return std::vector{self};
    });
  }
  void steer_node(node_command command, reply_to<node_standing> done) override {
    answer(std::move(done), [&]() -> result<node_standing> {
      steered_nodes.push_back(command);
      if (command.node.str() != "edge-1")
        return error{errc::not_found, "no node " + command.node.str(), ""};
      node_standing now;
      now.node = command.node;
      now.duty = node_duty::draining;
      now.removed = command.wanted == node_command::what::remove;
      now.note = "waits";
      return now;
    });
  }
  void sites(function_name name, double size,
             reply_to<std::vector<site_status>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<site_status>> {
      if (!functions.contains(name.str()))
        return error{errc::not_found, "no function", ""};
      site_status site;
      site.site = site_name{"edge-1/cpu"};
      site.size = size;
      site.candidate = site.best = true;
      site.imposed_ms = 2.5;
      site.request_bytes = 3000;
      site.reply_bytes = 40;
      site.policy = "jsq";
      site.foretold = false;
      return std::vector{site};
    });
  }
  void actors(reply_to<std::vector<actor_status>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<actor_status>> {
      return std::vector<actor_status>{{"lane", 2, 0, 7, 0}};
    });
  }
  void logs(log_query query, reply_to<std::vector<log_line>> done) override {
    answer(std::move(done), [&]() -> result<std::vector<log_line>> {
      queries.push_back(query);
      std::vector<log_line> found;
      for (const auto& line : lines)
        if (query.wants(line))
          found.push_back(line);
      if (query.tail > 0 && found.size() > static_cast<size_t>(query.tail))
        found.erase(found.begin(), found.end() - query.tail);
      return found;
    });
  }
  void decisions_elsewhere(call_id, reply_to<told_decisions> done) override {
    answer(std::move(done),
           [&]() -> result<told_decisions> { return elsewhere; });
  }
  void bundles(bundles_command command,
               reply_to<bundles_status> done) override {
    answer(std::move(done), [&]() -> result<bundles_status> {
      collected.push_back(command);
      if (no_room && command.what == bundles_command::action::make_room)
        return *no_room;
      return kept;
    });
  }
  readiness ready() const override { return {not_ready}; }
};

} // namespace faas::test
