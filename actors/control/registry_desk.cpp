#include "actors/control/registry_desk.hpp"

#include <algorithm>
#include <set>

namespace faas::actors {

result<registry_copy> registry_desk::copy(const secret_sealer* seal) {
  if (auto ok = config_.ready(std::exchange(doubt_, false)); !ok)
    return ok.error();
  registry_copy made;
  made.catalog = config_.catalog();
  if (seal == nullptr)
    return made;
  auto sealed = config_.secrets->copy(*seal);
  if (!sealed)
    return sealed.error();
  made.has_secrets = true;
  made.secrets = std::move(*sealed);
  return made;
}

result<replace_registry_outcome>
registry_desk::carry_out(const replace_registry_command& command) {
  auto outcome = attempt(command);
  // Another leader, or an answer that was lost, has moved the store on: once
  // more, from what it holds.
  if (!outcome && doubt_ && outcome.error().code == errc::conflict)
    outcome = attempt(command);
  return outcome;
}

result<replace_registry_outcome>
registry_desk::attempt(const replace_registry_command& command) {
  if (auto ok = config_.ready(std::exchange(doubt_, false)); !ok)
    return ok.error();
  auto before = config_.store->outcome_of(command.id);
  if (!before)
    return before.error();
  if (*before)
    return told((*before)->at, true);
  if (auto ok = may_replace(command); !ok)
    return ok.error();
  return replace(command);
}

result<void>
registry_desk::may_replace(const replace_registry_command& command) const {
  if (auto good = check(*command.copy); !good)
    return good;
  const auto& here = config_.catalog().functions;
  const auto& secrets = *config_.secrets;
  if (command.replace || (here.empty() && secrets.empty()))
    return {};
  return error{errc::conflict,
               "this registry is not empty: it has "
                 + std::to_string(here.size()) + " functions"
                 + (secrets.empty() ? "" : ", and secrets"),
               "import with --replace, which removes what is here (export it "
               "first, to be able to go back)"};
}

result<replace_registry_outcome>
registry_desk::replace(const replace_registry_command& command) {
  const auto& copy = *command.copy;
  auto next = copy.catalog;
  next.at = {command.history,
             std::max(next.at.number, config_.catalog().at.number) + 1};
  auto sealed
    = config_.secrets->planned(copy.has_secrets ? &copy.secrets : nullptr,
                               command.opener.get(), command.history);
  if (!sealed)
    return sealed.error();
  if (auto staged = config_.secrets->stage(*sealed); !staged)
    return staged.error();
  if (auto stored = config_.store->replace(next, command.id); !stored) {
    const auto code = stored.error().code;
    doubt_ = code == errc::conflict || code == errc::unavailable;
    return stored.error();
  }
  const auto at = next.at;
  config_.stored(std::move(next));
  config_.secrets->settle(std::move(*sealed));
  return told(at, false);
}

replace_registry_outcome registry_desk::told(const revision& at,
                                             bool repeated) const {
  const auto& functions = config_.catalog().functions;
  const auto& secrets = *config_.secrets;
  replace_registry_outcome outcome;
  outcome.at = at;
  outcome.repeated = repeated;
  outcome.functions = functions.size();
  outcome.secrets = secrets.count();
  std::set<secret_name> missing;
  for (const auto& [name, record] : functions)
    if (const auto found = record.versions.find(record.current);
        found != record.versions.end())
      for (const auto& secret : found->second.spec.secrets)
        if (!secrets.has(secret_name{secret}))
          missing.insert(secret_name{secret});
  outcome.missing.assign(missing.begin(), missing.end());
  return outcome;
}

} // namespace faas::actors
