// From a bundle to a function that answers.
#pragma once

#include "tools/faas-cli/builder.hpp"
#include "tools/faas-cli/gateway_api.hpp"

#include <functional>

namespace faas::cli {

/// The body of PUT /system/functions: OpenFaaS' FunctionDeployment with
/// Petrel's keys in `petrel` and the bundle's digest as the image.
json deployment_json(const function_spec& spec, const string_map& environment,
                     const digest& bundle);

/// How far a deployment has come, from the function's status.
struct progress {
  enum class stage { waiting, ready, failed };
  stage at = stage::waiting;
  std::vector<std::string> nodes; ///< ready ones
  /// Other nodes that shall run it: "cloud-1: loading", "edge-2: failed: why".
  std::vector<std::string> others;
  size_t ended = 0; ///< nodes that are ready or have failed
  std::string what; ///< "loading on edge-1", or why it failed
};

/// Ready: the version is ready on one node. Failed: no node can still become
/// ready. `version` 0 = whatever is current (a gateway that tells none).
progress progress_of(const json& status, uint32_t version);

/// Waits for that; errc::deadline_exceeded tells how far it is. `seen` hears of
/// each look; may be empty.
result<progress>
wait_until_ready(session& s, gateway_api& gateway, const std::string& name,
                 uint32_t version, duration timeout,
                 const std::function<void(const progress&)>& seen = {});

struct deploy_options {
  bool wait = true;
  duration timeout = std::chrono::seconds{60};
};

struct deployed {
  uint32_t version = 0;
  bool created = false;
  bool uploaded = false;
  bool unchanged = false;
  std::vector<std::string> nodes;
  std::vector<std::string> others; ///< see progress
};

/// Uploads those of the bundles that the gateway lacks (the first is the
/// version's own, the others are for other platforms), deploys, and waits until one
/// node is ready; on a terminal a bar shows how far it is. A version that fails is an error with its reason; its last
/// log lines are printed to session.err.
result<deployed> deploy_function(session& s, gateway_api& gateway,
                                 const function_spec& spec,
                                 const string_map& environment,
                                 const std::vector<bundle_file>& bundles,
                                 const deploy_options& options);

} // namespace faas::cli
