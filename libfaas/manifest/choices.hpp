// The enums of the manifest by name.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <array>
#include <span>
#include <string>

namespace faas {

std::string_view
name(size_feature::kind kind) noexcept; ///< "json" for json_pointer

inline constexpr std::array runtime_kinds{
  runtime_kind::native, runtime_kind::torch, runtime_kind::process};
inline constexpr std::array process_protocols{
  process_protocol::http, process_protocol::fork, process_protocol::worker,
  process_protocol::lambda};
inline constexpr std::array process_listens{process_listen::port,
                                            process_listen::unix_socket};
inline constexpr std::array artifact_kinds{
  artifact_kind::native, artifact_kind::torchscript, artifact_kind::aoti};
inline constexpr std::array device_choices{
  device_choice::automatic, device_choice::cpu, device_choice::cuda};
inline constexpr std::array trust_modes{
  trust_mode::isolated, trust_mode::threads, trust_mode::inline_};
inline constexpr std::array secret_policies{secret_policy::restart,
                                            secret_policy::notify};
inline constexpr std::array size_kinds{size_feature::kind::bytes,
                                       size_feature::kind::header,
                                       size_feature::kind::json_pointer,
                                       size_feature::kind::items};

/// Sets `out` to the choice of that name; false when there is none.
template <class Enum, size_t N>
bool choose(std::string_view text, const std::array<Enum, N>& choices,
            Enum& out) noexcept {
  for (const auto choice : choices) {
    if (name(choice) == text) {
      out = choice;
      return true;
    }
  }
  return false;
}

/// "a, b, c": for messages.
template <class Enum, size_t N>
std::string names_of(const std::array<Enum, N>& choices) {
  std::string text;
  for (const auto choice : choices)
    text += (text.empty() ? "" : ", ") + std::string{name(choice)};
  return text;
}

} // namespace faas
