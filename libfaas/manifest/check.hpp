// What values a function's spec may have, wherever they come from.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

namespace faas {

/// One thing wrong with a spec. `key` is the path in stack.yml below the
/// function: "petrel.timeout", "petrel.inputs[0].shape".
struct problem {
  std::string key;
  std::string what; ///< with what is allowed
};

/// Bounds of the numbers in a spec.
namespace spec_limits {
inline constexpr uint32_t concurrency = 1024;
inline constexpr uint32_t queue = 65'536;
inline constexpr size_t topics = 64;
inline constexpr size_t topic_bytes = 1024;
inline constexpr size_t inputs = 16;
inline constexpr size_t rank = 8;
inline constexpr size_t samples = 8;
inline constexpr size_t sample_bytes = 1024 * 1024; ///< of each body
inline constexpr size_t sample_headers = 16;
inline constexpr size_t sample_header_bytes = 1024; ///< of each value
inline constexpr uint32_t batch = 4096;
inline constexpr size_t rollout_steps = 20;
inline constexpr size_t platforms = 16;
inline constexpr int64_t dimension = int64_t{1} << 31;
} // namespace spec_limits

/// Checks ranges, names and combinations. Empty = fine. Does not ask for an
/// artifact: a function of an OpenFaaS file has none.
std::vector<problem> check(const function_spec& spec);

/// MQTT topic filter (MQTT 3.1.1, section 4.7): `+` fills a level, `#` is last.
bool valid_topic_filter(std::string_view text) noexcept;

} // namespace faas
