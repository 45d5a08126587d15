// Text tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faas::cli {

/// Columns as wide as their widest cell, two spaces between them; numbers to
/// the right. Control characters in cells become spaces. No spaces at line
/// ends.
class table {
public:
  /// A title that begins with '>' is aligned to the right.
  explicit table(std::vector<std::string> titles);
  void row(std::vector<std::string> cells);
  size_t rows() const noexcept { return rows_.size(); }
  std::string to_string() const;

private:
  std::vector<bool> right_;
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> rows_;
};

/// 3 digits that matter: "12.3", "0.123", "1234".
std::string short_number(double value);
/// "512 B", "1.4 MB".
std::string short_bytes(double bytes);
/// Text without control characters (a gateway's text must not steer the
/// terminal).
std::string printable(std::string_view text);

} // namespace faas::cli
