// What one router tells another of what it has learned.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <string>

namespace faas::actors {

/// Pairs of function and site that are told, at most.
inline constexpr size_t most_told_pairs = 4096;

/// JSON with the number of its format; link entries are left out: a link is its
/// router's own. So is a site or pair with a number that is not finite.
std::string to_text(const routing::snapshot& experience);

/// errc::invalid_argument for a text of another format, or with more than
/// most_told_pairs. A site or pair that to_text() would not write is skipped.
/// Numbers are not judged: predictor::adopt() does.
result<routing::snapshot> experience_of(const std::string& text);

} // namespace faas::actors
