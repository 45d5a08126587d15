// What a fake admin port was told, and what it is to answer.
#pragma once

#include "libfaas/ports/decision_book.hpp"
#include "libfaas/ports/registry_copy.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace faas::test {

struct fake_admin_state {
  std::mutex mutex;
  std::map<std::string, function_status> functions;
  std::vector<deploy_command> deployed;
  std::vector<remove_command> removed;
  std::vector<rollback_command> rolled_back;
  std::vector<traffic_command> divided;
  std::vector<alias_command> aliased;
  std::vector<rollout_command> steered;
  std::vector<scale_command> scaled;
  std::vector<bundles_command> collected;
  bundles_status kept; ///< what bundles() answers
  std::optional<error> no_room; ///< what make_room answers
  std::vector<node_command> steered_nodes;
  std::map<std::string, std::string> secrets_put; ///< values by name
  registry_copy copy;                   ///< what copy_registry() answers
  std::vector<replace_registry_command> replaced;
  std::vector<log_line> lines;
  told_decisions elsewhere; ///< of any call, by another node
  std::vector<log_query> queries;
  std::vector<std::string> not_ready;
  std::optional<error> fail;
  bool silent = false; ///< destroys the callback unanswered

protected:
  result<command_outcome> changed(const function_name& name) {
    const auto at = functions.find(name.str());
    if (at == functions.end())
      return error{errc::not_found, "there is no function " + name.str(), ""};
    return command_outcome{{"h", 4}, at->second.version, false, false};
  }
  template <class T, class F>
  void answer(reply_to<T> done, F compute) {
    if (silent)
      return;
    auto value = [&]() -> result<T> {
      const auto guard = std::lock_guard{mutex};
      if (fail)
        return *fail;
      return compute();
    }();
    done(std::move(value));
  }
};

} // namespace faas::test
