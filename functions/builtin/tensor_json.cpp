#include "functions/builtin/tensor_json.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace faas::builtin {
namespace {

constexpr size_t most_elements = 4'000'000;
constexpr size_t most_dimensions = 8;

error wrong(std::string why) {
  return {errc::invalid_argument, std::move(why),
          "write {\"datatype\": \"FP32\", \"shape\": [2], \"data\": [1, 2]}"};
}

/// Product of a shape; over 2^32 it is some number over 2^32.
uint64_t elements_in(const std::vector<uint64_t>& shape) {
  constexpr uint64_t most = uint64_t{1} << 32;
  uint64_t product = 1;
  for (const auto side : shape) {
    if (side == 0)
      return 0;
    product = product > most / side ? most + 1 : product * side;
  }
  return product;
}

result<std::vector<uint64_t>> checked(std::vector<uint64_t> shape) {
  if (shape.empty() || shape.size() > most_dimensions)
    return wrong("a shape has 1 to 8 sides");
  for (const auto side : shape)
    if (side > (uint64_t{1} << 32))
      return wrong("a side of the shape is over 2^32");
  if (elements_in(shape) > (uint64_t{1} << 32))
    return wrong("the shape has more than 2^32 elements");
  return shape;
}

template <class Number>
void append(std::string& bytes, Number value) {
  char raw[sizeof(value)];
  std::memcpy(raw, &value, sizeof(value));
  bytes.append(raw, sizeof(value));
}

/// False when the type does not hold the value.
bool append(std::string& bytes, element type, const json& value) {
  if (type == element::fp32) {
    if (!value.is_number())
      return false;
    const auto number = value.get<double>();
    if (!(std::abs(number) <= std::numeric_limits<float>::max()))
      return false;
    append(bytes, static_cast<float>(number));
    return true;
  }
  if (!value.is_number_integer())
    return false;
  const bool large
    = value.is_number_unsigned()
      && value.get<uint64_t>()
           > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const auto number = large ? 0 : value.get<int64_t>();
  if (large || (type == element::uint8 && (number < 0 || number > 255)))
    return false;
  if (type == element::int64)
    append(bytes, number);
  else
    append(bytes, static_cast<uint8_t>(number));
  return true;
}

/// The nesting of data along its first elements.
std::vector<uint64_t> nesting(const json& data) {
  std::vector<uint64_t> shape;
  for (const auto* at = &data; at->is_array() && shape.size() <= most_dimensions;
       at = &(*at)[0]) {
    shape.push_back(at->size());
    if (at->empty())
      break;
  }
  return shape;
}

/// Appends data, which must be nested as `shape` says from `depth` on.
result<void> flatten(const json& data, const std::vector<uint64_t>& shape,
                     size_t depth, tensor& out) {
  if (depth == shape.size()) {
    if (append(out.bytes, out.type, data))
      return {};
    return wrong(std::string{name(out.type)} + " does not hold "
                 + (data.is_structured() ? "a list" : data.dump().substr(0, 32))
                 + " (element "
                 + std::to_string(out.bytes.size() / byte_size(out.type))
                 + ")");
  }
  if (!data.is_array() || data.size() != shape[depth])
    return wrong("data is ragged: lists of one level differ in length");
  for (const auto& item : data)
    if (auto done = flatten(item, shape, depth + 1, out); !done)
      return done;
  return {};
}

result<std::vector<uint64_t>> shape_of(const json& shape) {
  std::vector<uint64_t> sides;
  if (!shape.is_array() || shape.size() > most_dimensions)
    return wrong("shape must be a list of 1 to 8 whole numbers");
  for (const auto& side : shape) {
    if (!side.is_number_unsigned())
      return wrong("shape must be a list of whole numbers from 0");
    sides.push_back(side.get<uint64_t>());
  }
  return checked(std::move(sides));
}

} // namespace

result<element> element_of(std::string_view text) {
  for (const auto type : {element::fp32, element::uint8, element::int64})
    if (text == name(type))
      return type;
  if (text == "U8")
    return element::uint8;
  return wrong("datatype \"" + std::string{text.substr(0, 32)}
               + "\" must be one of: FP32, UINT8, INT64");
}

