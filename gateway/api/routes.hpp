// Which requests the management API knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace faas::api {

enum class endpoint : uint8_t {
  health,
  ready,
  metrics,
  async_function, ///< not yet: 501
  list_functions,
  create_function,
  update_function,
  delete_function,
  describe_function,
  list_versions,
  roll_back,
  show_traffic, ///< of /system/traffic, rollout and alias
  set_traffic,
  steer_rollout,
  set_alias,
  remove_alias,
  scale_function,
  list_secrets,
  create_secret,
  update_secret,
  remove_secret,
  alert,          ///< not yet: 501
  namespaces,
  one_namespace, ///< not yet: 501
  logs,
  info,
  has_bundle,
  get_bundle,
  put_bundle,
  patch_bundle,
  missing_bundles,
  list_bundles,
  collect_bundles,
  export_registry,
  import_registry,
  nodes,
  make_token,
  revoke_node,
  steer_node,
  sites,
  decisions,
  decision,
  actors,
  unknown,      ///< 404
  wrong_method, ///< 405; `allow` says which
};

struct route {
  endpoint to = endpoint::unknown;
  std::string_view name; ///< what stood for {name}; into the path
  bool needs_admin = true;
  std::string allow; ///< methods of this path, for 405
};

/// Pure. HEAD is served wherever GET is.
route find_route(std::string_view method, std::string_view path);

} // namespace faas::api
