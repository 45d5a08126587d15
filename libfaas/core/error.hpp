// What can go wrong, told by what the caller should do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace faas {

/// The one error enum. Each value has a retry class, an HTTP status and a
/// stable name (see error.cpp; the table there is checked at compile time).
/// Values travel between nodes: never renumber, only append.
enum class errc : uint8_t {
  ok = 0,
  invalid_argument,  ///< the request itself is wrong; mend it
  unauthorized,      ///< no or wrong credential
  forbidden,         ///< policy refuses it (for example an untrusted bundle)
  not_found,         ///< no such function, bundle, node
  conflict,          ///< the state moved on; read again
  too_large,         ///< over a limit named in the message
  overloaded,        ///< queue or slots full; later
  cancelled,         ///< the caller went away
  function_failed,   ///< user code threw or reported a failure
  bad_bundle,        ///< bundle, library or model is unusable as it is
  digest_mismatch,   ///< bytes are not what their digest says
  outcome_unknown,   ///< the site vanished with the event: may have run
  unavailable,       ///< no ready site; another site or later
  deadline_exceeded, ///< out of time
  quarantined,       ///< version stopped after repeated faults
  storage_full,      ///< disk full or quota reached
  incompatible_peer, ///< other node speaks another protocol version
  abandoned,         ///< a completion was destroyed unanswered
  shutting_down,     ///< the node is going away
  internal,          ///< a defect of ours
};
inline constexpr size_t errc_count = 21;

/// Who may repeat the call, and where.
enum class retry_class : uint8_t {
  never,      ///< the same call fails again
  same_later, ///< same node, after a pause
  other_node, ///< at once, on another node
  after_change ///< once the deployment or configuration has changed
};

/// Stable lower-case name, for example "not_found".
std::string_view name(errc code) noexcept;
/// HTTP status that an answer with this code carries.
uint16_t http_status(errc code) noexcept;
retry_class retry(errc code) noexcept;
/// The inverse of name(); errc::internal for an unknown name.
errc errc_from_name(std::string_view name) noexcept;

/// An error: code, what happened, and what to do next (may be empty).
struct error {
  errc code = errc::internal;
  std::string message;
  std::string next_step;

  error() = default;
  error(errc code, std::string message, std::string next_step = {})
    : code(code), message(std::move(message)), next_step(std::move(next_step)) {
  }
  /// "code: message (next step)"
  std::string to_string() const;
  bool operator==(const error&) const = default;
};

} // namespace faas
