// What one router tells another of what it has learned.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <string>

namespace faas::actors {

/// Pairs of function and site that are told, at most.
inline constexpr size_t most_told_pairs = 4096;

/// JSON; link entries are left out: a link is its router's own.
std::string to_text(const routing::snapshot& experience);

/// errc::invalid_argument for anything that to_text() does not write, or more
/// than most_told_pairs. Numbers are not judged: predictor::adopt() does.
result<routing::snapshot> experience_of(const std::string& text);

} // namespace faas::actors
