// The one exported symbol of libpetrel_torch.so.
#include "functions/plugin/abi.hpp"
#include "functions/torch/torch_runtime.hpp"

#include <torch/version.h>

#include <malloc.h>

#include <new>

namespace {

using namespace faas;

function_runtime* create(const plugin_options* options) noexcept {
  const bool given = options && options->table_size >= sizeof(plugin_options);
  const auto settings = given ? *options : plugin_options{};
  if (settings.keep_freed_memory) {
    ::mallopt(M_MMAP_THRESHOLD, 32 << 20); // the most that glibc allows
    ::mallopt(M_TRIM_THRESHOLD, 128 << 20);
  }
  try {
    return new torch_runtime::runtime{settings.threads_per_call,
                                      torch_runtime::open_cuda(),
                                      settings.kept_models_bytes,
                                      settings.all_threads};
  } catch (const std::exception&) { // out of memory
    return nullptr;
  }
}

void destroy(function_runtime* runtime) noexcept {
  delete runtime;
}

constexpr runtime_plugin table{sizeof(runtime_plugin),
                               runtime_plugin_version,
                               0,
                               plugin_fingerprint(),
                               "torch",
                               "libtorch " TORCH_VERSION,
                               create,
                               destroy};

} // namespace

extern "C" __attribute__((visibility("default"))) const runtime_plugin*
petrel_runtime_v1() {
  return &table;
}
