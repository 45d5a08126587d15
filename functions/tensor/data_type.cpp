#include "functions/tensor/data_type.hpp"

#include <array>

namespace faas::tensor {
namespace {

struct row {
  data_type type;
  std::string_view name;
  size_t bytes;
};

constexpr std::array<row, 10> table{{
  {data_type::boolean, "BOOL", 1},
  {data_type::uint8, "UINT8", 1},
  {data_type::int8, "INT8", 1},
  {data_type::int16, "INT16", 2},
  {data_type::int32, "INT32", 4},
  {data_type::int64, "INT64", 8},
  {data_type::fp16, "FP16", 2},
  {data_type::bf16, "BF16", 2},
  {data_type::fp32, "FP32", 4},
  {data_type::fp64, "FP64", 8},
}};

constexpr bool in_order() {
  for (size_t i = 0; i < table.size(); ++i)
    if (static_cast<size_t>(table[i].type) != i)
      return false;
  return true;
}
static_assert(in_order(), "one row per data_type, in the order of the enum");

} // namespace

std::string_view name(data_type type) noexcept {
  return table[static_cast<size_t>(type)].name;
}

size_t byte_size(data_type type) noexcept {
  return table[static_cast<size_t>(type)].bytes;
}

std::optional<data_type> data_type_from_name(std::string_view name) noexcept {
  for (const auto& row : table)
    if (row.name == name)
      return row.type;
  return std::nullopt;
}

std::string_view data_type_names() noexcept {
  return "BOOL, UINT8, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64";
}

} // namespace faas::tensor
