#include "libfaas/ports/secrets.hpp"

#include "libfaas/ports/catalog_plan.hpp"

namespace faas {
namespace {

bool alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

result<void> check(const secret_name& name, const request_id& request) {
  if (!valid_secret_name(name.str()))
    return error{errc::invalid_argument,
                 "\"" + name.str().substr(0, 80) + "\" is no name of a secret",
                 "use 1 to 63 lower-case letters, digits, '-' and '.', with a "
                 "letter or digit at both ends"};
  if (request.str().size() > request_id_bytes)
    return error{errc::invalid_argument, "the request id is too long",
                 "use at most " + std::to_string(request_id_bytes)
                   + " characters"};
  return {};
}

error no_secret(const secret_name& name) {
  return {errc::not_found, "there is no secret '" + name.str() + "'",
          "see faas-cli secret list"};
}

result<void> check_value(const put_secret_command& command) {
  if (command.value.empty())
    return error{errc::invalid_argument,
                 "the value of secret '" + command.name.str() + "' is empty",
                 "give it one"};
  if (command.value.size() > limits::secret_bytes)
    return error{errc::too_large,
                 "the value of secret '" + command.name.str() + "' has "
                   + std::to_string(command.value.size()) + " bytes, more than "
                   + std::to_string(limits::secret_bytes),
                 "put large files into the bundle, encrypted, and their key "
                 "into the secret"};
  return {};
}

result<void> check_condition(const put_secret_command& command, bool exists) {
  using condition = put_secret_command::condition;
  if (command.when == condition::must_exist && !exists)
    return no_secret(command.name);
  if (command.when == condition::must_not_exist && exists)
    return error{errc::conflict,
                 "there is already a secret '" + command.name.str() + "'",
                 "update it: faas-cli secret update " + command.name.str()};
  return {};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

result<void> check_spec(const function_spec& spec,
                        const secrets_state& secrets) {
  if (spec.secrets.size() > limits::secrets_per_function)
    return error{errc::invalid_argument,
                 spec.name.str() + " names "
                   + std::to_string(spec.secrets.size()) + " secrets, more than "
                   + std::to_string(limits::secrets_per_function),
                 "put several values into one secret"};
  std::vector<std::string> missing;
  for (const auto& name : spec.secrets)
    if (!secrets.secrets.contains(secret_name{name}))
      missing.push_back("'" + name.substr(0, 80) + "'");
  if (missing.empty())
    return {};
  return error{errc::invalid_argument,
               spec.name.str() + " needs " + joined(missing)
                 + (missing.size() == 1 ? ", a secret that does not exist"
                                        : ", secrets that do not exist"),
               "make it first: faas-cli secret create NAME"};
}

} // namespace

bool valid_secret_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 63)
    return false;
  char before = '.';
  for (const char c : text) {
    const bool edge = c == '.' || before == '.';
    if (!alphanumeric(c) && c != '-' && c != '.')
      return false;
    if (edge && !alphanumeric(c == '.' ? before : c))
      return false;
    before = c;
  }
  return alphanumeric(before);
}

std::string stamp_of(const sealed_secret& secret) {
  auto text = std::to_string(secret.version) + ".";
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : secret.box.substr(0, 6)) {
    text += digits[static_cast<uint8_t>(c) >> 4];
    text += digits[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

result<secret_change> plan(const secrets_state& state,
                           const put_secret_command& command,
                           const secret_sealer& sealer, wall_time now) {
  const auto& name = command.name;
  if (auto ok = check(name, command.id); !ok)
    return ok.error();
  const auto found = state.secrets.find(name);
  const bool exists = found != state.secrets.end();
  if (auto ok = check_condition(command, exists); !ok)
    return ok.error();
  if (auto ok = check_value(command); !ok)
    return ok.error();
  if (!exists && state.secrets.size() >= limits::secrets)
    return error{errc::storage_full,
                 "there are " + std::to_string(limits::secrets)
                   + " secrets, the most that are kept",
                 "remove one that is not used: faas-cli secret list"};
  secret_change change{command.id, name, {}, {state.at, 0}};
  if (exists) {
    // One that cannot be opened is replaced: that is how it is mended.
    const auto old = sealer.open(name, found->second);
    if (old && *old == command.value) {
      change.record = found->second;
      change.outcome.version = found->second.version;
      change.outcome.unchanged = true;
      return change;
    }
  }
  const auto version = ++change.outcome.at.number;
  auto sealed = sealer.seal(name, version, command.value.view());
  if (!sealed)
    return sealed.error();
  sealed->created = exists ? found->second.created : now;
  sealed->changed = now;
  sealed->by = command.by;
  change.outcome.version = version;
  change.record = std::move(*sealed);
  return change;
}

result<secret_change> plan(const secrets_state& state,
                           const remove_secret_command& command,
                           const std::vector<function_name>& users) {
  if (auto ok = check(command.name, command.id); !ok)
    return ok.error();
  const auto found = state.secrets.find(command.name);
  if (found == state.secrets.end())
    return no_secret(command.name);
  if (!users.empty()) {
    std::vector<std::string> names;
    for (const auto& user : users)
      names.push_back(user.str());
    return error{errc::conflict,
                 "secret '" + command.name.str() + "' is used by "
                   + joined(names),
                 "deploy them without it, or remove them, first"};
  }
  secret_change change{
    command.id, command.name, {}, {state.at, found->second.version}};
  ++change.outcome.at.number;
  return change;
}

void apply(secrets_state& state, const secret_change& change) {
  if (change.outcome.unchanged)
    return;
  state.at = change.outcome.at;
  if (change.record)
    state.secrets[change.name] = *change.record;
  else
    state.secrets.erase(change.name);
}

result<void> check_secrets(const catalog_state& before,
                           const catalog_change& change,
                           const secrets_state& secrets) {
  if (!change.record || change.outcome.unchanged)
    return {};
  std::set<uint32_t> known;
  if (const auto old = before.functions.find(change.function);
      old != before.functions.end())
    known = in_use(old->second);
  for (const auto number : in_use(*change.record)) {
    const auto version = change.record->versions.find(number);
    if (known.contains(number) || version == change.record->versions.end())
      continue;
    if (auto ok = check_spec(version->second.spec, secrets); !ok)
      return ok;
  }
  return {};
}

} // namespace faas
