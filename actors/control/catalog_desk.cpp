#include "actors/control/catalog_desk.hpp"

#include "libfaas/ports/catalog_draft.hpp"

#include <type_traits>

namespace faas::actors {
namespace {

const request_id& request_of(const catalog_command& command) {
  return std::visit([](const auto* one) -> const request_id& {
    return one->id;
  }, command);
}

const function_name& function_of(const catalog_command& command) {
  return std::visit([](const auto* one) -> const function_name& {
    if constexpr (std::is_same_v<decltype(one), const deploy_command*>)
      return one->spec.name;
    else
      return one->function;
  }, command);
}

} // namespace

std::vector<result<command_outcome>>
catalog_desk::carry_out(std::span<const catalog_command> commands) {
  outcomes done;
  done.reserve(commands.size());
  while (done.size() < commands.size()) {
    const auto rest = commands.subspan(done.size());
    if (rest.size() == 1)
      done.push_back(carry_out(rest.front()));
    else
      carry_out_some(rest, done);
  }
  return done;
}

result<command_outcome> catalog_desk::carry_out(catalog_command command) {
  outcomes done;
  carry_out_some({&command, 1}, done);
  // Another leader, or a commit whose answer was lost, has moved the store on:
  // once more, from what it holds.
  if (!done.front() && doubt_ && done.front().error().code == errc::conflict) {
    done.clear();
    carry_out_some({&command, 1}, done);
  }
  return std::move(done.front());
}

result<std::optional<command_outcome>>
catalog_desk::known(const request_id& request) {
  auto before = config_.store->outcome_of(request);
  if (before && *before)
    (**before).repeated = true;
  return before;
}

void catalog_desk::carry_out_some(std::span<const catalog_command> commands,
                                  outcomes& done) {
  if (auto ok = config_.ready(doubt_); !ok) {
    done.insert(done.end(), commands.size(), ok.error());
    return;
  }
  doubt_ = false;
  outcomes now;
  catalog_draft draft{config_.catalog()};
  for (const auto& command : commands) {
    if (draft.full() || draft.holds(request_of(command)))
      break;
    auto before = known(request_of(command));
    if (!before) { // the store is away: the others need not wait for it, too
      now.insert(now.end(), commands.size() - now.size(), before.error());
      break;
    }
    if (*before) {
      now.push_back(**before);
      continue;
    }
    auto change = config_.plan(draft.state_for(function_of(command)), command);
    if (!change) {
      now.push_back(change.error());
      continue;
    }
    now.push_back(change->outcome);
    draft.add(std::move(*change));
  }
  if (!draft.changes().empty()) {
    if (auto stored = config_.store->commit(draft.changes()); !stored) {
      const auto code = stored.error().code;
      doubt_ = code == errc::conflict || code == errc::unavailable;
      // One may have spoilt it for all, and refusals were planned on what is
      // not stored.
      if (commands.size() > 1 && code != errc::unavailable)
        for (const auto& command : commands.first(now.size()))
          done.push_back(carry_out(command));
      else
        done.insert(done.end(), now.size(), stored.error());
      return;
    }
    for (const auto& change : draft.changes())
      if (!change.outcome.unchanged)
        config_.stored(change);
  }
  std::move(now.begin(), now.end(), std::back_inserter(done));
}

} // namespace faas::actors
