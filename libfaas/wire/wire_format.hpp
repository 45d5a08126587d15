// Protobuf's wire format: varints, keys and length prefixes
// (protobuf.dev/programming-guides/encoding). Private to this folder.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace faas::wire {

enum class wire_type : uint8_t {
  varint = 0,
  fixed64 = 1,
  bytes = 2,
  fixed32 = 5
};

/// The one way in which a double travels: as its bits. NaN, infinity and -0
/// arrive as they left.
inline uint64_t to_bits(double value) noexcept {
  return std::bit_cast<uint64_t>(value);
}
inline double from_bits(uint64_t bits) noexcept {
  return std::bit_cast<double>(bits);
}

/// Bytes that a varint takes.
constexpr size_t varint_size(uint64_t value) noexcept {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// Writes a varint at `at` (room for 10 bytes); returns behind it.
inline char* put_varint(char* at, uint64_t value) noexcept {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

inline void append_varint(std::string& out, uint64_t value) {
  char buffer[10];
  out.append(buffer, static_cast<size_t>(put_varint(buffer, value) - buffer));
}

inline char* put_key(char* at, uint32_t number, wire_type type) noexcept {
  return put_varint(at, uint64_t{number} << 3 | static_cast<uint8_t>(type));
}

inline void append_varint_field(std::string& out, uint32_t number,
                                uint64_t value) {
  char buffer[16];
  auto* at = put_varint(put_key(buffer, number, wire_type::varint), value);
  out.append(buffer, static_cast<size_t>(at - buffer));
}

inline void append_fixed64_field(std::string& out, uint32_t number,
                                 uint64_t value) {
  static_assert(std::endian::native == std::endian::little);
  char buffer[16];
  auto* at = put_key(buffer, number, wire_type::fixed64);
  std::memcpy(at, &value, sizeof value);
  out.append(buffer, static_cast<size_t>(at + sizeof value - buffer));
}

inline void append_bytes_key(std::string& out, uint32_t number, size_t size) {
  char buffer[16];
  auto* at = put_varint(put_key(buffer, number, wire_type::bytes), size);
  out.append(buffer, static_cast<size_t>(at - buffer));
}

inline void append_bytes_field(std::string& out, uint32_t number,
                               std::string_view bytes) {
  append_bytes_key(out, number, bytes.size());
  out.append(bytes);
}

/// Opens a length-prefixed field whose size is not known yet; close_field()
/// mends the prefix. Minimal varints, so the output is canonical.
inline size_t open_field(std::string& out, uint32_t number) {
  append_bytes_key(out, number, 0);
  return out.size();
}
inline void close_field(std::string& out, size_t start) {
  const auto size = out.size() - start;
  char buffer[10];
  const auto length = static_cast<size_t>(put_varint(buffer, size) - buffer);
  out.insert(start, length - 1, '\0');
  std::memcpy(out.data() + start - 1, buffer, length);
}

/// One field as read: a number for varint and fixed, else the bytes.
struct wire_field {
  uint32_t number = 0;
  wire_type type = wire_type::varint;
  uint64_t value = 0;
  std::string_view bytes;
};

/// Reads field after field; stops at the end or at the first that is broken.
class wire_reader {
public:
  explicit wire_reader(std::string_view bytes) noexcept
    : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  /// False at the end and when broken; see ok().
  bool next(wire_field& field) noexcept {
    if (at_ == end_)
      return false;
    uint64_t key = 0;
    if (!varint(key) || key >> 3 == 0 || key >> 3 > max_number)
      return fail();
    field.number = static_cast<uint32_t>(key >> 3);
    field.type = static_cast<wire_type>(key & 7);
    return read(field) || fail();
  }
  bool ok() const noexcept { return ok_; }
  size_t left() const noexcept { return static_cast<size_t>(end_ - at_); }

  bool varint(uint64_t& value) noexcept {
    value = 0;
    for (auto shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80)
        return true;
    }
    return false;
  }

private:
  static constexpr uint64_t max_number = (1u << 29) - 1;

  bool fail() noexcept {
    ok_ = false;
    at_ = end_;
    return false;
  }

  bool read(wire_field& field) noexcept {
    switch (field.type) {
    case wire_type::varint:
      return varint(field.value);
    case wire_type::fixed64:
      return take(8, field);
    case wire_type::fixed32:
      return take(4, field);
    case wire_type::bytes: {
      uint64_t size = 0;
      if (!varint(size) || size > left())
        return false;
      field.bytes = {at_, static_cast<size_t>(size)};
      at_ += size;
      return true;
    }
    default:
      return false; // groups are gone since proto3
    }
  }

  bool take(size_t size, wire_field& field) noexcept {
    if (left() < size)
      return false;
    field.value = 0;
    std::memcpy(&field.value, at_, size);
    at_ += size;
    return true;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

} // namespace faas::wire
