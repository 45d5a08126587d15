// Visitors that read a message's fields. Private to this folder.
#pragma once

#include "libfaas/wire/fields.hpp"
#include "libfaas/wire/wire_format.hpp"

#include <algorithm>
#include <limits>

namespace faas::wire {

/// Sets every field to zero or empty: what a field that is absent means.
struct clearer {
  bool first_piece(uint64_t) const noexcept { return true; }
  void fixed(uint32_t, uint64_t& value) { value = 0; }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(uint32_t, T& value) { value = T{}; }
  void operator()(uint32_t, duration& value) { value = {}; }
  void operator()(uint32_t, digest& value) { value = {}; }
  void operator()(uint32_t, string_map& value) { value.clear(); }
  void operator()(uint32_t, std::string& value) { value.clear(); }
  void operator()(uint32_t, secret_text& value) { value.clear(); }
  template <class Tag>
  void operator()(uint32_t, named<Tag>& value) {
    if (!value.empty())
      value = {};
  }
  template <class T>
  void operator()(uint32_t, std::vector<T>& value) {
    value.clear();
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(uint32_t, T& value) { fields(*this, value); }
};

/// Values of an enum that this version knows; others become `unknown`.
template <class E>
struct enum_values;
template <>
struct enum_values<errc> {
  static constexpr uint64_t count = errc_count;
  static constexpr errc unknown = errc::internal;
};
template <>
struct enum_values<trigger> {
  static constexpr uint64_t count = 3;
  static constexpr trigger unknown = trigger::internal;
};
template <>
struct enum_values<start_kind> {
  static constexpr uint64_t count = 3;
  static constexpr start_kind unknown = start_kind::warm;
};
template <>
struct enum_values<instance_state> {
  static constexpr uint64_t count = 7;
  static constexpr instance_state unknown = instance_state::pending;
};
template <>
struct enum_values<node_state> {
  static constexpr uint64_t count = 3;
  static constexpr node_state unknown = node_state::suspect;
};

template <>
struct enum_values<node_duty> {
  static constexpr uint64_t count = 4;
  static constexpr node_duty unknown = node_duty::cordoned; // no events there
};

/// What decoding may still allocate for list elements. Keeps a frame of empty
/// elements (two bytes each) from becoming hundreds of times its size.
struct decode_budget {
  explicit decode_budget(size_t bytes) noexcept
    : left(bytes * 32 + 64 * 1024) {}
  size_t left;
  bool take(size_t bytes) noexcept {
    if (bytes > left)
      return false;
    left -= bytes;
    return true;
  }
};

template <class T>
bool decode_fields(std::string_view bytes, T& into, decode_budget& budget);

/// Puts one field as read into the member of that number. A field of another
/// wire type is ignored, as an unknown one is.
class decoder {
public:
  decoder(const wire_field& field, size_t left, decode_budget& budget)
    : field_(field), left_(left), budget_(budget) {}

  bool ok() const noexcept { return ok_; }
  bool first_piece(uint64_t) const noexcept { return true; }

  void fixed(uint32_t number, uint64_t& value) {
    if (is(number, wire_type::fixed64))
      value = field_.value;
  }
  template <std::unsigned_integral T>
  void operator()(uint32_t number, T& value) {
    if (is(number, wire_type::varint))
      value = static_cast<T>(
        std::min<uint64_t>(field_.value, std::numeric_limits<T>::max()));
  }
  template <class T>
  requires std::is_enum_v<T>
  void operator()(uint32_t number, T& value) {
    if (is(number, wire_type::varint))
      value = field_.value < enum_values<T>::count
                ? static_cast<T>(field_.value)
                : enum_values<T>::unknown;
  }
  void operator()(uint32_t number, duration& value) {
    if (is(number, wire_type::varint))
      value = duration{static_cast<int64_t>(field_.value)};
  }
  void operator()(uint32_t number, double& value) {
    if (is(number, wire_type::fixed64))
      value = from_bits(field_.value);
  }
  void operator()(uint32_t number, std::string& value) {
    if (is(number, wire_type::bytes))
      value.assign(field_.bytes);
  }
  void operator()(uint32_t number, secret_text& value) {
    if (is(number, wire_type::bytes))
      value.assign(field_.bytes);
  }
  template <class Tag>
  void operator()(uint32_t number, named<Tag>& value) {
    if (is(number, wire_type::bytes))
      value = named<Tag>{std::string{field_.bytes}};
  }
  void operator()(uint32_t number, digest& value) {
    if (!is(number, wire_type::bytes))
      return;
    ok_ = field_.bytes.size() == value.bytes.size();
    if (ok_)
      std::copy(field_.bytes.begin(), field_.bytes.end(), value.bytes.begin());
  }
  void operator()(uint32_t number, string_map& map);
  void operator()(uint32_t number, std::vector<std::string>& items) {
    if (is(number, wire_type::bytes) && element(items))
      items.back().assign(field_.bytes);
  }
  void operator()(uint32_t number, std::vector<uint64_t>& items);
  template <class T>
  void operator()(uint32_t number, std::vector<T>& items) {
    if (is(number, wire_type::bytes) && element(items))
      ok_ = decode_fields(field_.bytes, items.back(), budget_);
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(uint32_t number, T& inner) {
    if (is(number, wire_type::bytes))
      ok_ = decode_fields(field_.bytes, inner, budget_);
  }

private:
  bool is(uint32_t number, wire_type type) const noexcept {
    return field_.number == number && field_.type == type;
  }
  /// Adds one element if the budget allows it. The first reserves for as many
  /// of its size as the parent may still hold.
  template <class T>
  bool element(std::vector<T>& items) {
    ok_ = budget_.take(sizeof(T));
    if (!ok_)
      return false;
    if (items.empty())
      items.reserve(std::min(1 + left_ / (field_.bytes.size() + 2),
                             1 + budget_.left / sizeof(T)));
    items.emplace_back();
    return true;
  }

  const wire_field& field_;
  size_t left_; ///< bytes of the parent behind this field
  decode_budget& budget_;
  bool ok_ = true;
};

template <class T>
bool decode_fields(std::string_view bytes, T& into, decode_budget& budget) {
  clearer clear;
  fields(clear, into);
  wire_reader in{bytes};
  for (wire_field field; in.next(field);) {
    decoder put{field, in.left(), budget};
    fields(put, into);
    if (!put.ok())
      return false;
  }
  return in.ok();
}

inline void decoder::operator()(uint32_t number, string_map& map) {
  if (!is(number, wire_type::bytes))
    return;
  ok_ = budget_.take(sizeof(string_map::value_type) + 48);
  if (!ok_)
    return;
  header entry; // name and value are fields 1 and 2 of a map entry, too
  ok_ = decode_fields(field_.bytes, entry, budget_);
  if (ok_)
    map.insert_or_assign(std::move(entry.name), std::move(entry.value));
}

inline void decoder::operator()(uint32_t number, std::vector<uint64_t>& items) {
  if (is(number, wire_type::varint) && element(items))
    items.back() = field_.value;
  if (!is(number, wire_type::bytes))
    return;
  wire_reader in{field_.bytes};
  for (uint64_t item = 0; in.left() > 0 && ok_;) {
    ok_ = in.varint(item) && budget_.take(sizeof item);
    if (ok_)
      items.push_back(item);
  }
}

} // namespace faas::wire
