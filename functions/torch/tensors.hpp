// Between bytes, libtorch's tensors and replies.
#pragma once

#include "functions/tensor/input_layout.hpp"
#include "functions/tensor/output.hpp"
#include "functions/torch/steps.hpp"

#include <ATen/core/ivalue.h>
#include <c10/core/TensorOptions.h>

#include <exception>
#include <string>
#include <vector>

namespace faas::torch_runtime {

/// A copy, on the same device, whose strides are those of the layout; other
/// than 4-D: row-major.
at::Tensor in_layout(const at::Tensor& tensor, memory_layout layout);

/// The model's arguments for some items of a batch of n, from a body of
/// input_layout::body_bytes(n) bytes. The bytes are copied: a model may write
/// to its inputs.
std::vector<c10::IValue> make_inputs(const tensor::input_layout& inputs,
                                     std::string_view body, int64_t n,
                                     part items, memory_layout layout);

/// The element type of a tensor that the manifest calls so.
at::ScalarType scalar_type(tensor::data_type type);

/// An uninitialised tensor with the layout's strides.
at::Tensor empty_in(const std::vector<int64_t>& shape,
                    at::TensorOptions options, memory_layout layout);

/// The body of a trial run with a batch of n: noise in 0..1 or 0..255 (the same
/// in every run), zeros for other integers, which may be indices.
std::string trial_body(const tensor::input_layout& inputs, int64_t n);

/// The model's arguments made from trial_body().
std::vector<c10::IValue> make_trial_inputs(const tensor::input_layout& inputs,
                                           int64_t n, memory_layout layout);

/// What the manifest's `output:` says.
enum class output_kind : uint8_t { labels, tensor };
/// errc::bad_bundle for a word that is neither.
result<output_kind> output_kind_from(const std::string& text);

/// The tensor of a model's result: itself, or the first of a tuple or list.
/// errc::function_failed for anything else.
result<at::Tensor> output_tensor(const c10::IValue& value);

/// The answer for a batch of n. Labels come from an integer tensor [n], or
/// from scores [n,classes] by the largest. errc::function_failed: another
/// shape, or NaN among the scores.
reply make_reply(const at::Tensor& output, output_kind kind, int64_t n,
                 tensor::format wanted);

/// The line of an exception of libtorch that says what happened, without its
/// stack traces; at most 400 characters.
std::string reason(const std::exception& thrown);

} // namespace faas::torch_runtime
