// What a worker may try, what refuses it, and how that shows.
#pragma once

#include <span>
#include <string>

namespace faas::testing {

/// Whether the abuse is first shown to succeed without a sandbox.
enum class shown {
  always,     ///< it must succeed there
  as_root,    ///< when the test runs as root
  if_there,   ///< unless this kernel or machine lacks the thing at all
  never,      ///< it would do harm; see `why`
};

struct abuse_row {
  const char* name;
  const char* refusal; ///< errno's name
  const char* by;      ///< the mechanism
  shown without = shown::always;
  const char* why = ""; ///< not shown
};

std::span<const abuse_row> abuse_table();

} // namespace faas::testing
