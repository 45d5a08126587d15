// A spec as canonical JSON.
#include "libfaas/manifest/choices.hpp"
#include "libfaas/manifest/units.hpp"

#include <nlohmann/json.hpp>

namespace faas {
namespace {

using json = nlohmann::json;

template <class T>
void put(json& out, const char* key, const T& value, const T& normal) {
  if (value != normal)
    out[key] = value;
}

template <class Enum>
void put_name(json& out, const char* key, Enum value, Enum normal) {
  if (value != normal)
    out[key] = std::string{name(value)};
}

json size_json(const size_feature& size) {
  const size_feature normal;
  json out = json::object();
  put_name(out, "from", size.from, normal.from);
  put(out, "name", size.name, normal.name);
  put(out, "divisor", size.divisor, normal.divisor);
  return out;
}

json needs_json(const placement_needs& needs) {
  const placement_needs normal;
  json out = json::object();
  put(out, "tiers", needs.tiers, normal.tiers);
  put(out, "nodes", needs.nodes, normal.nodes);
  put(out, "labels", needs.labels, normal.labels);
  put(out, "memory", needs.memory_bytes, normal.memory_bytes);
  return out;
}

json scale_json(const scale_spec& scale) {
  const scale_spec normal;
  json out = json::object();
  if (scale.min)
    out["min"] = *scale.min;
  if (scale.idle)
    out["idle"] = format_duration(*scale.idle);
  put(out, "learn", scale.learn, normal.learn);
  put(out, "prewarm", scale.prewarm, normal.prewarm);
  if (scale.wait)
    out["wait"] = format_duration(*scale.wait);
  if (scale.hold != normal.hold)
    out["hold"] = format_duration(scale.hold);
  return out;
}

json platform_json(const platform_build& build, const petrel_spec& p) {
  json out{{"arch", build.arch}};
  put(out, "os", build.os, platform_build{}.os);
  put(out, "isa", build.isa, std::string{});
  put_name(out, "artifact_kind", build.kind, p.kind);
  put(out, "artifact", build.artifact, p.artifact);
  if (build.bundle)
    out["bundle"] = "sha256:" + build.bundle->hex();
  return out;
}

json input_json(const tensor_spec& input) {
  json out{{"name", input.name},
           {"datatype", input.datatype},
           {"shape", input.shape}};
  put(out, "mean", input.mean, {});
  put(out, "std", input.deviation, {});
  return out;
}

json sample_json(const sample_event& sample) {
  json out{{"body", sample.body}};
  put(out, "headers", sample.headers, {});
  return out;
}

json petrel_json(const petrel_spec& p) {
  const petrel_spec normal;
  json out = json::object();
  put_name(out, "runtime", p.runtime, normal.runtime);
  put(out, "artifact", p.artifact, normal.artifact);
  put_name(out, "artifact_kind", p.kind, normal.kind);
  put_name(out, "mode", p.mode, normal.mode);
  put_name(out, "protocol", p.process.protocol, normal.process.protocol);
  put(out, "command", p.process.command, normal.process.command);
  put_name(out, "listen", p.process.listen, normal.process.listen);
  put(out, "ready", p.process.ready, normal.process.ready);
  put(out, "processes", p.process.processes, normal.process.processes);
  put(out, "network", p.network, normal.network);
  if (p.size != normal.size)
    out["size"] = size_json(p.size);
  if (p.needs != normal.needs)
    out["needs"] = needs_json(p.needs);
  put(out, "topics", p.topics, normal.topics);
  put(out, "reply_topic", p.reply_topic, normal.reply_topic);
  put(out, "concurrency", p.concurrency, normal.concurrency);
  if (p.scale != normal.scale)
    out["scale"] = scale_json(p.scale);
  put(out, "queue", p.queue, normal.queue);
  if (p.timeout != normal.timeout)
    out["timeout"] = format_duration(p.timeout);
  put(out, "idempotent", p.idempotent, normal.idempotent);
  put(out, "policy", p.policy, normal.policy);
  put(out, "key", p.key, normal.key);
  if (p.deadline != normal.deadline)
    out["deadline"] = format_duration(p.deadline);
  put(out, "lighter", p.lighter, normal.lighter);
  for (const auto& input : p.inputs)
    out["inputs"].push_back(input_json(input));
  put(out, "output", p.output, normal.output);
  put_name(out, "device", p.device, normal.device);
  if (p.batch != normal.batch)
    out["batch"] = {{"max", p.batch.most},
                    {"window", format_duration(p.batch.window)}};
  put(out, "max_body", p.max_body_bytes, normal.max_body_bytes);
  if (p.rollout != normal.rollout)
    out["rollout"] = {{"steps", p.rollout.steps},
                      {"least", format_duration(p.rollout.least)}};
  for (const auto& build : p.platforms)
    out["platforms"].push_back(platform_json(build, p));
  for (const auto& sample : p.samples)
    out["samples"].push_back(sample_json(sample));
  put_name(out, "secret_change", p.on_secret, normal.on_secret);
  return out;
}

} // namespace

std::string to_json(const function_spec& spec) {
  const function_spec normal;
  json out = json::object();
  out["name"] = spec.name.str();
  put(out, "namespace", spec.name_space, normal.name_space);
  put(out, "lang", spec.lang, normal.lang);
  put(out, "handler", spec.handler, normal.handler);
  put(out, "image", spec.image, normal.image);
  put(out, "fprocess", spec.fprocess, normal.fprocess);
  put(out, "environment", spec.environment, normal.environment);
  put(out, "environment_file", spec.environment_files,
      normal.environment_files);
  put(out, "secrets", spec.secrets, normal.secrets);
  put(out, "labels", spec.labels, normal.labels);
  put(out, "annotations", spec.annotations, normal.annotations);
  put(out, "constraints", spec.constraints, normal.constraints);
  put(out, "limits", spec.limits, normal.limits);
  put(out, "requests", spec.requests, normal.requests);
  put(out, "readonly_root_filesystem", spec.readonly_root_filesystem,
      normal.readonly_root_filesystem);
  if (spec.petrel != normal.petrel)
    out["petrel"] = petrel_json(spec.petrel);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace faas
