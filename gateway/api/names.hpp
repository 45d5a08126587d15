// Function names as OpenFaaS clients write them.
#pragma once

#include "libfaas/core/id.hpp"

#include <string_view>

namespace faas::api {

/// The only namespace. OpenFaaS clients add it to names as a suffix.
inline constexpr std::string_view default_namespace = "openfaas-fn";

/// The name without a ".openfaas-fn" suffix.
inline std::string_view
strip_default_namespace(std::string_view name) noexcept {
  const auto suffix = default_namespace.size() + 1;
  if (name.size() > suffix && name.ends_with(default_namespace)
      && name[name.size() - suffix] == '.')
    name.remove_suffix(suffix);
  return name;
}

/// A path's or a body's name, which may carry the namespace as a suffix.
inline function_name plain_name(std::string_view name) {
  return function_name{std::string{strip_default_namespace(name)}};
}

} // namespace faas::api
