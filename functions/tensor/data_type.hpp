// Element types of tensors, by their Open Inference Protocol names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace faas::tensor {

enum class data_type : uint8_t {
  boolean,
  uint8,
  int8,
  int16,
  int32,
  int64,
  fp16,
  bf16,
  fp32,
  fp64
};

/// "UINT8", "FP32", ...: the Open Inference Protocol's name.
std::string_view name(data_type type) noexcept;
/// Bytes of one element.
size_t byte_size(data_type type) noexcept;
/// The inverse of name(); nullopt for a name that is none of ours.
std::optional<data_type> data_type_from_name(std::string_view name) noexcept;
/// All names, for error messages: "BOOL, UINT8, ...".
std::string_view data_type_names() noexcept;

} // namespace faas::tensor
