#include "actors/control/secret_desk.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

error no_store() {
  return {errc::unavailable, "this controller keeps no secrets",
          "see its log for the reason"};
}

bool uses(const function_spec& spec, const secret_name& name) {
  const auto& names = spec.secrets;
  return std::find(names.begin(), names.end(), name.str()) != names.end();
}

std::vector<function_name> users_of(const cluster_view& view,
                                    const secret_name& name) {
  std::set<function_name> users;
  for (const auto& assigned : view.versions)
    if (uses(assigned.spec, name))
      users.insert(assigned.version.function);
  return {users.begin(), users.end()};
}

} // namespace

template <class Plan>
result<secret_outcome> secret_desk::carry_out(const request_id& id, Plan plan) {
  if (!config_.store)
    return no_store();
  auto outcome = attempt(id, plan);
  // Another leader, or a commit whose answer was lost, has moved the store on:
  // once more, from what it holds.
  if (!outcome && stale_ && outcome.error().code == errc::conflict)
    outcome = attempt(id, plan);
  return outcome;
}

template <class Plan>
result<secret_outcome> secret_desk::attempt(const request_id& id, Plan plan) {
  if (auto ok = refresh(); !ok)
    return ok.error();
  auto before = config_.store->outcome_of(id);
  if (!before)
    return before.error();
  if (*before)
    return **before;
  const result<secret_change> change = plan();
  if (!change)
    return change.error();
  if (auto stored = config_.store->commit(*change); !stored) {
    const auto code = stored.error().code;
    stale_ = code == errc::conflict || code == errc::unavailable;
    return stored.error();
  }
  apply(config_.state, *change);
  return change->outcome;
}

result<void> secret_desk::refresh() {
  if (!stale_)
    return {};
  if (auto settled = config_.store->settle(config_.history); !settled)
    return settled;
  auto state = config_.store->load();
  if (!state)
    return state.error();
  config_.state = std::move(*state);
  stale_ = false;
  return {};
}

result<void> secret_desk::reload(const std::string& history) {
  config_.history = history;
  stale_ = config_.store != nullptr;
  if (auto ok = refresh(); !ok)
    return ok;
  if (config_.store && config_.unlock)
    config_.sealer = config_.unlock(!config_.state.secrets.empty());
  return {};
}

result<secrets_state> secret_desk::copy(const secret_sealer& seal) const {
  secrets_state made;
  made.at = config_.state.at;
  for (const auto& [name, secret] : config_.state.secrets) {
    auto value = config_.sealer->open(name, secret);
    if (!value)
      return value.error();
    auto sealed = seal.seal(name, secret.version, value->view());
    if (!sealed)
      return sealed.error();
    sealed->created = secret.created;
    sealed->changed = secret.changed;
    sealed->by = secret.by;
    made.secrets[name] = std::move(*sealed);
  }
  return made;
}

result<secrets_state> secret_desk::planned(const secrets_state* from,
                                           const secret_sealer* opener,
                                           const std::string& history) const {
  secrets_state next = config_.state;
  next.at.history = history;
  if (from == nullptr)
    return next;
  if (!config_.store && !from->secrets.empty())
    return no_store();
  next.at.number = std::max(next.at.number, from->at.number) + 1;
  next.secrets.clear();
  for (const auto& [name, secret] : from->secrets) {
    if (opener == nullptr)
      return error{errc::invalid_argument,
                   "the copy has secrets, but no key for them was given"};
    auto value = opener->open(name, secret);
    if (!value)
      return value.error();
    auto sealed = config_.sealer->seal(name, secret.version, value->view());
    if (!sealed)
      return sealed.error();
    sealed->created = secret.created;
    sealed->changed = secret.changed;
    sealed->by = secret.by;
    next.secrets[name] = std::move(*sealed);
  }
  return next;
}

result<void> secret_desk::stage(const secrets_state& next) {
  return config_.store ? config_.store->stage(next) : result<void>{};
}

void secret_desk::settle(secrets_state next) {
  config_.history = next.at.history;
  config_.state = std::move(next);
  if (config_.store)
    stale_ = !config_.store->settle(config_.history);
}

result<secret_outcome>
secret_desk::carry_out(const put_secret_command& command) {
  return carry_out(command.id, [&] {
    return plan(config_.state, command, *config_.sealer, clock_->wall());
  });
}

result<secret_outcome>
secret_desk::carry_out(const remove_secret_command& command,
                       const cluster_view& view) {
  return carry_out(command.id, [&] {
    return plan(config_.state, command, users_of(view, command.name));
  });
}

std::vector<secret_status> secret_desk::list(const cluster_view& view) const {
  std::map<std::string, std::set<function_name>> users;
  for (const auto& assigned : view.versions)
    for (const auto& name : assigned.spec.secrets)
      users[name].insert(assigned.version.function);
  std::vector<secret_status> all;
  for (const auto& [name, secret] : config_.state.secrets) {
    const auto& of = users[name.str()];
    all.push_back({name, secret.version, secret.created, secret.changed,
                   secret.by, {of.begin(), of.end()}});
  }
  return all;
}

result<void> secret_desk::check(const catalog_state& before,
                                const catalog_change& change) {
  auto fine = check_secrets(before, change, config_.state);
  if (fine || !stale_)
    return fine;
  if (auto ok = refresh(); !ok)
    return ok;
  return check_secrets(before, change, config_.state);
}

void secret_desk::stamp(cluster_view& view) const {
  for (auto& assigned : view.versions)
    for (const auto& name : assigned.spec.secrets)
      if (const auto found = config_.state.secrets.find(secret_name{name});
          found != config_.state.secrets.end())
        assigned.secrets[name] = stamp_of(found->second);
}

wire::secret_value secret_desk::open_for(const node_name& node,
                                         const secret_name& name,
                                         const cluster_view& view) const {
  wire::secret_value answer;
  answer.name = name;
  const bool allowed
    = std::any_of(view.versions.begin(), view.versions.end(),
                  [&](const assigned_version& assigned) {
                    return assigned.nodes.contains(node)
                           && uses(assigned.spec, name);
                  });
  const auto found = config_.state.secrets.find(name);
  if (!allowed || found == config_.state.secrets.end()) {
    answer.why = allowed
                   ? error{errc::not_found,
                           "there is no secret '" + name.str() + "'",
                           "make it: faas-cli secret create " + name.str()}
                   : error{errc::forbidden,
                           "node " + node.str() + " runs nothing that uses "
                             "secret '" + name.str().substr(0, 80) + "'"};
    return answer;
  }
  auto value = config_.sealer->open(name, found->second);
  if (!value) {
    answer.why = value.error();
    return answer;
  }
  answer.stamp = stamp_of(found->second);
  answer.value = std::move(*value);
  return answer;
}

} // namespace faas::actors
