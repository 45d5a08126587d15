// Small indices that name functions, sites and links inside the router.
#pragma once

#include <cstdint>

namespace faas::routing {

/// Handed out by predictor::add_*; dense, never reused while a predictor
/// lives, meaningless outside of the process.
enum class function_index : uint32_t {};
enum class site_index : uint32_t {};
enum class link_index : uint32_t {};

inline constexpr site_index no_site{~uint32_t{0}};

constexpr uint32_t to_int(function_index i) noexcept {
  return static_cast<uint32_t>(i);
}
constexpr uint32_t to_int(site_index i) noexcept {
  return static_cast<uint32_t>(i);
}
constexpr uint32_t to_int(link_index i) noexcept {
  return static_cast<uint32_t>(i);
}

} // namespace faas::routing
