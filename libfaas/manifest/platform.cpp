#include "libfaas/manifest/platform.hpp"

#include <algorithm>

namespace faas {
namespace {

constexpr std::string_view os_label = "petrel.os", arch_label = "petrel.arch",
                           isa_label = "petrel.isa";

std::string label(const string_map& labels, std::string_view key) {
  const auto found = labels.find(std::string{key});
  return found == labels.end() ? std::string{} : found->second;
}

/// 0: none; else counted from 1.
size_t level(std::string_view arch, std::string_view isa) {
  const auto levels = arch_levels(arch);
  const auto at = std::find(levels.begin(), levels.end(), isa);
  return at == levels.end() ? 0 : static_cast<size_t>(at - levels.begin()) + 1;
}

bool fits(const platform_build& build, const machine_platform& machine) {
  return build.os == machine.os && build.arch == machine.arch
         && (build.isa.empty()
             || (level(build.arch, build.isa) > 0
                 && level(build.arch, build.isa)
                      <= level(machine.arch, machine.isa)));
}

/// Better builds are greater.
std::pair<size_t, bool> rank(const platform_build& build) {
  return {level(build.arch, build.isa), build.kind == artifact_kind::aoti};
}

std::string shown(const std::string& os, const std::string& arch,
                  const std::string& isa) {
  return os + "/" + arch + (isa.empty() ? "" : " (" + isa + ")");
}

} // namespace

string_map platform_labels(const machine_platform& machine) {
  string_map labels;
  for (const auto& [key, value] : {std::pair{os_label, machine.os},
                                   std::pair{arch_label, machine.arch},
                                   std::pair{isa_label, machine.isa}})
    if (!value.empty())
      labels[std::string{key}] = value;
  return labels;
}

machine_platform platform_of(const string_map& labels) {
  return {label(labels, os_label), label(labels, arch_label),
          label(labels, isa_label)};
}

std::vector<std::string_view> arch_levels(std::string_view arch) {
  if (arch == "x86_64")
    return {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  if (arch == "aarch64")
    return {"armv8-a", "armv8.1-a", "armv8.2-a", "armv9-a"};
  return {};
}

std::string wrong_isa(std::string_view arch, std::string_view isa) {
  const auto levels = arch_levels(arch);
  if (levels.empty())
    return "must be x86_64 or aarch64";
  if (isa.empty() || level(arch, isa) > 0)
    return {};
  std::string all;
  for (const auto one : levels)
    all += (all.empty() ? "" : ", ") + std::string{one};
  return "must be one of: " + all;
}

result<chosen_build> choose_build(const function_spec& spec,
                                  const digest& bundle,
                                  const machine_platform& machine) {
  const auto& p = spec.petrel;
  if (p.platforms.empty())
    return chosen_build{bundle, p.artifact, p.kind};
  const platform_build* best = nullptr;
  std::string there;
  for (const auto& build : p.platforms) {
    there += (there.empty() ? "" : ", ")
             + shown(build.os, build.arch, build.isa);
    if (fits(build, machine) && (!best || rank(*best) < rank(build)))
      best = &build;
  }
  if (!best)
    return error{errc::unavailable,
                 "no build for "
                   + (machine.arch.empty()
                        ? "a node that does not say its platform"
                        : shown(machine.os, machine.arch, machine.isa))
                   + "; there are " + there,
                 "add one to petrel.platforms of the manifest"};
  return chosen_build{best->bundle.value_or(bundle), best->artifact,
                      best->kind};
}

std::vector<digest> all_bundles(const function_spec& spec,
                                const digest& bundle) {
  std::vector<digest> all{bundle};
  for (const auto& build : spec.petrel.platforms)
    if (build.bundle
        && std::find(all.begin(), all.end(), *build.bundle) == all.end())
      all.push_back(*build.bundle);
  return all;
}

} // namespace faas
