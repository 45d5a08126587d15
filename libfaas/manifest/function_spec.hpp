// What a manifest says about one function: OpenFaaS stack.yml fields and
// Petrel's own keys (the `petrel:` mapping of a function).
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/core/limits.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faas {

using string_map = std::map<std::string, std::string>;

/// Which runtime runs the artifact.
enum class runtime_kind : uint8_t { native, torch, process };
/// What the artifact file is.
enum class artifact_kind : uint8_t { native, torchscript, aoti };
/// How user code is kept from the node (design.md, section 4).
enum class trust_mode : uint8_t {
  isolated, ///< a sandboxed worker process (the default; a later issue)
  threads,  ///< in process, on executor threads; trusted bundles only
  inline_   ///< on the gateway loop itself; trusted bundles only
};

/// How a program of runtime `process` gets events and gives answers.
enum class process_protocol : uint8_t {
  http,   ///< one program that serves HTTP
  fork,   ///< one process per event: stdin, environment, stdout
  worker, ///< frames and shared memory (docs/worker-protocol.md)
  lambda  ///< the AWS Lambda Runtime API
};
/// Where a program of protocol `http` serves.
enum class process_listen : uint8_t { port, unix_socket };

/// What is done when a secret of the function gets another value.
enum class secret_policy : uint8_t {
  restart, ///< new instances take over, warmed up, from the old ones
  notify   ///< the file is replaced and the function is told
};

/// Where an event's size feature n comes from; the estimator models service
/// time as a*n+b.
struct size_feature {
  enum class kind : uint8_t { bytes, header, json_pointer, items };
  kind from = kind::bytes;
  std::string name;   ///< header name or JSON pointer
  double divisor = 1; ///< n = value / divisor; 784 makes bytes into images
  bool operator==(const size_feature&) const = default;
};

/// Which sites may run the function. Empty lists allow all.
struct placement_needs {
  std::vector<std::string> tiers;
  std::vector<std::string> nodes;
  string_map labels;         ///< all must be equal on the node
  uint64_t memory_bytes = 0; ///< that the node must have in all; 0: any
  bool operator==(const placement_needs&) const = default;
};

/// Declared tensor of a model; -1 in the shape is the batch dimension.
struct tensor_spec {
  std::string name;
  std::string datatype; ///< Open Inference Protocol name: FP32, UINT8, INT64
  std::vector<int64_t> shape;
  /// Per channel, for UINT8 images [-1,h,w,c]: the model then gets FP32
  /// [-1,c,h,w] of (x / 255 - mean) / deviation. Empty: as they are.
  std::vector<double> mean = {};
  std::vector<double> deviation = {}; ///< "std" in the manifest
  bool operator==(const tensor_spec&) const = default;
};

/// Where a model runs.
enum class device_choice : uint8_t {
  automatic, ///< where its trial run is faster
  cpu,
  cuda ///< nowhere but on a GPU: a node without one refuses it
};

/// How events that wait are joined into one call of a model.
struct batch_plan {
  uint32_t most = 0; ///< items in a joined batch; 0: what the trial likes best
  duration window{}; ///< time to wait for more; zero: only what waits already
  bool operator==(const batch_plan&) const = default;
};

/// One build of a function, for the nodes that can run it (see platform.hpp).
struct platform_build {
  std::string os = "linux";
  std::string arch; ///< as `uname -m` says: x86_64, aarch64
  std::string isa;  ///< least instruction set, x86-64-v3; empty: any of arch
  artifact_kind kind = artifact_kind::native;
  std::string artifact; ///< path inside its bundle
  /// What is packed, below the manifest; for faas-cli, in no JSON.
  std::string folder;
  std::optional<digest> bundle; ///< once it is packed
  bool operator==(const platform_build&) const = default;
};

/// An event that comes with the bundle: each node runs it when it loads the
/// version, to be warm and to know what events take.
struct sample_event {
  std::string body;   ///< a file of the bundle
  string_map headers; ///< the content type like any other
  bool operator==(const sample_event&) const = default;
};

/// How the program of runtime `process` is run.
struct process_spec {
  process_protocol protocol = process_protocol::http;
  std::vector<std::string> command; ///< empty: OpenFaaS's fprocess
  process_listen listen = process_listen::port;
  std::string ready; ///< path asked at start; empty: a connection is enough
  uint32_t processes = 1; ///< programs per node, with protocol http
  bool operator==(const process_spec&) const = default;
};

/// How a new version takes over the traffic. Without steps: all at once.
struct rollout_plan {
  std::vector<uint32_t> steps; ///< per cent of the traffic, rising, 1 to 99
  duration least = std::chrono::seconds{30}; ///< each step's shortest time
  bool operator==(const rollout_plan&) const = default;
};

/// How many instances a node keeps. What is not said: labels of OpenFaaS, else
/// the defaults (libfaas/scaling/limits.hpp).
struct scale_spec {
  std::optional<uint32_t> min;  ///< 0: none when it is idle
  std::optional<duration> idle; ///< until there is none; longest
  bool learn = true;            ///< `idle` is shortened by what was observed
  bool prewarm = true;          ///< back in memory before the next event
  std::optional<duration> wait; ///< mean wait that is still good
  duration hold = std::chrono::seconds{20}; ///< before instances end
  bool operator==(const scale_spec&) const = default;
};

/// Petrel's keys.
struct petrel_spec {
  runtime_kind runtime = runtime_kind::native;
  /// Path of library or model inside the bundle; none with runtime process.
  std::string artifact;
  artifact_kind kind = artifact_kind::native;
  trust_mode mode = trust_mode::isolated;
  process_spec process;  ///< with runtime process
  bool network = false;  ///< isolated: may use the node's network
  size_feature size;
  placement_needs needs;
  std::vector<std::string> topics; ///< MQTT filters (also annotation "topic")
  std::string reply_topic;         ///< MQTT topic of replies; {topic} expands
  uint32_t concurrency = 1;        ///< instances per node
  scale_spec scale;
  uint32_t queue = limits::queue_length; ///< events that may wait per node
  duration timeout = limits::event_timeout;
  bool idempotent = false; ///< may run twice: retries at another site
  std::string policy = "min-latency"; ///< see libfaas/routing
  std::string key;     ///< header whose value keeps events together; or empty
  /// Answers should not take longer; 0: the timeout alone counts.
  duration deadline{};
  /// Function that may answer in its place when this one would be late.
  std::string lighter;
  std::vector<tensor_spec> inputs;
  std::string output = "labels"; ///< torch: labels | tensor
  device_choice device = device_choice::automatic; ///< torch
  batch_plan batch;                                ///< torch
  uint64_t max_body_bytes = limits::body_bytes;
  rollout_plan rollout;
  /// The bundle index: builds by platform. Empty: one bundle for all nodes.
  std::vector<platform_build> platforms;
  secret_policy on_secret = secret_policy::restart;
  std::vector<sample_event> samples;
  bool operator==(const petrel_spec&) const = default;
};

/// One function of a manifest. Field names follow stack.yml.
struct function_spec {
  function_name name;
  std::string name_space;
  std::string lang;
  std::string handler;
  std::string image;
  std::string fprocess;
  string_map environment;
  std::vector<std::string> environment_files;
  std::vector<std::string> secrets;
  string_map labels;
  string_map annotations;
  std::vector<std::string> constraints;
  string_map limits;   ///< memory, cpu, ...
  string_map requests; ///< memory, cpu, ...
  bool readonly_root_filesystem = false;
  petrel_spec petrel;
  bool operator==(const function_spec&) const = default;
};

std::string_view name(runtime_kind kind) noexcept;
std::string_view name(artifact_kind kind) noexcept;
std::string_view name(secret_policy what) noexcept;
std::string_view name(trust_mode mode) noexcept; ///< "inline" for inline_
std::string_view name(device_choice where) noexcept; ///< auto, cpu, cuda
std::string_view name(process_protocol protocol) noexcept;
std::string_view name(process_listen where) noexcept; ///< "unix"

/// The spec as canonical JSON (stable key order; defaults left out): what is
/// stored in the catalog and sent between nodes. Unknown keys are ignored when
/// reading, so that an older node understands a newer one.
std::string to_json(const function_spec& spec);
result<function_spec> spec_from_json(std::string_view json);

} // namespace faas