std::string_view name(element type) noexcept {
  return type == element::fp32    ? "FP32"
         : type == element::uint8 ? "UINT8"
                                  : "INT64";
}

size_t byte_size(element type) noexcept {
  return type == element::fp32 ? 4 : type == element::uint8 ? 1 : 8;
}

result<std::vector<uint64_t>> parse_shape(std::string_view text) {
  std::vector<uint64_t> sides;
  while (sides.size() <= most_dimensions) {
    const auto comma = text.find(',');
    const auto word = trimmed(text.substr(0, comma));
    uint64_t side = 0;
    const auto* end = word.data() + word.size();
    const auto [at, failed] = std::from_chars(word.data(), end, side);
    if (word.empty() || failed != std::errc{} || at != end)
      return wrong("a shape is whole numbers separated by commas");
    sides.push_back(side);
    if (comma == text.npos)
      break;
    text.remove_prefix(comma + 1);
  }
  return checked(std::move(sides));
}

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string out;
  for (const auto side : shape)
    out += (out.empty() ? "" : ",") + std::to_string(side);
  return out;
}

result<std::string> tensor_to_json(std::string_view bytes, element type,
                                   std::vector<uint64_t> shape) {
  const auto size = byte_size(type);
  const auto count = bytes.size() / size;
  if (shape.empty())
    shape = {count};
  if (bytes.size() % size != 0 || elements_in(shape) != count)
    return wrong(std::to_string(bytes.size()) + " bytes are no "
                 + std::string{name(type)} + " [" + shape_text(shape) + "]");
  if (count > most_elements)
    return {errc::too_large, std::to_string(count) + " elements are over "
                               + std::to_string(most_elements)};
  std::string out = "{\"datatype\":\"" + std::string{name(type)}
                    + "\",\"shape\":[" + shape_text(shape) + "],\"data\":[";
  for (size_t i = 0; i < count; ++i) {
    char text[32];
    auto* end = text;
    const auto* from = bytes.data() + i * size;
    if (type == element::fp32) {
      float value = 0;
      std::memcpy(&value, from, sizeof(value));
      if (!std::isfinite(value))
        return wrong("element " + std::to_string(i)
                     + " is not finite: JSON has no NaN and no infinity");
      end = std::to_chars(text, text + sizeof(text), value).ptr;
    } else if (type == element::int64) {
      int64_t value = 0;
      std::memcpy(&value, from, sizeof(value));
      end = std::to_chars(text, text + sizeof(text), value).ptr;
    } else {
      end = std::to_chars(text, text + sizeof(text),
                          static_cast<unsigned>(static_cast<uint8_t>(*from)))
              .ptr;
    }
    if (i > 0)
      out += ',';
    out.append(text, end);
  }
  return out + "]}";
}

result<tensor> tensor_from_json(std::string_view text) {
  auto read = parse_json(text, {.depth = 16, .values = most_elements + 64});
  if (!read)
    return read.error();
  if (!read->is_object() || !read->contains("data")
      || !read->at("data").is_array())
    return wrong("a tensor is an object with the list \"data\"");
  const auto& data = read->at("data");
  tensor out;
  if (read->contains("datatype")) {
    const auto& type = read->at("datatype");
    auto known = element_of(type.is_string()
                              ? type.get_ref<const std::string&>()
                              : std::string{});
    if (!known)
      return known.error();
    out.type = *known;
  }
  const auto nested = nesting(data);
  auto shape = checked(nested);
  if (read->contains("shape"))
    shape = shape_of(read->at("shape"));
  if (!shape)
    return shape.error();
  if (nested.size() > most_dimensions
      || elements_in(*shape) != elements_in(nested)
      || (nested.size() > 1 && nested != *shape))
    return wrong("shape [" + shape_text(*shape) + "] contradicts data, which is ["
                 + shape_text(nested) + "]");
  if (auto done = flatten(data, nested, 0, out); !done)
    return done.error();
  out.shape = std::move(*shape);
  return out;
}

} // namespace faas::builtin
