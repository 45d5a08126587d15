#include "libfaas/core/error.hpp"

#include <array>

namespace faas {
namespace {

struct row {
  errc code;
  std::string_view name;
  uint16_t status;
  retry_class retry;
};

constexpr std::array<row, errc_count> table{{
  {errc::ok, "ok", 200, retry_class::never},
  {errc::invalid_argument, "invalid_argument", 400, retry_class::never},
  {errc::unauthorized, "unauthorized", 401, retry_class::after_change},
  {errc::forbidden, "forbidden", 403, retry_class::after_change},
  {errc::not_found, "not_found", 404, retry_class::after_change},
  {errc::conflict, "conflict", 409, retry_class::after_change},
  {errc::too_large, "too_large", 413, retry_class::never},
  {errc::overloaded, "overloaded", 429, retry_class::same_later},
  {errc::cancelled, "cancelled", 499, retry_class::never},
  {errc::function_failed, "function_failed", 500, retry_class::never},
  {errc::bad_bundle, "bad_bundle", 422, retry_class::after_change},
  {errc::digest_mismatch, "digest_mismatch", 422, retry_class::never},
  {errc::outcome_unknown, "outcome_unknown", 502, retry_class::never},
  {errc::unavailable, "unavailable", 503, retry_class::other_node},
  {errc::deadline_exceeded, "deadline_exceeded", 504, retry_class::same_later},
  {errc::quarantined, "quarantined", 503, retry_class::after_change},
  {errc::storage_full, "storage_full", 507, retry_class::after_change},
  {errc::incompatible_peer, "incompatible_peer", 502,
   retry_class::after_change},
  {errc::abandoned, "abandoned", 500, retry_class::other_node},
  {errc::shutting_down, "shutting_down", 503, retry_class::other_node},
  {errc::internal, "internal", 500, retry_class::never},
}};

constexpr bool in_order() {
  for (size_t i = 0; i < table.size(); ++i)
    if (static_cast<size_t>(table[i].code) != i || table[i].name.empty())
      return false;
  return true;
}
static_assert(in_order(), "one row per errc, in the order of the enum");

const row& row_of(errc code) noexcept {
  const auto index = static_cast<size_t>(code);
  return index < table.size() ? table[index] : table.back();
}

} // namespace

std::string_view name(errc code) noexcept {
  return row_of(code).name;
}

uint16_t http_status(errc code) noexcept {
  return row_of(code).status;
}

retry_class retry(errc code) noexcept {
  return row_of(code).retry;
}

errc errc_from_name(std::string_view name) noexcept {
  for (const auto& row : table)
    if (row.name == name)
      return row.code;
  return errc::internal;
}

std::string error::to_string() const {
  auto text = std::string{name(code)} + ": " + message;
  if (!next_step.empty())
    text += " (" + next_step + ")";
  return text;
}

} // namespace faas
