#include "functions/native/library.hpp"

#include <dlfcn.h>

#include <algorithm>

namespace faas::native {
namespace {

namespace fs = std::filesystem;

constexpr auto symbol = "faas_function_table";
/// What the first tables had; `notify` came later.
constexpr size_t smallest_table = offsetof(faas_function_table_v1, notify);
/// No table of any version comes near this; more is not a table.
constexpr size_t largest_table = 4096;

std::string loader_error() {
  const char* text = dlerror();
  return text ? text : "unknown error of the dynamic loader";
}

error loading_failed(const fs::path& path) {
  auto why = loader_error();
  std::string next
    = "build the library for this machine and ship what it needs "
      "inside the bundle";
  if (why.find("undefined symbol") != std::string::npos)
    next = "link the library with -Wl,--no-undefined to see what it lacks";
  else if (why.find("cannot open shared object file") != std::string::npos)
    next = "link that library statically or ship it in the bundle with an "
           "$ORIGIN run path";
  else if (why.find("ELF") != std::string::npos
           || why.find("file too short") != std::string::npos)
    next = "the artifact must be a shared library for this machine's "
           "architecture";
  return {errc::bad_bundle,
          "cannot load " + path.filename().string() + ": " + why,
          std::move(next)};
}

} // namespace

result<fs::path> find_artifact(const fs::path& folder,
                               const std::string& artifact) {
  const auto wrong = [&](std::string what) {
    return error{errc::bad_bundle, "artifact \"" + artifact + "\" " + what,
                 "name a file inside the bundle in petrel.artifact"};
  };
  if (artifact.empty())
    return wrong("has no name");
  if (artifact.find('\0') != std::string::npos)
    return wrong("has a zero byte in its name");
  std::error_code failed;
  const auto root = fs::canonical(folder, failed);
  if (failed)
    return error{errc::bad_bundle,
                 "bundle folder " + folder.string() + ": " + failed.message(),
                 "deploy the bundle again"};
  const fs::path relative{artifact};
  if (relative.is_absolute())
    return wrong("must be relative to the bundle");
  const auto path = fs::canonical(root / relative, failed);
  if (failed)
    return wrong("is not in the bundle: " + failed.message());
  const auto end
    = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  if (end.first != root.end())
    return wrong("leads out of the bundle");
  if (!fs::is_regular_file(path, failed))
    return wrong("is not a regular file");
  return path;
}

result<void> check_table(const faas_function_table_v1& table,
                         const std::string& file) {
  constexpr auto next = "build it against the faas/function.h of this node";
  const auto size = table.table_size;
  if (size < offsetof(faas_function_table_v1, flags) || size > largest_table)
    return error{errc::bad_bundle,
                 file + ": the function table claims " + std::to_string(size)
                   + " bytes, which no version has",
                 next};
  if (table.abi_version != FAAS_ABI_VERSION)
    return error{errc::bad_bundle,
                 file + " was built for version "
                   + std::to_string(table.abi_version)
                   + " of the function ABI, this node speaks version "
                   + std::to_string(FAAS_ABI_VERSION),
                 next};
  if (size < smallest_table)
    return error{errc::bad_bundle,
                 file + ": the function table has " + std::to_string(size)
                   + " bytes, version 1 needs "
                   + std::to_string(smallest_table),
                 next};
  const auto absent = !table.create    ? "create"
                      : !table.destroy ? "destroy"
                      : !table.invoke  ? "invoke"
                                       : nullptr;
  if (absent)
    return error{errc::bad_bundle,
                 file + ": the function table has no \"" + absent + "\"",
                 "fill in create, destroy and invoke"};
  return {};
}

result<std::shared_ptr<const library>> library::open(const fs::path& path) {
  dlerror(); // forget older errors
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return loading_failed(path);
  std::shared_ptr<library> opened{new library{handle}};
  const auto* table
    = static_cast<const faas_function_table_v1*>(dlsym(handle, symbol));
  if (!table)
    return error{
      errc::bad_bundle, path.filename().string() + " does not export " + symbol,
      "include <faas/function.hpp> and write FAAS_FUNCTION(handler)"};
  if (auto checked = check_table(*table, path.filename().string()); !checked)
    return checked.error();
  opened->table_ = table;
  return std::shared_ptr<const library>{std::move(opened)};
}

bool library::notify(void* state, faas_notice what, faas_bytes detail) const {
  if (table_->table_size < smallest_table + sizeof(table_->notify)
      || table_->notify == nullptr)
    return false;
  table_->notify(state, what, detail);
  return true;
}

library::~library() {
  dlclose(handle_);
}

} // namespace faas::native
