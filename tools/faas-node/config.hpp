// A node's configuration: declared properties, read from YAML and the command
// line, validated before anything starts.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/wire/messages.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas::node {

/// Effective values. Times in the unit of the property's name.
struct config {
  std::string name; ///< empty: made from the host name
  std::string tier = "edge";
  std::map<std::string, std::string> labels;
  std::string cluster = "petrel"; ///< once it has joined: the cluster's id
  std::string data; ///< empty: $XDG_DATA_HOME/petrel or ~/.local/share/petrel
  bool controller = true;

  std::string gateway_address = "127.0.0.1";
  uint16_t gateway_port = 8080;
  uint32_t gateway_loops = 1;

  bool link_listen = false;
  std::string link_address = "127.0.0.1";
  uint16_t link_port = 8090;
  std::vector<std::string> advertise; ///< host:port
  std::vector<std::string> join; ///< host:port
  uint32_t link_protocol = wire::max_protocol; ///< newest that it speaks

  uint32_t executors = 0; ///< 0: cores
  uint32_t scheduler_threads = 2;
  bool trust_all = false;
  std::vector<std::string> trust;
  uint32_t waiting_threads = 32;
  uint32_t python_waiting = 2;
  uint32_t inquire_after_s = 600; ///< 0: never
  bool cpu_probes = true;
  bool accept_unsandboxed = false;
  std::string worker; ///< empty: next to the program

  uint64_t bundle_quota_mib = 0; ///< 0: none
  uint64_t bundle_cache_mib = 0; ///< 0: none
  uint64_t bundle_reserve_mib = 0;

  std::string torch_plugin; ///< empty: next to the program
  uint32_t torch_threads = 1;
  uint32_t torch_all_threads = 0; ///< 0: one per core
  uint32_t model_cache_mib = 256;

  std::string mqtt_broker; ///< host:port; empty: no MQTT
  std::string mqtt_client; ///< empty: petrel-NAME
  std::string mqtt_user;
  std::string mqtt_password_file;

  std::string secrets_folder; ///< empty: chosen; must be in memory
  std::string secret_key_file; ///< empty: secret-key in the data folder
  bool core_dumps = false;

  std::string redis; ///< URL; empty: the catalog is an SQLite file
  std::string redis_prefix = "petrel:";
  std::string redis_password_file;
  std::string redis_ca_file;   ///< empty: what this machine trusts
  std::string redis_cert_file; ///< empty: no client certificate
  std::string redis_key_file;
  uint32_t wait_replicas = 0;
  std::string key_file; ///< empty: node.data/cluster-key

  double decisions_share = 1;           ///< of the events; 0: off
  uint32_t decisions_per_second = 1000; ///< at most; 0: no bound
  uint64_t decisions_bytes = 64 << 20;  ///< of files; 0: memory only

  uint32_t shutdown_grace_s = 10;
  uint64_t seed = 0; ///< 0: from the system
};

/// One declared property: how it is called, what it means, how it is read.
struct property {
  std::string_view key; ///< "gateway.port"
  std::string_view type;
  std::string_view unit; ///< empty: none
  std::string_view doc;  ///< one sentence
  std::string_view range;
  std::string default_text;
  /// Parses and checks; an error says what is allowed.
  std::function<result<void>(config&, const std::string&)> set;
  std::function<std::string(const config&)> get;
};

/// All properties, in the order of the reference. Every one needs a restart.
const std::vector<property>& properties();

/// Applies a YAML file's text. Unknown keys are errors that name the nearest
/// known one; errors carry the line.
result<void> apply_yaml(config& to, std::string_view text,
                        std::string_view file);
/// Applies "key=value".
result<void> apply_setting(config& to, std::string_view setting);
/// Checks what no property can check alone.
result<void> validate(const config& checked);

/// "key: value" lines that apply_yaml reads back.
std::string dump(const config& effective);
/// docs/configuration.md.
std::string reference();

} // namespace faas::node
