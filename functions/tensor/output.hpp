// Tensors as the body of an answer.
#pragma once

#include "functions/tensor/data_type.hpp"
#include "libfaas/event/invocation.hpp"

#include <span>
#include <string>
#include <vector>

namespace faas::tensor {

/// A dense, row-major tensor owned by somebody else.
struct tensor_view {
  data_type type = data_type::fp32;
  std::vector<int64_t> shape;
  const void* data = nullptr;
  size_t bytes = 0;
};

/// What the client's Accept header asks for; the first of the two that it
/// names wins, anything else leaves the choice to us.
enum class format : uint8_t { any, json, bytes };
format accepted_format(const header_list& headers) noexcept;

/// The answer with one label per item: `{"labels":[9,2,1]}`, or INT64 bytes
/// when the client wants bytes.
reply labels_reply(std::span<const int64_t> labels, format wanted);

/// The answer with a whole tensor: its bytes with X-Tensor-Datatype and
/// X-Tensor-Shape, or for a client that wants JSON an Open Inference Protocol
/// output. NaN and infinities become null in JSON, which has no such numbers;
/// FP16 and BF16 go as bytes only.
/// errc::too_large over limits::body_bytes.
reply tensor_reply(const tensor_view& tensor, format wanted);

} // namespace faas::tensor
