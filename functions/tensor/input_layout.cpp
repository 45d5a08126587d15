#include "functions/tensor/input_layout.hpp"

#include <algorithm>

namespace faas::tensor {
namespace {

error bad_input(const tensor_spec& spec, const std::string& what) {
  const auto which = spec.name.empty() ? "an input" : "input " + spec.name;
  return {errc::bad_bundle, which + " of the manifest " + what,
          "mend petrel.inputs in stack.yml, for example datatype: UINT8, "
          "shape: [-1, 1, 28, 28]"};
}

/// Bytes of one item; 0 on a bad dimension or more than `limit` bytes.
uint64_t item_bytes(const std::vector<int64_t>& shape, bool batched,
                    data_type type, uint64_t limit) {
  uint64_t bytes = byte_size(type);
  for (size_t i = batched ? 1 : 0; i < shape.size(); ++i) {
    if (shape[i] <= 0 || static_cast<uint64_t>(shape[i]) > limit / bytes)
      return 0;
    bytes *= static_cast<uint64_t>(shape[i]);
  }
  return bytes;
}

result<input> make_input(const tensor_spec& spec, uint64_t limit) {
  input made;
  made.name = spec.name;
  const auto type = data_type_from_name(spec.datatype);
  if (!type)
    return bad_input(spec, "has the data type '" + spec.datatype
                             + "', which is none of "
                             + std::string{data_type_names()});
  made.type = *type;
  made.shape = spec.shape;
  made.batched = !spec.shape.empty() && spec.shape.front() == -1;
  made.item_bytes = item_bytes(made.shape, made.batched, made.type, limit);
  if (made.item_bytes == 0)
    return bad_input(spec, "has the shape " + shape_text(spec.shape)
                             + "; every dimension but a leading -1 must be "
                               "positive, and one item at most "
                             + std::to_string(limit) + " bytes");
  if (!spec.mean.empty() || !spec.deviation.empty()) {
    const bool image = made.batched && made.type == data_type::uint8
                       && made.shape.size() == 4;
    made.norm = image ? normalisation::make(made.shape, spec.mean, spec.deviation)
                      : std::nullopt;
    if (!made.norm)
      return bad_input(spec, "has mean or std, which go with datatype UINT8, "
                             "shape [-1, height, width, channels] and one "
                             "number per channel (at most 4), std above 0");
  }
  return made;
}

std::string without_blanks(std::string text) {
  std::erase_if(
    text, [](char c) { return c == ' ' || c == '\t' || c == '[' || c == ']'; });
  return text;
}

} // namespace

std::vector<int64_t> input::model_shape(int64_t n) const {
  auto made = shape;
  if (batched)
    made.front() = n;
  if (norm)
    made = {made[0], made[3], made[1], made[2]};
  return made;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const auto dimension : shape) {
    if (text.size() > 1)
      text += ',';
    text += dimension == -1 ? "n" : std::to_string(dimension);
  }
  return text + "]";
}

result<input_layout> input_layout::make(const std::vector<tensor_spec>& specs,
                                        uint64_t max_body_bytes) {
  if (specs.empty())
    return error{errc::bad_bundle, "the manifest declares no inputs",
                 "add petrel.inputs to stack.yml: name, datatype and shape of "
                 "each tensor that the model takes"};
  input_layout layout;
  for (const auto& spec : specs) {
    auto made = make_input(spec, max_body_bytes);
    if (!made)
      return made.error();
    (made->batched ? layout.item_bytes_ : layout.fixed_bytes_)
      += made->item_bytes;
    layout.inputs_.push_back(*std::move(made));
  }
  if (layout.body_bytes(1) > max_body_bytes)
    return bad_input(specs.back(), "makes one item larger than a body may be, "
                                     + std::to_string(max_body_bytes)
                                     + " bytes");
  if (layout.batched())
    layout.max_batch_ = static_cast<int64_t>(
      (max_body_bytes - layout.fixed_bytes_) / layout.item_bytes_);
  return layout;
}

uint64_t input_layout::body_bytes(int64_t n) const noexcept {
  return fixed_bytes_ + item_bytes_ * static_cast<uint64_t>(n);
}

std::string input_layout::expected() const {
  std::string text;
  for (const auto& one : inputs_) {
    if (!text.empty())
      text += ", then ";
    text += std::string{tensor::name(one.type)} + " " + shape_text(one.shape);
  }
  if (!batched())
    return text + ", " + std::to_string(fixed_bytes_) + " bytes";
  text += ", ";
  if (fixed_bytes_ != 0)
    text += std::to_string(fixed_bytes_) + " bytes and ";
  return text + std::to_string(item_bytes_) + " bytes per item";
}

error input_layout::mismatch(const std::string& got) const {
  return {errc::invalid_argument,
          "the body must be " + expected() + "; got " + got,
          "send the raw tensor bytes, little endian and row-major"};
}

result<int64_t> input_layout::batch_of_size(uint64_t bytes) const {
  const auto got = std::to_string(bytes) + " bytes";
  if (!batched()) {
    if (bytes != fixed_bytes_)
      return mismatch(got);
    return 1;
  }
  if (bytes <= fixed_bytes_ || (bytes - fixed_bytes_) % item_bytes_ != 0)
    return mismatch(got);
  const auto n = static_cast<int64_t>((bytes - fixed_bytes_) / item_bytes_);
  if (n > max_batch_)
    return error{errc::too_large,
                 "a batch of " + std::to_string(n) + " items; at most "
                   + std::to_string(max_batch_),
                 "send smaller batches"};
  return n;
}

result<void> input_layout::check_headers(const header_list& headers,
                                         int64_t n) const {
  if (inputs_.size() != 1)
    return {};
  const auto& only = inputs_.front();
  const auto* type = find_header(headers, "X-Tensor-Datatype");
  if (type && *type != tensor::name(only.type))
    return mismatch(*type);
  if (const auto* text = find_header(headers, "X-Tensor-Shape")) {
    auto shape = only.shape;
    if (only.batched)
      shape.front() = n;
    const auto got = without_blanks(*text);
    if (got != without_blanks(shape_text(shape)))
      return mismatch("shape [" + got + "]");
  }
  return {};
}

result<int64_t> input_layout::batch_of(const invocation& event) const {
  auto n = batch_of_size(event.body.size());
  if (!n)
    return n;
  if (auto fits = check_headers(event.headers, *n); !fits)
    return fits.error();
  return n;
}

} // namespace faas::tensor
