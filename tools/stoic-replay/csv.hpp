// Tables of comma-separated values without quotes.
#pragma once

#include "libfaas/core/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas::stoic {

/// A table whose first line names the columns. Errors say file, line and
/// column.
class csv_table {
public:
  /// errc::invalid_argument: no header, a column named twice, or a row of
  /// another width.
  static result<csv_table> parse(std::string file, std::string_view text);

  size_t rows() const noexcept { return cells_.size(); }
  /// errc::invalid_argument: no such column.
  result<size_t> column(std::string_view name) const;
  const std::string& text(size_t row, size_t column) const {
    return cells_[row][column];
  }
  /// Empty cell: no number. errc::invalid_argument: not a finite number.
  result<std::optional<double>> number(size_t row, size_t column) const;
  /// As above, and an empty cell is an error.
  result<double> needed(size_t row, size_t column) const;
  /// "file:line: column: what".
  error wrong(size_t row, size_t column, const std::string& what) const;

private:
  std::string file_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> cells_;
};

} // namespace faas::stoic
