// Visitor that writes a message's fields. Private to this folder.
#pragma once

#include "libfaas/wire/fields.hpp"
#include "libfaas/wire/wire_format.hpp"

namespace faas::wire {

/// Appends fields to a string. Zero and empty values are left out (proto3).
class encoder {
public:
  explicit encoder(std::string& out) : out_(out) {}

  bool first_piece(uint64_t offset) const noexcept { return offset == 0; }

  void fixed(uint32_t number, uint64_t value) {
    if (value)
      append_fixed64_field(out_, number, value);
  }
  template <class T>
  requires std::unsigned_integral<T> || std::is_enum_v<T>
  void operator()(uint32_t number, T value) {
    if (const auto bits = static_cast<uint64_t>(value))
      append_varint_field(out_, number, bits);
  }
  void operator()(uint32_t number, duration value) {
    if (value.count())
      append_varint_field(out_, number, static_cast<uint64_t>(value.count()));
  }
  void operator()(uint32_t number, double value) {
    fixed(number, to_bits(value));
  }
  void operator()(uint32_t number, std::string_view bytes) {
    if (!bytes.empty())
      append_bytes_field(out_, number, bytes);
  }
  void operator()(uint32_t number, const std::string& bytes) {
    (*this)(number, std::string_view{bytes});
  }
  void operator()(uint32_t number, const secret_text& value) {
    (*this)(number, value.view());
  }
  template <class Tag>
  void operator()(uint32_t number, const named<Tag>& value) {
    (*this)(number, value.str());
  }
  void operator()(uint32_t number, const digest& value) {
    if (value != digest{})
      append_bytes_field(out_, number,
                         {reinterpret_cast<const char*>(value.bytes.data()),
                          value.bytes.size()});
  }
  void operator()(uint32_t number, const string_map& map) {
    for (const auto& [key, value] : map) {
      const auto start = open_field(out_, number);
      append_bytes_field(out_, 1, key);
      append_bytes_field(out_, 2, value);
      close_field(out_, start);
    }
  }
  void operator()(uint32_t number, const std::vector<std::string>& items) {
    for (const auto& item : items)
      append_bytes_field(out_, number, item);
  }
  void operator()(uint32_t number, const std::vector<uint64_t>& items) {
    if (items.empty())
      return;
    const auto start = open_field(out_, number);
    for (auto item : items)
      append_varint(out_, item);
    close_field(out_, start);
  }
  template <class T>
  void operator()(uint32_t number, const std::vector<T>& items) {
    for (const auto& item : items) {
      const auto start = open_field(out_, number);
      fields(*this, item);
      close_field(out_, start);
    }
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(uint32_t number, const T& inner) {
    const auto before = out_.size();
    const auto start = open_field(out_, number);
    fields(*this, inner);
    if (out_.size() == start)
      out_.resize(before);
    else
      close_field(out_, start);
  }

private:
  std::string& out_;
};

} // namespace faas::wire
