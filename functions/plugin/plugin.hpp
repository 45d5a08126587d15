// Loads a runtime from a shared library, on the node's side.
#pragma once

#include "functions/plugin/abi.hpp"

#include <filesystem>
#include <memory>
#include <string_view>

namespace faas {

/// A runtime from a plug-in; destroyed by the plug-in that made it.
using plugin_runtime
  = std::unique_ptr<function_runtime, void (*)(function_runtime*) noexcept>;

/// Where the plug-in of that name ("torch") lies for a program in `exe_folder`:
/// ../lib/libpetrel_NAME.so beside it. The file may be absent.
std::filesystem::path plugin_path(std::string_view name,
                                  const std::filesystem::path& exe_folder);

/// Opens the library (RTLD_LOCAL), checks that it was built with this node and
/// makes its runtime. Blocks for as long as the loader needs (libtorch: about
/// 0.3 s). The library stays loaded until the process ends: libtorch cannot be
/// unloaded. errc::unavailable when library or libtorch is missing,
/// errc::internal when it is of another build.
result<plugin_runtime> load_plugin(const std::filesystem::path& library,
                                   const plugin_options& options = {});

} // namespace faas
