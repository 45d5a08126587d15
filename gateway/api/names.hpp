// Function names as OpenFaaS clients write them.
#pragma once

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

} // namespace faas::api
