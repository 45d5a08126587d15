// Where a rollout is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace faas::rollout {

enum class phase : uint8_t {
  warming,     ///< the canary is not ready yet and gets nothing
  stepping,
  paused,      ///< keeps its share
  promoted,    ///< has all the traffic
  rolled_back, ///< by the judge, or because it cannot start
  aborted,     ///< by a person
};
inline constexpr bool ended(phase now) noexcept {
  return now >= phase::promoted;
}
std::string_view name(phase now) noexcept;
/// The inverse; nullopt for an unknown name.
std::optional<phase> phase_of(std::string_view name) noexcept;

} // namespace faas::rollout
