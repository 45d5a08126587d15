// A shared library that holds a function, opened and checked.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/sdk/faas/function.h"

#include <filesystem>
#include <memory>
#include <string>

namespace faas::native {

/// Absolute path of the artifact in the bundle folder. errc::bad_bundle when
/// it is absent, no regular file, or lies outside of the folder (also by way
/// of links).
result<std::filesystem::path> find_artifact(const std::filesystem::path& folder,
                                            const std::string& artifact);

/// Checks a table found in a library: size, version, calls. `file` is for the
/// message. Reads no more than the first two fields before they are checked.
result<void> check_table(const faas_function_table_v1& table,
                         const std::string& file);

/// An open library with a checked table; closed by the destructor, so every
/// instance holds one (shared). Thread safe.
///
/// dlopen gives the same library again for the same file. Two versions do not
/// alias as long as their folders differ, which content-addressed folders
/// guarantee.
class library {
public:
  /// errc::bad_bundle with the loader's own words.
  static result<std::shared_ptr<const library>>
  open(const std::filesystem::path& path);
  ~library();
  library(const library&) = delete;
  library& operator=(const library&) = delete;

  const faas_function_table_v1& table() const noexcept { return *table_; }
  /// May be called without one; false then.
  bool notify(void* state, faas_notice what, faas_bytes detail) const;

private:
  explicit library(void* handle) : handle_(handle) {}
  void* handle_;
  const faas_function_table_v1* table_ = nullptr;
};

} // namespace faas::native
