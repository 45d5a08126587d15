// What the predictor actor is told and asked.
#pragma once

#include "actors/functions/deployment_facts.hpp"
#include "actors/once.hpp"
#include "actors/routing/board.hpp"
#include "libfaas/ports/admin_port.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace faas::actors {

/// What a site says of loading a version.
struct load_facts {
  double load_ms = 0; ///< that it took last; 0: it does not say
  bool away = false;  ///< it is not in memory now
  std::string cannot; ///< why it cannot be loaded now; empty: it can
  /// How its bundle came there: bytes and time; 0: it does not say.
  double pull_bytes = 0, pull_ms = 0;
};
/// Structure without estimates: the predictor adds the cells and publishes.
struct structure {
  struct site {
    site_name name;
    node_name node;
    std::string tier;
    double servers = 1; ///< threads that run functions
    std::shared_ptr<peer> via;
    string_map labels = {}; ///< of the node
  };
  struct function {
    version_ref version;
    function_spec spec;
    digest bundle;
    std::vector<route_target> targets; ///< without index and cell
    /// Trial-run points by site.
    std::map<site_name, std::vector<profile_point>> profiles;
    std::map<site_name, load_facts> loads;
    std::map<site_name, deployment_said> deploying;
    std::string why_empty;
    bool in_service = true; ///< else one of the other versions that run
    uint32_t weight = 100;
    bool watched = false;
    std::vector<std::string> aliases;
    std::vector<unfit_site> unfit;
  };
  std::vector<site> sites;
  std::vector<function> functions;
  std::map<version_ref, std::shared_ptr<function_host>> hosts;
  /// Called once gateway loops route by it; must not block. So nobody hears of
  /// a ready version before events reach it.
  std::function<void()> published;
};
struct ping_seen {
  node_name node;
  double rtt_ms = 0;
  bool alone = true; ///< else it may have waited for own bytes
};
/// A calibrated task took `slowdown` times its normal time on the site.
struct probe_seen {
  site_name site;
  double slowdown = 1;
};
/// Another router wants to know how slow this node's CPU is.
struct cpu_wanted {
  std::function<void(double slowdown)> back; ///< any thread, or never
};
/// What another node says of its CPU.
struct cpu_told {
  node_name node;
  double slowdown = 1;
};
/// Another router wants to know what this one has learned.
struct estimates_wanted {
  std::function<void(std::string)> back; ///< to_text(); any thread
};
/// What another router has learned.
struct estimates_arrived {
  node_name from;
  std::string text;
};
struct sites_call {
  function_name function;
  double size = 0;
  once<std::vector<site_status>> done;
};

} // namespace faas::actors
