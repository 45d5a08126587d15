#include "libfaas/manifest/manifest.hpp"

#include "libfaas/manifest/check.hpp"
#include "libfaas/manifest/envsubst.hpp"
#include "libfaas/manifest/petrel_keys.hpp"

#include <algorithm>

namespace faas {
namespace {

using enum section::strictness;

/// A stack of more functions than this is no longer one file.
constexpr size_t max_functions = 1000;

constexpr std::string_view file_keys[]
  = {"version", "provider", "configuration", "functions"};
constexpr std::string_view provider_keys[] = {"name", "gateway", "network"};
// build_* and the like are for the OpenFaaS image build; accepted, not used.
constexpr std::string_view function_keys[]
  = {"lang",      "handler",       "image",       "fprocess",
     "namespace", "environment",   "secrets",     "environment_file",
     "labels",    "annotations",   "constraints", "limits",
     "requests",  "skip_build",    "build_args",  "build_options",
     "platforms", "build_secrets", "petrel",      "readonly_root_filesystem"};

void read_provider(section& file, manifest& out) {
  const auto* node = file.get("provider");
  if (!node)
    return;
  section keys{*node, "provider", file.found()};
  std::string name;
  keys.read("name", name);
  if (!name.empty() && name != "openfaas" && name != "petrel")
    keys.fail("name", "\"" + name.substr(0, 64)
                        + "\" must be one of: openfaas, petrel");
  keys.read("gateway", out.gateway);
  keys.finish(provider_keys, unknown_is_warning);
}

void read_version(section& file) {
  std::string version;
  file.read("version", version);
  if (!version.empty() && version != "1.0" && version != "1")
    file.fail("version", "\"" + version.substr(0, 64) + "\" must be 1.0");
}

/// OpenFaaS connectors read the annotation `topic: a,b`.
void add_annotated_topics(function_spec& spec) {
  const auto found = spec.annotations.find("topic");
  if (found == spec.annotations.end())
    return;
  auto& topics = spec.petrel.topics;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    auto topic = rest.substr(0, comma);
    rest.remove_prefix(std::min(rest.size(), topic.size() + 1));
    const auto first = topic.find_first_not_of(" \t");
    if (first == std::string_view::npos)
      continue;
    topic = topic.substr(first, topic.find_last_not_of(" \t") - first + 1);
    if (std::find(topics.begin(), topics.end(), topic) == topics.end())
      topics.emplace_back(topic);
  }
}

/// Range errors get the line of their key, or of the nearest key above it.
void report(const function_spec& spec, const std::string& path,
            findings& found) {
  for (const auto& problem : check(spec)) {
    auto key = path + (problem.key.empty() ? "" : "." + problem.key);
    auto at = key;
    while (!found.lines.contains(at) && at.find('.') != std::string::npos)
      at.erase(at.rfind('.'));
    const auto line = found.lines.find(at);
    found.fail(line == found.lines.end() ? 1 : line->second, key, problem.what);
  }
}

function_spec read_function(const std::string& name, const yaml_node& node,
                            findings& found) {
  const auto errors_before = found.errors.size();
  function_spec spec;
  spec.name = function_name{name};
  section keys{node, "functions." + name, found};
  keys.read("lang", spec.lang);
  keys.read("handler", spec.handler);
  keys.read("image", spec.image);
  keys.read("fprocess", spec.fprocess);
  keys.read("namespace", spec.name_space);
  keys.read("environment", spec.environment);
  keys.read("environment_file", spec.environment_files);
  keys.read("secrets", spec.secrets);
  keys.read("labels", spec.labels);
  keys.read("annotations", spec.annotations);
  keys.read("constraints", spec.constraints);
  keys.read("limits", spec.limits);
  keys.read("requests", spec.requests);
  keys.read("readonly_root_filesystem", spec.readonly_root_filesystem);
  if (const auto* petrel = keys.get("petrel")) {
    section inner{*petrel, keys.path() + ".petrel", found};
    read_petrel(inner, spec.petrel);
  }
  keys.finish(function_keys, unknown_is_warning);
  add_annotated_topics(spec);
  if (found.errors.size() == errors_before)
    report(spec, keys.path(), found);
  return spec;
}

void read_functions(section& file, manifest& out) {
  auto& found = file.found();
  const auto* node = file.get("functions");
  if (!node || node->entries.empty())
    found.warn(1, "functions", "no function in this file");
  if (!node)
    return;
  const section keys{*node, "functions", found}; // notes the lines
  if (node->entries.size() > max_functions) {
    file.fail("functions", "at most " + std::to_string(max_functions));
    return;
  }
  for (const auto& entry : node->entries)
    out.functions.push_back(read_function(entry.key, *entry.value, found));
}

error all_errors(const findings& found) {
  std::string text;
  for (const auto& line : found.errors)
    text += (text.empty() ? "" : "\n") + line;
  return {errc::invalid_argument, std::move(text),
          "docs/manifest.md lists every key"};
}

} // namespace

result<manifest> parse_manifest(std::string_view yaml,
                                const environment_lookup& environment,
                                std::vector<std::string>* warnings) {
  if (yaml.size() > limits::manifest_bytes)
    return {errc::too_large, "the manifest has more than "
                               + std::to_string(limits::manifest_bytes)
                               + " bytes"};
  auto text = substitute(yaml, environment, warnings);
  if (!text)
    return text.error();
  bool more = false;
  auto tree = parse_yaml(*text, {}, &more);
  if (!tree)
    return tree.error();
  findings found;
  manifest out;
  section file{**tree, "", found};
  read_version(file);
  read_provider(file, out);
  read_functions(file, out);
  file.finish(file_keys, unknown_is_warning);
  if (more)
    found.warn(1, "file", "only the first YAML document is read");
  if (warnings)
    warnings->insert(warnings->end(), found.warnings.begin(),
                     found.warnings.end());
  if (!found.errors.empty())
    return all_errors(found);
  return out;
}

} // namespace faas
