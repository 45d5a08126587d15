// A spec back from JSON.
#include "libfaas/manifest/check.hpp"
#include "libfaas/manifest/choices.hpp"
#include "libfaas/manifest/manifest.hpp"
#include "libfaas/manifest/process.hpp"

#include <nlohmann/json.hpp>

namespace faas {
namespace {

using json = nlohmann::json;

/// A stored spec is a manifest's function and little more.
constexpr size_t max_json = 4 * limits::manifest_bytes;

/// Reads keys of one JSON object; the first wrong type is kept as the error.
class object_reader {
public:
  object_reader(const json& object, std::string path, std::string& failure)
    : object_(object), path_(std::move(path)), failure_(failure) {}

  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  void fail(const char* key, const std::string& what) {
    if (failure_.empty())
      failure_ = path_ + key + ": " + what;
  }

  template <class T>
  void read(const char* key, T& out) {
    const auto* value = find(key);
    if (value && !convert(*value, out))
      fail(key, "has the wrong type");
  }

  template <class Enum, size_t N>
  void read_name(const char* key, const std::array<Enum, N>& choices,
                 Enum& out) {
    std::string text;
    read(key, text);
    if (!text.empty() && !choose(text, choices, out))
      fail(key, "must be one of: " + names_of(choices));
  }

  /// A number, or text with a unit.
  void read_bytes(const char* key, uint64_t& out) {
    const auto* value = find(key);
    if (!value || convert(*value, out))
      return;
    auto parsed = value->is_string()
                    ? parse_bytes(value->get_ref<const std::string&>())
                    : result<uint64_t>{errc::invalid_argument, "not bytes"};
    if (parsed)
      out = *parsed;
    else
      fail(key, parsed.error().message);
  }

  void read_duration(const char* key, duration& out) {
    const auto* value = find(key);
    if (!value)
      return;
    auto parsed = value->is_string()
                    ? parse_duration(value->get_ref<const std::string&>())
                    : parse_duration(value->dump());
    if (parsed)
      out = *parsed;
    else
      fail(key, parsed.error().message);
  }

  /// The object at that key, or nullptr.
  const json* inner(const char* key) {
    const auto* value = find(key);
    if (value && !value->is_object()) {
      fail(key, "must be an object");
      return nullptr;
    }
    return value;
  }

private:
  static bool convert(const json& v, std::string& out) {
    return v.is_string() && (out = v.get<std::string>(), true);
  }
  static bool convert(const json& v, bool& out) {
    return v.is_boolean() && (out = v.get<bool>(), true);
  }
  static bool convert(const json& v, double& out) {
    return v.is_number() && (out = v.get<double>(), true);
  }
  static bool convert(const json& v, uint64_t& out) {
    return v.is_number_unsigned() && (out = v.get<uint64_t>(), true);
  }
  static bool convert(const json& v, uint32_t& out) {
    if (!v.is_number_unsigned() || v.get<uint64_t>() > UINT32_MAX)
      return false;
    out = v.get<uint32_t>();
    return true;
  }
  static bool convert(const json& v, int64_t& out) {
    if (!v.is_number_integer()
        || (v.is_number_unsigned() && v.get<uint64_t>() > INT64_MAX))
      return false;
    out = v.get<int64_t>();
    return true;
  }
  template <class T>
  static bool convert(const json& v, std::vector<T>& out) {
    if (!v.is_array())
      return false;
    out.clear();
    for (const auto& item : v)
      if (!convert(item, out.emplace_back()))
        return false;
    return true;
  }
  static bool convert(const json& v, string_map& out) {
    if (!v.is_object())
      return false;
    out.clear();
    for (const auto& [key, item] : v.items())
      if (!convert(item, out[key]))
        return false;
    return true;
  }

