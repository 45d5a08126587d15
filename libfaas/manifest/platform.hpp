// Which build of a function a node can run.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas {

/// What a machine is. It travels as node labels (platform_labels), so that
/// people see it and every version of Petrel passes it on.
struct machine_platform {
  std::string os;
  std::string arch; ///< as `uname -m` says
  std::string isa;  ///< the highest level of arch_levels() that it has
  bool operator==(const machine_platform&) const = default;
};

/// Labels with this prefix are made by the node itself.
inline constexpr std::string_view own_label_prefix = "petrel.";
string_map platform_labels(const machine_platform& machine);
machine_platform platform_of(const string_map& labels);

/// Instruction set levels of an architecture, each containing the one before:
/// x86-64 to x86-64-v4 (x86-64 psABI), armv8-a to armv9-a. Empty: unknown.
std::vector<std::string_view> arch_levels(std::string_view arch);
/// What is wrong with a build's arch and isa; empty: nothing.
std::string wrong_isa(std::string_view arch, std::string_view isa);

/// A bundle that a node runs, with its artifact.
struct chosen_build {
  digest bundle;
  std::string artifact;
  artifact_kind kind = artifact_kind::native;
};

/// The build for a machine: of those that it can run the one with the highest
/// instruction set; between equals AOTInductor before TorchScript, then the
/// first. Without an index the one bundle. errc::unavailable names what there
/// is and what the machine is.
result<chosen_build> choose_build(const function_spec& spec,
                                  const digest& bundle,
                                  const machine_platform& machine);

/// Every bundle of a version, once.
std::vector<digest> all_bundles(const function_spec& spec,
                                const digest& bundle);

} // namespace faas
