// Where a request goes: the routes of the gateway.
#pragma once

#include <cstdint>
#include <string_view>

namespace faas::http {

/// The target of a request, taken apart. Views into the target.
struct target_parts {
  enum class kind : uint8_t {
    function,       ///< /function/NAME[/path]
    async_function, ///< /async-function/NAME[/path]
    other,          ///< management, health, metrics
    malformed,      ///< neither a path nor an absolute URL
  };
  kind what = kind::malformed;
  std::string_view name;  ///< function; default namespace suffix removed
  std::string_view path;  ///< function: what follows the name, at least "/"
  std::string_view query; ///< without '?'
};

/// Pure. Accepts origin form and absolute form (RFC 9112, section 3.2). The
/// path is passed on as it came: percent-encoding is the function's business.
target_parts split_target(std::string_view target) noexcept;

} // namespace faas::http
