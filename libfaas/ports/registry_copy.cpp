#include "libfaas/ports/registry_copy.hpp"

#include "libfaas/manifest/platform.hpp"

#include <algorithm>
#include <set>

namespace faas {
namespace {

constexpr size_t max_functions = 100'000;
constexpr size_t max_versions = 1000; ///< of one function
constexpr size_t max_box = limits::secret_bytes + 1024;

error wrong(const std::string& what) {
  return {errc::invalid_argument, "the copy of the registry is wrong: " + what,
          "export it again"};
}

result<void> check_version(const function_record& record, uint32_t number,
                           const function_version& version) {
  const auto shown = record.name.str() + " version " + std::to_string(number);
  if (number == 0 || number > record.last || version.number != number)
    return wrong(shown + " has a number that was never given");
  if (version.spec.name != record.name)
    return wrong(shown + " is that of another function");
  return {};
}

/// What the rules refer to must be kept.
result<void> check_rules(const function_record& record) {
  const auto& rules = record.traffic;
  const auto kept
    = [&](uint32_t version) { return record.versions.contains(version); };
  uint64_t sum = 0;
  bool all = kept(record.current);
  for (const auto& [version, share] : rules.weights) {
    all = all && kept(version);
    sum += share;
  }
  for (const auto& [alias, version] : rules.aliases)
    all = all && kept(version) && valid_alias(alias);
  if (rules.rollout && rules.rollout->under_way())
    all = all && kept(rules.rollout->version) && kept(rules.rollout->from);
  if (!all)
    return wrong(record.name.str() + " refers to a version that is not there");
  if (!rules.weights.empty() && sum != 100)
    return wrong("the shares of " + record.name.str() + " add up to "
                 + std::to_string(sum) + ", not to 100");
  if (rules.aliases.size() > kept_aliases)
    return wrong(record.name.str() + " has too many aliases");
  if (rules.scale && rules.scale->least > most_instances)
    return wrong(record.name.str() + " asks for too many instances");
  return {};
}

result<void> check_catalog(const catalog_state& catalog) {
  if (catalog.functions.size() > max_functions
      || catalog.retired.size() > kept_retired)
    return wrong("too many functions");
  for (const auto& [name, record] : catalog.functions) {
    if (!valid_function_name(name.str()) || record.name != name)
      return wrong("\"" + name.str().substr(0, 80)
                   + "\" is no name of a function");
    if (record.versions.size() > max_versions)
      return wrong(name.str() + " has too many versions");
    for (const auto& [number, version] : record.versions)
      if (auto ok = check_version(record, number, version); !ok)
        return ok;
    if (auto ok = check_rules(record); !ok)
      return ok;
  }
  for (const auto& [name, retired] : catalog.retired)
    if (!valid_function_name(name.str()) || catalog.functions.contains(name))
      return wrong("\"" + name.str().substr(0, 80)
                   + "\" is no name of a removed function");
  return {};
}

} // namespace

result<void> check(const registry_copy& copy) {
  if (auto ok = check_catalog(copy.catalog); !ok)
    return ok;
  if (copy.secrets.secrets.size() > limits::secrets)
    return wrong("too many secrets");
  for (const auto& [name, secret] : copy.secrets.secrets) {
    if (!valid_secret_name(name.str()))
      return wrong("\"" + name.str().substr(0, 80)
                   + "\" is no name of a secret");
    if (secret.box.size() > max_box
        || secret.version > copy.secrets.at.number)
      return wrong("secret " + name.str() + " is none that was made here");
  }
  return {};
}

std::vector<digest> bundles_of(const catalog_state& catalog) {
  std::set<digest> all;
  for (const auto& [name, record] : catalog.functions)
    for (const auto& [number, version] : record.versions)
      for (const auto& id : all_bundles(version.spec, version.bundle))
        all.insert(id);
  return {all.begin(), all.end()};
}

} // namespace faas
