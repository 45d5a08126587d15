// A bounded YAML document with line numbers.
#pragma once

#include "libfaas/core/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faas {

struct yaml_node;
using yaml_ptr = std::shared_ptr<const yaml_node>;

/// A node; aliases share the node they stand for. Maps have unique keys, merge
/// keys (`<<`) are resolved.
struct yaml_node {
  enum class kind : uint8_t { null, scalar, sequence, map };
  struct entry {
    std::string key;
    int line; ///< of the key, from 1
    yaml_ptr value;
  };
  kind type = kind::null;
  int line = 1;
  std::string text;            ///< scalar
  std::vector<yaml_ptr> items; ///< sequence
  std::vector<entry> entries;  ///< map, in the order of the file
  size_t weight = 1;           ///< nodes below, aliases counted in full

  const entry* find(std::string_view key) const noexcept;
};

/// Bounds of one document. Aliases count with all they stand for, so that a
/// "billion laughs" file is refused before anything grows.
struct yaml_bounds {
  size_t nodes = 20'000;
  int depth = 24;
};

/// Parses the first document of the text. Errors (with line): syntax, duplicate
/// key, key that is no scalar, unknown or recursive alias, a bound exceeded.
/// Sets `more` when another document follows.
result<yaml_ptr> parse_yaml(std::string_view text, const yaml_bounds& bounds,
                            bool* more = nullptr);

} // namespace faas
