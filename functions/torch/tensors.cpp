#include "functions/torch/tensors.hpp"

#include <ATen/ATen.h>

#include <cstring>

namespace faas::torch_runtime {
namespace {

using tensor::data_type;

std::optional<data_type> data_type_of(at::ScalarType type) {
  for (const auto one :
       {data_type::boolean, data_type::uint8, data_type::int8, data_type::int16,
        data_type::int32, data_type::int64, data_type::fp16, data_type::bf16,
        data_type::fp32, data_type::fp64})
    if (scalar_type(one) == type)
      return one;
  return std::nullopt;
}

/// The bytes of a bool other than 0 and 1 are undefined behaviour.
at::Tensor booleans(const char* bytes, const std::vector<int64_t>& shape) {
  auto made = at::empty(shape, at::kBool);
  auto* to = static_cast<char*>(made.mutable_data_ptr());
  for (size_t i = 0; i < made.nbytes(); ++i)
    to[i] = bytes[i] != 0;
  return made;
}

at::Tensor from_bytes(const tensor::input& input, const char* bytes, int64_t n,
                      memory_layout layout) {
  const auto shape = input.model_shape(n);
  const auto type = scalar_type(input.model_type());
  auto made = empty_in(shape, type, layout);
  if (input.norm) {
    tensor::normalise(
      *input.norm,
      {reinterpret_cast<const uint8_t*>(bytes),
       static_cast<size_t>(made.numel())},
      {made.mutable_data_ptr<float>(), static_cast<size_t>(made.numel())},
      layout == memory_layout::nchw ? tensor::plane_order::planar
                                    : tensor::plane_order::interleaved);
    return made;
  }
  if (input.type == data_type::boolean)
    return made.copy_(booleans(bytes, shape));
  const bool same_order
    = shape.size() != 4 || shape[1] == 1 || layout == memory_layout::nchw;
  if (same_order)
    std::memcpy(made.mutable_data_ptr(), bytes, made.nbytes());
  else
    made.copy_(at::from_blob(const_cast<char*>(bytes), shape, type));
  return made;
}

/// 0..255 in an order without pattern.
at::Tensor noise(const tensor::input& input, int64_t n) {
  auto count = input.batched ? n : 1;
  for (const auto dimension : input.shape)
    count *= dimension == -1 ? 1 : dimension;
  const auto type = scalar_type(input.type);
  const bool floats = at::isFloatingType(type);
  if (input.type != data_type::uint8 && !floats)
    return at::zeros({count}, type);
  auto made = at::arange(count, at::kLong)
                .mul_(2654435761)
                .bitwise_right_shift_(7)
                .bitwise_and_(255);
  return floats ? made.to(at::kFloat).div_(255).to(type) : made.to(type);
}

error wrong_output(const std::string& what) {
  return {errc::function_failed, "the model returned " + what,
          "mend the model, or petrel.output in stack.yml"};
}

std::string describe(const at::Tensor& tensor) {
  const auto type = data_type_of(tensor.scalar_type());
  return (type ? std::string{tensor::name(*type)}
               : std::string{c10::toString(tensor.scalar_type())})
         + " " + tensor::shape_text(tensor.sizes().vec());
}

/// INT64 [n] from a model's output.
result<at::Tensor> labels_of(const at::Tensor& output, int64_t n) {
  const bool integers = at::isIntegralType(output.scalar_type(), false);
  if (integers && output.numel() == n && output.dim() <= 1)
    return output.to(at::kLong).contiguous();
  if (output.is_floating_point() && output.dim() == 2 && output.size(0) == n
      && output.size(1) > 0) {
    if (output.isnan().any().item<bool>())
      return wrong_output("NaN among the scores");
    return output.argmax(1).contiguous();
  }
  return wrong_output(describe(output)
                      + " where labels need integers [n] or "
                        "scores [n,classes] with n = "
                      + std::to_string(n));
}

} // namespace

at::ScalarType scalar_type(data_type type) {
  switch (type) {
  case data_type::boolean:
    return at::kBool;
  case data_type::uint8:
    return at::kByte;
  case data_type::int8:
    return at::kChar;
  case data_type::int16:
    return at::kShort;
  case data_type::int32:
    return at::kInt;
  case data_type::int64:
    return at::kLong;
  case data_type::fp16:
    return at::kHalf;
  case data_type::bf16:
    return at::kBFloat16;
  case data_type::fp32:
    return at::kFloat;
  case data_type::fp64:
    return at::kDouble;
  }
  return at::kFloat;
}

at::Tensor empty_in(const std::vector<int64_t>& shape,
                    at::TensorOptions options, memory_layout layout) {
  if (shape.size() != 4 || layout == memory_layout::nchw)
    return at::empty(shape, options);
  // Not MemoryFormat::ChannelsLast: with one channel the strides of both are
  // valid, and only these make a convolution choose channels-last.
  return at::empty_strided(shape, c10::get_channels_last_strides_2d(shape),
                           options);
}

at::Tensor in_layout(const at::Tensor& tensor, memory_layout layout) {
  return empty_in(tensor.sizes().vec(), tensor.options(), layout).copy_(tensor);
}

std::string trial_body(const tensor::input_layout& inputs, int64_t n) {
  std::string body;
  body.reserve(inputs.body_bytes(n));
  for (const auto& input : inputs.inputs()) {
    const auto values = noise(input, n);
    body.append(static_cast<const char*>(values.const_data_ptr()),
                values.nbytes());
  }
  return body;
}

std::vector<c10::IValue> make_inputs(const tensor::input_layout& inputs,
                                     std::string_view body, int64_t n,
                                     part items, memory_layout layout) {
  std::vector<c10::IValue> made;
  made.reserve(inputs.inputs().size());
  const char* at = body.data();
  for (const auto& input : inputs.inputs()) {
    const auto bytes = static_cast<int64_t>(input.item_bytes);
    made.emplace_back(from_bytes(input,
                                 at + (input.batched ? items.first * bytes : 0),
                                 items.count, layout));
    at += bytes * (input.batched ? n : 1);
  }
  return made;
}

std::vector<c10::IValue> make_trial_inputs(const tensor::input_layout& inputs,
                                           int64_t n, memory_layout layout) {
  return make_inputs(inputs, trial_body(inputs, n), n, {0, n}, layout);
}

result<output_kind> output_kind_from(const std::string& text) {
  if (text == "labels" || text.empty())
    return output_kind::labels;
  if (text == "tensor")
    return output_kind::tensor;
  return error{errc::bad_bundle, "petrel.output is '" + text + "'",
               "write labels or tensor"};
}

result<at::Tensor> output_tensor(const c10::IValue& value) {
  if (value.isTensor())
    return value.toTensor();
  if (value.isTuple() && !value.toTupleRef().elements().empty()
      && value.toTupleRef().elements()[0].isTensor())
    return value.toTupleRef().elements()[0].toTensor();
  if (value.isTensorList() && !value.toTensorList().empty())
    return value.toTensorList().get(0);
  return wrong_output(value.tagKind()
                      + ", neither a tensor nor a tuple or "
                        "list that begins with one");
}

reply make_reply(const at::Tensor& output, output_kind kind, int64_t n,
                 tensor::format wanted) {
  if (kind == output_kind::labels) {
    auto labels = labels_of(output, n);
    if (!labels)
      return reply::failure(labels.error());
    return tensor::labels_reply(
      {labels->const_data_ptr<int64_t>(), static_cast<size_t>(labels->numel())},
      wanted);
  }
  const auto type = data_type_of(output.scalar_type());
  if (!type)
    return reply::failure(wrong_output(describe(output)));
  const auto rows = output.contiguous();
  return tensor::tensor_reply(
    {*type, rows.sizes().vec(), rows.const_data_ptr(), rows.nbytes()}, wanted);
}

std::string reason(const std::exception& thrown) {
  const auto* own = dynamic_cast<const c10::Error*>(&thrown);
  std::string text = own ? own->what_without_backtrace() : thrown.what();
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  // A model's own exception stands at the end, below its traceback.
  if (text.find("Traceback of TorchScript") != text.npos) {
    const auto own_line = text.rfind("\nRuntimeError: ");
    text.erase(0, (own_line == text.npos ? text.rfind('\n') : own_line) + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.size() > 400)
    text.resize(400);
  return text;
}

} // namespace faas::torch_runtime
