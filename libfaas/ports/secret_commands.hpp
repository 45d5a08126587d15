// What people say about secrets, and what they are told.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/core/secret_text.hpp"
#include "libfaas/ports/revision.hpp"
#include "libfaas/ports/traffic.hpp"

#include <vector>

namespace faas {

using secret_name = named<struct secret_name_tag>;

/// A DNS name (OpenFaaS's rule): 1 to 63 of a-z, 0-9, '-' and '.'; every part
/// between dots begins and ends with a letter or digit. So it is a file name.
bool valid_secret_name(std::string_view text) noexcept;

struct put_secret_command {
  request_id id;
  secret_name name;
  secret_text value;
  enum class condition : uint8_t { none, must_exist, must_not_exist };
  condition when = condition::none;
  std::string by;
};

struct remove_secret_command {
  request_id id;
  secret_name name;
  std::string by;
};

/// Outcome of a command, durable before it is given.
struct secret_outcome {
  revision at;
  uint64_t version = 0;   ///< of the secret; the last one when it was removed
  bool repeated = false;  ///< this request id was carried out before
  bool unchanged = false; ///< it has that value already
};

/// For people. Never the value.
struct secret_status {
  secret_name name;
  uint64_t version = 0;
  wall_time created, changed;
  std::string by;
  std::vector<function_name> users;
};

} // namespace faas
