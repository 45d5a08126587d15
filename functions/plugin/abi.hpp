// What a runtime plug-in exports, and how a node tells that it fits. A plug-in
// is built with its node, from one tree: C++ types cross the border, so sizes
// and compiler ABI are compared before anything is called.
#pragma once

#include "libfaas/ports/runtime.hpp"

#include <cstdint>

namespace faas {

/// Settings of a plug-in's runtime, by the node.
struct plugin_options {
  size_t table_size = sizeof(plugin_options);
  /// Threads that one call of a model may use. One: the node runs as many
  /// calls side by side as it has executors.
  int32_t threads_per_call = 1;
  /// Lets malloc keep up to 128 MiB of freed memory instead of returning each
  /// large block to the kernel, for the whole process, from the first runtime
  /// on. Without it a call pays page faults for its intermediate tensors
  /// (measured: up to twice the time at batches of 100 and more).
  bool keep_freed_memory = true;
  /// Bytes of models that stay in memory when no version uses them.
  uint64_t kept_models_bytes = 0;
  /// Threads that all calls of models may use at once; 0: no bound.
  uint32_t all_threads = 0;
};

/// The table behind the exported symbol. Read no further than table_size.
struct runtime_plugin {
  size_t table_size;
  uint32_t version; ///< runtime_plugin_version
  uint32_t reserved;
  uint64_t fingerprint; ///< plugin_fingerprint() of the plug-in's build
  const char* name;     ///< "torch"
  const char* build;    ///< for messages: "libtorch 2.11.0"
  /// A new runtime. Thread safe. Never throws; null when out of memory.
  function_runtime* (*create)(const plugin_options* options) noexcept;
  void (*destroy)(function_runtime* runtime) noexcept;
};
inline constexpr uint32_t runtime_plugin_version = 1;

/// The exported C symbol: returns a table that lives as long as the process.
inline constexpr const char* runtime_plugin_symbol = "petrel_runtime_v1";
using runtime_plugin_function = const runtime_plugin* (*)();

/// Changes when a type that crosses the border changes size or the compilers'
/// ABIs differ. Not a proof, a guard against a plug-in left from another build.
constexpr uint64_t plugin_fingerprint() noexcept {
  uint64_t hash = 1469598103934665603ull; // FNV-1a
  for (const uint64_t part :
       {uint64_t{__GXX_ABI_VERSION}, uint64_t{_GLIBCXX_USE_CXX11_ABI},
        uint64_t{sizeof(invocation)}, uint64_t{sizeof(reply)},
        uint64_t{sizeof(function_spec)}, uint64_t{sizeof(petrel_spec)},
        uint64_t{sizeof(load_request)}, uint64_t{sizeof(error)},
        uint64_t{errc_count}})
    hash = (hash ^ part) * 1099511628211ull;
  return hash;
}

} // namespace faas
