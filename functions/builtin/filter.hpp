// WHERE of json-map: which documents go on.
#pragma once

#include "functions/builtin/json_input.hpp"

#include <memory>

namespace faas::builtin {

/// A condition on a document:
///
///   /level >= 3 and (/site == "north" or not /tags/0)
///
/// A comparison is POINTER OP VALUE; OP is == != < <= > >=, VALUE a JSON
/// number, string, true, false, null, or another pointer. A pointer alone is
/// true when there is something other than false and null. A pointer with
/// blanks or one of =!<>() is written as a JSON string: "/a b" == 1. `not`
/// binds tightest, then `and`, then `or`. A comparison with nothing is false,
/// and so is < between values that are not both numbers or both strings.
class filter {
public:
  /// Empty = every document. errc::invalid_argument, naming the place. At most
  /// 4096 characters, 32 nested brackets.
  static result<filter> parse(std::string_view text);
  bool operator()(const json& document) const;

  struct node;

private:
  std::shared_ptr<const node> root_;
};

} // namespace faas::builtin