  const json& object_;
  std::string path_;
  std::string& failure_;
};

void read_inputs(object_reader& parent, std::vector<tensor_spec>& out,
                 std::string& failure) {
  const auto* list = parent.find("inputs");
  if (!list)
    return;
  if (!list->is_array())
    return parent.fail("inputs", "must be a list");
  for (const auto& item : *list) {
    if (!item.is_object())
      return parent.fail("inputs", "must be a list of objects");
    object_reader in{item, "petrel.inputs.", failure};
    auto& input = out.emplace_back();
    in.read("name", input.name);
    in.read("datatype", input.datatype);
    in.read("shape", input.shape);
    in.read("mean", input.mean);
    in.read("std", input.deviation);
  }
}

void read_samples(object_reader& parent, std::vector<sample_event>& out,
                  std::string& failure) {
  const auto* list = parent.find("samples");
  if (!list)
    return;
  if (!list->is_array())
    return parent.fail("samples", "must be a list");
  for (const auto& item : *list) {
    if (!item.is_object())
      return parent.fail("samples", "must be a list of objects");
    object_reader in{item, "petrel.samples.", failure};
    auto& sample = out.emplace_back();
    in.read("body", sample.body);
    in.read("headers", sample.headers);
  }
}

void read_platforms(object_reader& parent, petrel_spec& p,
                    std::string& failure) {
  const auto* list = parent.find("platforms");
  if (!list)
    return;
  if (!list->is_array())
    return parent.fail("platforms", "must be a list");
  for (const auto& item : *list) {
    if (!item.is_object())
      return parent.fail("platforms", "must be a list of objects");
    object_reader in{item, "petrel.platforms.", failure};
    auto& build = p.platforms.emplace_back();
    build.kind = p.kind;
    build.artifact = p.artifact;
    in.read("os", build.os);
    in.read("arch", build.arch);
    in.read("isa", build.isa);
    in.read_name("artifact_kind", artifact_kinds, build.kind);
    in.read("artifact", build.artifact);
    std::string bundle;
    in.read("bundle", bundle);
    if (auto id = digest::parse(bundle))
      build.bundle = *id;
    else if (!bundle.empty())
      in.fail("bundle", id.error().message);
  }
}

void read_process(object_reader& in, petrel_spec& p) {
  std::string protocol;
  in.read("protocol", protocol);
  if (!protocol.empty()
      && !choose(protocol, process_protocols, p.process.protocol))
    in.fail("protocol", wrong_protocol(protocol));
  in.read("command", p.process.command);
  in.read_name("listen", process_listens, p.process.listen);
  in.read("ready", p.process.ready);
  in.read("processes", p.process.processes);
  in.read("network", p.network);
}

void read_scale(object_reader& in, scale_spec& out) {
  if (in.find("min"))
    in.read("min", out.min.emplace());
  if (in.find("idle"))
    in.read_duration("idle", out.idle.emplace());
  in.read("learn", out.learn);
  in.read("prewarm", out.prewarm);
  if (in.find("wait"))
    in.read_duration("wait", out.wait.emplace());
  in.read_duration("hold", out.hold);
}

void read_petrel(const json& object, petrel_spec& p, std::string& failure) {
  object_reader in{object, "petrel.", failure};
  in.read_name("runtime", runtime_kinds, p.runtime);
  in.read("artifact", p.artifact);
  in.read_name("artifact_kind", artifact_kinds, p.kind);
  in.read_name("mode", trust_modes, p.mode);
  read_process(in, p);
  if (const auto* size = in.inner("size")) {
    object_reader s{*size, "petrel.size.", failure};
    s.read_name("from", size_kinds, p.size.from);
    s.read("name", p.size.name);
    s.read("divisor", p.size.divisor);
  }
  if (const auto* needs = in.inner("needs")) {
    object_reader n{*needs, "petrel.needs.", failure};
    n.read("tiers", p.needs.tiers);
    n.read("nodes", p.needs.nodes);
    n.read("labels", p.needs.labels);
    n.read_bytes("memory", p.needs.memory_bytes);
  }
  in.read("topics", p.topics);
  in.read("reply_topic", p.reply_topic);
  in.read("concurrency", p.concurrency);
  in.read("queue", p.queue);
  in.read_duration("timeout", p.timeout);
  in.read("idempotent", p.idempotent);
  in.read("policy", p.policy);
  in.read("key", p.key);
  in.read_duration("deadline", p.deadline);
  in.read("lighter", p.lighter);
  read_inputs(in, p.inputs, failure);
  in.read("output", p.output);
  in.read_name("device", device_choices, p.device);
  if (const auto* batch = in.inner("batch")) {
    object_reader b{*batch, "petrel.batch.", failure};
    b.read("max", p.batch.most);
    b.read_duration("window", p.batch.window);
  }
  in.read_bytes("max_body", p.max_body_bytes);
  if (const auto* rollout = in.inner("rollout")) {
    object_reader r{*rollout, "petrel.rollout.", failure};
    r.read("steps", p.rollout.steps);
    r.read_duration("least", p.rollout.least);
  }
  if (const auto* scale = in.inner("scale")) {
    object_reader s{*scale, "petrel.scale.", failure};
    read_scale(s, p.scale);
  }
  read_platforms(in, p, failure);
  read_samples(in, p.samples, failure);
  in.read_name("secret_change", secret_policies, p.on_secret);
}

function_spec read_spec(const json& object, std::string& failure) {
  function_spec spec;
  object_reader in{object, "", failure};
  std::string name;
  in.read("name", name);
  spec.name = function_name{std::move(name)};
  in.read("namespace", spec.name_space);
  in.read("lang", spec.lang);
  in.read("handler", spec.handler);
  in.read("image", spec.image);
  in.read("fprocess", spec.fprocess);
  in.read("environment", spec.environment);
  in.read("environment_file", spec.environment_files);
  in.read("secrets", spec.secrets);
  in.read("labels", spec.labels);
  in.read("annotations", spec.annotations);
  in.read("constraints", spec.constraints);
  in.read("limits", spec.limits);
  in.read("requests", spec.requests);
  in.read("readonly_root_filesystem", spec.readonly_root_filesystem);
  if (const auto* petrel = in.inner("petrel"))
    read_petrel(*petrel, spec.petrel, failure);
  return spec;
}

} // namespace

result<function_spec> spec_from_json(std::string_view text) {
  if (text.size() > max_json)
    return {errc::too_large, "a function's spec has more than "
                               + std::to_string(max_json) + " bytes"};
  const auto object = json::parse(text, nullptr, false);
  if (!object.is_object())
    return {errc::invalid_argument, "a function's spec is not a JSON object"};
  std::string failure;
  auto spec = read_spec(object, failure);
  if (!failure.empty())
    return {errc::invalid_argument, failure};
  if (const auto problems = check(spec); !problems.empty())
    return {errc::invalid_argument,
            (problems[0].key.empty() ? "name" : problems[0].key) + ": "
              + problems[0].what};
  return spec;
}

} // namespace faas
