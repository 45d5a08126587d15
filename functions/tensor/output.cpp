#include "functions/tensor/output.hpp"

#include "libfaas/core/limits.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

namespace faas::tensor {
namespace {

template <class T>
void append(std::string& text, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) {
      text += "null";
      return;
    }
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  text.append(buffer, end);
}

template <class T>
void append_all(std::string& text, const tensor_view& tensor) {
  const auto* bytes = static_cast<const char*>(tensor.data);
  for (size_t at = 0; at + sizeof(T) <= tensor.bytes; at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes + at, sizeof value);
    if (at != 0)
      text += ',';
    append(text, value);
  }
}

void append_bools(std::string& text, const tensor_view& tensor) {
  const auto* bytes = static_cast<const char*>(tensor.data);
  for (size_t at = 0; at < tensor.bytes; ++at)
    text += std::string{at ? "," : ""} + (bytes[at] ? "true" : "false");
}

void append_elements(std::string& text, const tensor_view& tensor) {
  switch (tensor.type) {
  case data_type::boolean:
    return append_bools(text, tensor);
  case data_type::uint8:
    return append_all<uint8_t>(text, tensor);
  case data_type::int8:
    return append_all<int8_t>(text, tensor);
  case data_type::int16:
    return append_all<int16_t>(text, tensor);
  case data_type::int32:
    return append_all<int32_t>(text, tensor);
  case data_type::int64:
    return append_all<int64_t>(text, tensor);
  case data_type::fp32:
    return append_all<float>(text, tensor);
  case data_type::fp64:
    return append_all<double>(text, tensor);
  case data_type::fp16:
  case data_type::bf16:
    return;
  }
}

std::string plain_shape(const std::vector<int64_t>& shape) {
  std::string text;
  for (const auto dimension : shape) {
    if (!text.empty())
      text += ',';
    append(text, dimension);
  }
  return text;
}

reply too_large() {
  return reply::failure({errc::too_large,
                         "the model's output is larger than a reply may be, "
                           + std::to_string(limits::body_bytes) + " bytes",
                         "send smaller batches"});
}

reply finish(std::string body, const char* type) {
  if (body.size() > limits::body_bytes)
    return too_large();
  reply answer;
  answer.content_type = type;
  answer.body = blob{std::move(body)};
  return answer;
}

reply bytes_reply(const tensor_view& tensor) {
  if (tensor.bytes > limits::body_bytes)
    return too_large();
  auto answer = finish({static_cast<const char*>(tensor.data), tensor.bytes},
                       "application/octet-stream");
  answer.headers = {{"X-Tensor-Datatype", std::string{name(tensor.type)}},
                    {"X-Tensor-Shape", plain_shape(tensor.shape)}};
  return answer;
}

} // namespace

format accepted_format(const header_list& headers) noexcept {
  const auto* accept = find_header(headers, "Accept");
  if (!accept)
    return format::any;
  const auto json = accept->find("application/json");
  const auto bytes = accept->find("application/octet-stream");
  if (json == bytes) // neither
    return format::any;
  return json < bytes ? format::json : format::bytes;
}

reply labels_reply(std::span<const int64_t> labels, format wanted) {
  if (wanted == format::bytes)
    return bytes_reply({data_type::int64,
                        {static_cast<int64_t>(labels.size())},
                        labels.data(),
                        labels.size_bytes()});
  std::string text = "{\"labels\":[";
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i != 0)
      text += ',';
    append(text, labels[i]);
  }
  return finish(text + "]}", "application/json");
}

reply tensor_reply(const tensor_view& tensor, format wanted) {
  const bool half
    = tensor.type == data_type::fp16 || tensor.type == data_type::bf16;
  if (wanted != format::json || half)
    return bytes_reply(tensor);
  // The text of an element is at least as long as a comma and a digit: do not
  // build what would be refused.
  if (tensor.bytes / byte_size(tensor.type) > limits::body_bytes / 2)
    return too_large();
  std::string text = "{\"outputs\":[{\"name\":\"output0\",\"datatype\":\"";
  text += name(tensor.type);
  text += "\",\"shape\":[" + plain_shape(tensor.shape) + "],\"data\":[";
  append_elements(text, tensor);
  return finish(text + "]}]}", "application/json");
}

} // namespace faas::tensor
