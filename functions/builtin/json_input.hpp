// JSON from outside: limits, pointers, and one or many documents in a body.
#pragma once

#include "libfaas/core/result.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace faas::builtin {

using json = nlohmann::json;

struct json_limits {
  size_t depth = 64;
  size_t values = 1'000'000; ///< about; what bounds the memory of a small text
};

/// One JSON text. errc::invalid_argument when it is none or too deep,
/// errc::too_large over limits.values. Numbers that no double holds are errors.
result<json> parse_json(std::string_view text, const json_limits& limits = {});

/// A JSON pointer (RFC 6901) that was understood once.
class pointer {
public:
  /// "" (everything) or "/a/0/b~1c". errc::invalid_argument.
  static result<pointer> parse(std::string_view text);
  /// What it points at; null when there is nothing.
  const json* find(const json& document) const noexcept;

private:
  std::vector<std::string> steps_;
};

/// How the documents of a body were written; answers are written the same way.
enum class framing { one, array, lines };

struct documents {
  framing how = framing::one;
  std::vector<json> items;
};

/// The documents of a body: an array's elements, the lines when the content
/// type names ndjson or jsonl (errors name the line), else the one.
result<documents> read_documents(std::string_view body,
                                 std::string_view content_type);

/// The inverse; `items` of framing::one is exactly one.
std::string write_documents(framing how, const std::vector<json>& items);
/// Content type of what write_documents() makes.
std::string_view content_type_of(framing how) noexcept;

} // namespace faas::builtin
