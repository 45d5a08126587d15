// Raw tensors to JSON and back.
#pragma once

#include "functions/builtin/json_input.hpp"
#include "functions/builtin/settings.hpp"

namespace faas::builtin {

enum class element : uint8_t { fp32, uint8, int64 };

/// "FP32", "UINT8" (or "U8"), "INT64". errc::invalid_argument.
result<element> element_of(std::string_view name);
std::string_view name(element type) noexcept;
size_t byte_size(element type) noexcept;

/// 1 to 8 whole numbers from 0, separated by commas; their product is at most
/// 2^32. errc::invalid_argument.
result<std::vector<uint64_t>> parse_shape(std::string_view text);
/// "1,3,4"
std::string shape_text(const std::vector<uint64_t>& shape);

struct tensor {
  element type = element::fp32;
  std::vector<uint64_t> shape;
  std::string bytes; ///< the machine's byte order
};

/// {"datatype": "FP32", "shape": [2, 2], "data": [1.0, ...]}, data flat.
/// errc::invalid_argument when bytes and shape do not go together, or a value
/// is NaN or infinite, which JSON cannot say. errc::too_large over 4,000,000
/// elements.
result<std::string> tensor_to_json(std::string_view bytes, element type,
                                   std::vector<uint64_t> shape);

/// The inverse; data may be nested. Without datatype FP32, without shape what
/// the nesting says. errc::invalid_argument for values that the type does not
/// hold (none is rounded to a whole number or cut off), ragged data, and a
/// shape that contradicts data.
result<tensor> tensor_from_json(std::string_view text);

} // namespace faas::builtin
