#include "functions/torch/device_loader.hpp"

#include "functions/plugin/abi.hpp"

#include <c10/core/Device.h>
#include <dlfcn.h>

#include <cstdlib>

namespace faas::torch_runtime {
namespace {

namespace fs = std::filesystem;

/// The folder of the library that holds a symbol.
fs::path folder_of(const void* symbol) {
  Dl_info info{};
  if (!::dladdr(symbol, &info) || !info.dli_fname)
    return {};
  std::error_code ignored;
  return fs::weakly_canonical(info.dli_fname, ignored).parent_path();
}

std::string last_error() {
  const char* text = ::dlerror();
  return text ? text : "unknown reason";
}

/// Opens `name` in the first of the folders that has it, else by the loader's
/// path. Libraries stay open for good: libtorch cannot be unloaded.
void* open(const std::vector<fs::path>& folders, const std::string& name,
           std::string& why) {
  for (const auto& folder : folders) {
    std::error_code ignored;
    if (folder.empty() || !fs::exists(folder / name, ignored))
      continue;
    if (auto* handle = ::dlopen((folder / name).c_str(), RTLD_NOW | RTLD_LOCAL))
      return handle;
    why = last_error();
    return nullptr;
  }
  auto* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    why = last_error();
  return handle;
}

/// A function of c10, to find libtorch's folder.
const void* of_libtorch() {
  return reinterpret_cast<const void*>(
    static_cast<std::string (*)(c10::DeviceType, bool)>(&c10::DeviceTypeName));
}

device* open_piece(std::string& why) {
  const auto torch = folder_of(of_libtorch());
  if (!open({torch}, "libtorch_cuda.so", why)) {
    why = "libtorch has no CUDA part here (" + why
          + "); install the full wheel and put its torch/lib on "
            "LD_LIBRARY_PATH";
    return nullptr;
  }
  const auto own = folder_of(reinterpret_cast<const void*>(&open_cuda));
  auto* piece = open({own, own / ".." / "lib"}, "libpetrel_torch_cuda.so", why);
  if (!piece) {
    why = "the CUDA piece of the torch runtime cannot be opened: " + why;
    return nullptr;
  }
  auto make = reinterpret_cast<device_function>(::dlsym(piece, device_symbol));
  if (!make) {
    why = std::string{"libpetrel_torch_cuda.so has no "} + device_symbol;
    return nullptr;
  }
  return make(device_stamp(), why);
}

} // namespace

uint64_t device_stamp() noexcept {
  auto hash = plugin_fingerprint();
  for (const uint64_t part :
       {uint64_t{sizeof(tensor::input)}, uint64_t{sizeof(lane_settings)},
        uint64_t{sizeof(device_facts)}, uint64_t{sizeof(lane_counts)}})
    hash = (hash ^ part) * 1099511628211ull;
  return hash;
}

int driver_devices(std::string& why) {
  auto* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!driver) {
    why = "no NVIDIA driver (libcuda.so.1)";
    return 0;
  }
  using init_function = int (*)(unsigned);
  using count_function = int (*)(int*);
  const auto init = reinterpret_cast<init_function>(::dlsym(driver, "cuInit"));
  const auto count
    = reinterpret_cast<count_function>(::dlsym(driver, "cuDeviceGetCount"));
  int devices = 0;
  const int failed = !init || !count ? -1
                     : init(0) != 0  ? init(0)
                                     : count(&devices);
  if (failed != 0)
    why = "the NVIDIA driver gives error " + std::to_string(failed);
  else if (devices == 0)
    why = "the NVIDIA driver shows no GPU";
  return failed == 0 ? devices : 0;
}

found_device open_cuda() {
  found_device found;
  const char* wish = std::getenv("PETREL_CUDA");
  if (wish && std::string_view{wish} == "off") {
    found.why = "PETREL_CUDA is off";
    return found;
  }
  if (driver_devices(found.why) > 0)
    found.gpu.reset(open_piece(found.why));
  return found;
}

} // namespace faas::torch_runtime
