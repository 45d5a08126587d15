#include "gateway/api/routes.hpp"

namespace faas::api {
namespace {

struct row {
  std::string_view method; ///< "*": any
  std::string_view path;   ///< ends in '/': a name follows
  endpoint to;
  bool needs_admin;
};

using enum endpoint;
constexpr row table[] = {
  {"GET", "/healthz", health, false},
  {"GET", "/readyz", ready, false},
  {"GET", "/metrics", metrics, false},
  {"POST", "/async-function/", async_function, false},
  {"GET", "/system/functions", list_functions, true},
  {"POST", "/system/functions", create_function, true},
  {"PUT", "/system/functions", update_function, true},
  {"DELETE", "/system/functions", delete_function, true},
  {"GET", "/system/function/", describe_function, true},
  {"GET", "/system/versions/", list_versions, true},
  {"POST", "/system/rollback/", roll_back, true},
  {"GET", "/system/traffic/", show_traffic, true},
  {"POST", "/system/traffic/", set_traffic, true},
  {"GET", "/system/rollout/", show_traffic, true},
  {"POST", "/system/rollout/", steer_rollout, true},
  {"GET", "/system/alias/", show_traffic, true},
  {"PUT", "/system/alias/", set_alias, true},
  {"DELETE", "/system/alias/", remove_alias, true},
  {"POST", "/system/scale-function/", scale_function, true},
  {"GET", "/system/secrets", list_secrets, true},
  {"POST", "/system/secrets", create_secret, true},
  {"PUT", "/system/secrets", update_secret, true},
  {"DELETE", "/system/secrets", remove_secret, true},
  {"POST", "/system/alert", alert, true},
  {"GET", "/system/namespaces", namespaces, true},
  {"*", "/system/namespace/", one_namespace, true},
  {"GET", "/system/logs", logs, true},
  {"GET", "/system/info", info, true},
  {"GET", "/system/bundles", list_bundles, true},
  {"POST", "/system/bundles/missing", missing_bundles, true},
  {"POST", "/system/bundles/gc", collect_bundles, true},
  {"HEAD", "/system/bundles/", has_bundle, true},
  {"GET", "/system/bundles/", get_bundle, true},
  {"PUT", "/system/bundles/", put_bundle, true},
  {"PATCH", "/system/bundles/", patch_bundle, true},
  {"POST", "/system/registry/export", export_registry, true},
  {"PUT", "/system/registry", import_registry, true},
  {"GET", "/system/nodes", nodes, true},
  {"POST", "/system/nodes/tokens", make_token, true},
  {"POST", "/system/nodes/revoke/", revoke_node, true},
  {"POST", "/system/node/", steer_node, true},
  {"GET", "/system/sites/", sites, true},
  {"GET", "/system/decisions", decisions, true},
  {"GET", "/system/decisions/", decision, true},
  {"GET", "/system/actors", actors, true},
};

bool matches(const row& row, std::string_view path, std::string_view& name) {
  if (!row.path.ends_with('/'))
    return path == row.path;
  if (!path.starts_with(row.path))
    return false;
  name = path.substr(row.path.size());
  if (name.ends_with('/'))
    name.remove_suffix(1);
  if (row.to == get_bundle && (name == "gc" || name == "missing"))
    return false; // paths of their own
  return row.to == one_namespace
         || (!name.empty() && name.find('/') == name.npos);
}

} // namespace

route find_route(std::string_view method, std::string_view path) {
  route found;
  for (const auto& row : table) {
    std::string_view name;
    if (!matches(row, path, name))
      continue;
    found.needs_admin = row.needs_admin;
    if (row.method == "*" || row.method == method
        || (row.method == "GET" && method == "HEAD")) {
      found.to = row.to;
      found.name = name;
      return found;
    }
    found.to = wrong_method;
    found.allow += (found.allow.empty() ? "" : ", ") + std::string{row.method};
  }
  if (found.to == unknown) // what is under /system is nobody's business
    found.needs_admin = path.starts_with("/system/");
  return found;
}

} // namespace faas::api
