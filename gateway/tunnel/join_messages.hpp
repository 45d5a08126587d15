// The one question and the one answer of a petrel-join/1 connection: a length
// of four bytes, then JSON.
#pragma once

#include "gateway/tunnel/authority.hpp"

#include <string>
#include <string_view>

namespace faas::tunnel {

/// Longest question, and longest answer (a list of serials can be long).
inline constexpr uint32_t max_question = 32 * 1024,
                          max_answer = 1024 * 1024;

struct join_question {
  enum class kind : uint8_t {
    join,    ///< with a token's secret
    renewal, ///< the certificate of the connection counts
    revoked, ///< the serials that are revoked; likewise
  };
  kind what = kind::join;
  std::string secret; ///< bytes
  std::string request;
  node_name node;
};

/// With its length in front.
std::string framed(std::string_view text);
/// errc::too_large over `limit`.
result<uint32_t> length_of(std::string_view four_bytes, uint32_t limit);

std::string to_json(const join_question& question);
result<join_question> question_from_json(std::string_view text);
std::string to_json(const result<authority::grant>& answer);
/// The grant, or the error that the other side answered.
result<authority::grant> answer_from_json(std::string_view text);
std::string to_json(const trust::taken_serials& revoked);
result<trust::taken_serials> revoked_from_json(std::string_view text);

} // namespace faas::tunnel
