// Strong types for names, ids and digests.
#pragma once

#include "libfaas/core/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace faas {

class random_source;

/// A string that is one kind of name and no other. Tag types are never defined.
template <class Tag>
class named {
public:
  named() = default;
  explicit named(std::string text) : text_(std::move(text)) {}
  const std::string& str() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  auto operator<=>(const named&) const = default;

private:
  std::string text_;
};

/// Name of a function, without namespace suffix: see valid_function_name().
using function_name = named<struct function_name_tag>;
/// Name of a node, unique in its cluster: "edge-1".
using node_name = named<struct node_name_tag>;
/// Name of a site: node and execution resource, "edge-1/cpu".
using site_name = named<struct site_name_tag>;
/// Random per process start; tells a restarted node from its former self.
using boot_id = named<struct boot_id_tag>;

/// `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, at most 63 characters (the OpenFaaS
/// rule); also used for node names.
bool valid_function_name(std::string_view text) noexcept;

/// Function and version that an event or an instance is of. Version numbers
/// count from 1 per function; 0 means "whatever the traffic rule says".
struct version_ref {
  function_name function;
  uint32_t version = 0;
  auto operator<=>(const version_ref&) const = default;
};

/// 128 random bits, printed as a UUID. Identifies one event from acceptance to
/// answer, across nodes.
struct call_id {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const call_id&) const = default;

  static call_id make(random_source& random) noexcept;
  /// 8-4-4-4-12 lower-case hex digits.
  std::string to_string() const;
  /// Accepts what to_string() makes (either case).
  static result<call_id> parse(std::string_view text);
};

/// SHA-256 of a bundle. Prints and parses as 64 lower-case hex digits,
/// optionally prefixed by "sha256:".
struct digest {
  std::array<uint8_t, 32> bytes{};
  auto operator<=>(const digest&) const = default;

  std::string hex() const;
  static result<digest> parse(std::string_view text);
};

} // namespace faas

template <class Tag>
struct std::hash<faas::named<Tag>> {
  size_t operator()(const faas::named<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};

template <>
struct std::hash<faas::version_ref> {
  size_t operator()(const faas::version_ref& ref) const noexcept {
    return std::hash<std::string>{}(ref.function.str()) * 31 + ref.version;
  }
};

template <>
struct std::hash<faas::call_id> {
  size_t operator()(const faas::call_id& id) const noexcept {
    return id.low; // random bits already
  }
};
