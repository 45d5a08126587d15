// An AOTInductor package (.pt2): native code for one processor, which libtorch
// opens as a library.
#pragma once

#include "functions/torch/tensors.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace faas::torch_runtime {

class aoti_runner;

/// A loaded package. Thread safe: as many calls as it has runners go on at
/// once, the others wait.
class aoti_package {
public:
  ~aoti_package();

  /// Unpacks to a folder of its own in the temporary directory, checks what
  /// would otherwise crash the process, loads, and removes the folder at once:
  /// nothing is left behind, whatever happens later. errc::bad_bundle: no
  /// package, more than 2 GiB, a library that needs libtorch.so, an instruction
  /// set that this machine lacks, or libtorch's own words.
  static result<std::shared_ptr<aoti_package>>
  load(const std::filesystem::path& file, size_t runners);

  /// Arguments and results lie in host memory, row-major.
  result<at::Tensor> run(std::vector<c10::IValue> inputs) noexcept;

  /// The instruction set that it was compiled for; empty: it does not say.
  const std::string& isa() const noexcept { return isa_; }

private:
  aoti_package(std::unique_ptr<aoti_runner> runner, std::string isa);

  const std::unique_ptr<aoti_runner> runner_;
  const std::string isa_;
};

/// Why a package with that metadata cannot run on a machine of that instruction
/// set level (x86-64-v3); empty: it can, or it does not say. Pure.
std::string wrong_machine(const std::map<std::string, std::string>& metadata,
                          std::string_view machine);

/// The level of this machine.
std::string_view machine_isa() noexcept;

} // namespace faas::torch_runtime
