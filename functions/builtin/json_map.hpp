// json-map: leaves out documents and takes fields of the others.
#pragma once

#include "functions/builtin/filter.hpp"
#include "functions/builtin/settings.hpp"

#include <optional>

namespace faas::builtin {

class json_map {
public:
  /// WHERE (see filter) and SELECT ("name: /pointer, other: /a/0"; empty =
  /// whole documents). errc::invalid_argument.
  static result<json_map> make(const settings& from);

  /// The answer in the same framing; nullopt when the body was one document
  /// that does not match. What a pointer does not find is left out.
  result<std::optional<std::string>> run(std::string_view body,
                                         std::string_view content_type,
                                         framing& how) const;

private:
  struct field {
    std::string name;
    pointer from;
  };
  static result<std::vector<field>> parse_select(std::string_view text);

  filter where_;
  std::vector<field> select_;
};

} // namespace faas::builtin
