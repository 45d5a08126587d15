#include "libfaas/manifest/petrel_keys.hpp"

#include "libfaas/manifest/choices.hpp"
#include "libfaas/manifest/process.hpp"

#include <charconv>

namespace faas {
namespace {

using enum section::strictness;

template <class Enum, size_t N>
void read_choice(section& keys, std::string_view key,
                 const std::array<Enum, N>& choices, Enum& out) {
  std::string text;
  keys.read(key, text);
  if (!text.empty() && !choose(text, choices, out))
    keys.fail(key, "\"" + text.substr(0, 64)
                     + "\" must be one of: " + names_of(choices));
}

void read_process(section& keys, petrel_spec& out) {
  std::string protocol;
  keys.read("protocol", protocol);
  if (!protocol.empty()
      && !choose(protocol, process_protocols, out.process.protocol))
    keys.fail("protocol", wrong_protocol(protocol));
  keys.read("command", out.process.command);
  read_choice(keys, "listen", process_listens, out.process.listen);
  keys.read("ready", out.process.ready);
  keys.read("processes", out.process.processes);
  keys.read("network", out.network);
}

void read_runtime(section& keys, petrel_spec& out) {
  read_choice(keys, "runtime", runtime_kinds, out.runtime);
  if (out.runtime == runtime_kind::torch)
    out.kind = artifact_kind::torchscript;
  read_choice(keys, "artifact_kind", artifact_kinds, out.kind);
  // TorchScript is interpreted; native code needs the guard of a process.
  if (out.kind == artifact_kind::torchscript)
    out.mode = trust_mode::threads;
  read_choice(keys, "mode", trust_modes, out.mode);
  keys.read("artifact", out.artifact);
  read_process(keys, out);
  if (out.artifact.empty() && out.runtime != runtime_kind::process)
    keys.fail("artifact", "is required: the file in the function's folder "
                          "that is run, for example hello.so");
}

void read_size(section& parent, size_feature& out) {
  const auto* node = parent.get("size");
  if (!node)
    return;
  section keys{*node, parent.path() + ".size", parent.found()};
  read_choice(keys, "from", size_kinds, out.from);
  keys.read("name", out.name);
  keys.read("divisor", out.divisor);
  constexpr std::string_view known[] = {"from", "name", "divisor"};
  keys.finish(known, unknown_is_error);
}

void read_needs(section& parent, placement_needs& out) {
  const auto* node = parent.get("needs");
  if (!node)
    return;
  section keys{*node, parent.path() + ".needs", parent.found()};
  keys.read("tiers", out.tiers);
  keys.read("nodes", out.nodes);
  keys.read("labels", out.labels);
  keys.read_bytes("memory", out.memory_bytes);
  constexpr std::string_view known[] = {"tiers", "nodes", "labels", "memory"};
  keys.finish(known, unknown_is_error);
}

/// "5%" or "5".
void read_steps(section& keys, std::vector<uint32_t>& out) {
  std::vector<std::string> words;
  keys.read("steps", words);
  for (auto word : words) {
    if (word.ends_with('%'))
      word.pop_back();
    const auto* end = word.data() + word.size();
    uint32_t share = 0;
    const auto [at, failed] = std::from_chars(word.data(), end, share);
    if (failed != std::errc{} || at != end)
      return keys.fail("steps", "\"" + word.substr(0, 64)
                                  + "\" is no share; write for example "
                                    "[5%, 25%, 50%]");
    out.push_back(share);
  }
}

void read_rollout(section& parent, rollout_plan& out) {
  const auto* node = parent.get("rollout");
  if (!node)
    return;
  section keys{*node, parent.path() + ".rollout", parent.found()};
  read_steps(keys, out.steps);
  keys.read("least", out.least);
  constexpr std::string_view known[] = {"steps", "least"};
  keys.finish(known, unknown_is_error);
}

void read_optional(section& keys, const char* key,
                   std::optional<duration>& out) {
  duration value{};
  if (keys.get(key)) {
    keys.read(key, value);
    out = value;
  }
}

void read_scale(section& parent, scale_spec& out) {
  const auto* node = parent.get("scale");
  if (!node)
    return;
  section keys{*node, parent.path() + ".scale", parent.found()};
  if (uint32_t min = 0; keys.get("min")) {
    keys.read("min", min);
    out.min = min;
  }
  read_optional(keys, "idle", out.idle);
  keys.read("learn", out.learn);
  keys.read("prewarm", out.prewarm);
  read_optional(keys, "wait", out.wait);
  keys.read("hold", out.hold);
  constexpr std::string_view known[]
    = {"min", "idle", "learn", "prewarm", "wait", "hold"};
  keys.finish(known, unknown_is_error);
}

void read_inputs(section& parent, std::vector<tensor_spec>& out) {
  const auto* node = parent.get("inputs");
  if (!node || node->type == yaml_node::kind::null)
    return;
  if (node->type != yaml_node::kind::sequence) {
    parent.fail("inputs", "must be a list of {name, datatype, shape}");
    return;
  }
  for (const auto& item : node->items) {
    const auto path
      = parent.path() + ".inputs[" + std::to_string(out.size()) + "]";
    parent.found().lines.emplace(path, item->line);
    section keys{*item, path, parent.found()};
    auto& input = out.emplace_back();
    keys.read("name", input.name);
    keys.read("datatype", input.datatype);
    keys.read("shape", input.shape);
    keys.read("mean", input.mean);
    keys.read("std", input.deviation);
    constexpr std::string_view known[]
      = {"name", "datatype", "shape", "mean", "std"};
    keys.finish(known, unknown_is_error);
  }
}

void read_batch(section& parent, batch_plan& out) {
  const auto* node = parent.get("batch");
  if (!node)
    return;
  section keys{*node, parent.path() + ".batch", parent.found()};
  keys.read("max", out.most);
  keys.read("window", out.window);
  constexpr std::string_view known[] = {"max", "window"};
  keys.finish(known, unknown_is_error);
}

void read_samples(section& parent, std::vector<sample_event>& out) {
  const auto* node = parent.get("samples");
  if (!node || node->type == yaml_node::kind::null)
    return;
  if (node->type != yaml_node::kind::sequence) {
    parent.fail("samples", "must be a list of {body, headers}");
    return;
  }
  for (const auto& item : node->items) {
    const auto path
      = parent.path() + ".samples[" + std::to_string(out.size()) + "]";
    parent.found().lines.emplace(path, item->line);
    section keys{*item, path, parent.found()};
    auto& sample = out.emplace_back();
    keys.read("body", sample.body);
    keys.read("headers", sample.headers);
    constexpr std::string_view known[] = {"body", "headers"};
    keys.finish(known, unknown_is_error);
  }
}

void read_platforms(section& parent, petrel_spec& out) {
  const auto* node = parent.get("platforms");
  if (!node || node->type == yaml_node::kind::null)
    return;
  if (node->type != yaml_node::kind::sequence) {
    parent.fail("platforms", "must be a list of {arch, isa, artifact, folder}");
    return;
  }
  for (const auto& item : node->items) {
    const auto path = parent.path() + ".platforms["
                      + std::to_string(out.platforms.size()) + "]";
    parent.found().lines.emplace(path, item->line);
    section keys{*item, path, parent.found()};
    auto& build = out.platforms.emplace_back();
    build.kind = out.kind;
    build.artifact = out.artifact;
    keys.read("os", build.os);
    keys.read("arch", build.arch);
    keys.read("isa", build.isa);
    read_choice(keys, "artifact_kind", artifact_kinds, build.kind);
    keys.read("artifact", build.artifact);
    keys.read("folder", build.folder);
    constexpr std::string_view known[]
      = {"os", "arch", "isa", "artifact_kind", "artifact", "folder"};
    keys.finish(known, unknown_is_error);
  }
}

constexpr std::string_view petrel_keys[]
  = {"runtime", "artifact",    "artifact_kind", "mode",
     "size",    "needs",       "topics",        "reply_topic",
     "queue",   "concurrency", "timeout",       "idempotent",
     "policy",  "inputs",      "output",        "max_body",
     "rollout", "platforms",   "secret_change", "protocol",
     "command", "listen",      "ready",         "network",
     "device",  "batch",       "scale",         "processes",
     "key",     "lighter",     "deadline",      "samples"};

} // namespace

void read_petrel(section& keys, petrel_spec& out) {
  read_runtime(keys, out);
  read_size(keys, out.size);
  read_needs(keys, out.needs);
  keys.read("topics", out.topics);
  keys.read("reply_topic", out.reply_topic);
  keys.read("concurrency", out.concurrency);
  keys.read("queue", out.queue);
  keys.read("timeout", out.timeout);
  keys.read("idempotent", out.idempotent);
  keys.read("policy", out.policy);
  keys.read("key", out.key);
  if (keys.get("deadline") != nullptr) {
    keys.read("deadline", out.deadline);
    if (out.deadline <= duration{})
      keys.fail("deadline", "must be 1ms to the timeout");
  }
  keys.read("lighter", out.lighter);
  read_inputs(keys, out.inputs);
  keys.read("output", out.output);
  read_choice(keys, "device", device_choices, out.device);
  read_batch(keys, out.batch);
  read_samples(keys, out.samples);
  keys.read_bytes("max_body", out.max_body_bytes);
  read_rollout(keys, out.rollout);
  read_platforms(keys, out);
  read_scale(keys, out.scale);
  read_choice(keys, "secret_change", secret_policies, out.on_secret);
  keys.finish(petrel_keys, unknown_is_error);
}

} // namespace faas
