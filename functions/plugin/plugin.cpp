#include "functions/plugin/plugin.hpp"

#include <dlfcn.h>

namespace faas {
namespace {

namespace fs = std::filesystem;

const char* const rebuild = "build node and plug-ins from one tree again";

result<const runtime_plugin*> check(const runtime_plugin* table,
                                    const std::string& library) {
  if (!table || table->table_size < sizeof(runtime_plugin))
    return error{errc::internal, library + " has a shorter plug-in table",
                 rebuild};
  if (table->version != runtime_plugin_version)
    return error{errc::internal,
                 library + " speaks plug-in version "
                   + std::to_string(table->version) + ", this node "
                   + std::to_string(runtime_plugin_version),
                 rebuild};
  if (table->fingerprint != plugin_fingerprint())
    return error{errc::internal,
                 library
                   + " is from another build than this "
                     "node",
                 rebuild};
  return table;
}

error cannot_open(const std::string& library, std::string_view why) {
  if (why.find("libtorch") != why.npos || why.find("libc10") != why.npos
      || why.find("libcudart") != why.npos || why.find("libcupti") != why.npos)
    return {errc::unavailable,
            "cannot load the torch runtime: " + std::string{why},
            "run tools/setup-torch and build again"};
  return {errc::unavailable, "cannot load " + library + ": " + std::string{why},
          rebuild};
}

} // namespace

fs::path plugin_path(std::string_view name, const fs::path& exe_folder) {
  const auto file = "libpetrel_" + std::string{name} + ".so";
  return (exe_folder / ".." / "lib" / file).lexically_normal();
}

result<plugin_runtime> load_plugin(const fs::path& library,
                                   const plugin_options& options) {
  std::error_code ignored;
  if (!fs::exists(library, ignored))
    return error{errc::unavailable,
                 "this node has no plug-in " + library.string(),
                 "run tools/setup-torch, then build without --no-torch"};
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* why = ::dlerror();
    return cannot_open(library.string(), why ? why : "unknown reason");
  }
  auto symbol = reinterpret_cast<runtime_plugin_function>(
    ::dlsym(handle, runtime_plugin_symbol));
  if (!symbol)
    return error{errc::internal,
                 library.string() + " has no symbol " + runtime_plugin_symbol,
                 rebuild};
  auto table = check(symbol(), library.string());
  if (!table)
    return table.error();
  plugin_runtime runtime{(*table)->create(&options), (*table)->destroy};
  if (!runtime)
    return error{errc::internal, library.string() + " made no runtime",
                 "see the node's log; is it out of memory?"};
  return runtime;
}

} // namespace faas
