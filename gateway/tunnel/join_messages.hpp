// The one question and the one answer of a petrel-join/1 connection: a length
// of four bytes, then JSON.
#pragma once

#include "gateway/tunnel/authority.hpp"

#include <string>
#include <string_view>

namespace faas::tunnel {

inline constexpr uint32_t max_join_bytes = 32 * 1024;

/// A join (with the token's secret), or a renewal (the certificate of the
/// connection counts).
struct join_question {
  bool renewal = false;
  std::string secret; ///< bytes
  std::string request;
  node_name node;
};

/// With its length in front.
std::string framed(std::string_view text);
/// errc::too_large over max_join_bytes.
result<uint32_t> length_of(std::string_view four_bytes);

std::string to_json(const join_question& question);
result<join_question> question_from_json(std::string_view text);
std::string to_json(const result<authority::grant>& answer);
/// The grant, or the error that the other side answered.
result<authority::grant> answer_from_json(std::string_view text);

} // namespace faas::tunnel
