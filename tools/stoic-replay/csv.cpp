#include "tools/stoic-replay/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace faas::stoic {
namespace {

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (true) {
    const auto to = text.find(by, from);
    parts.emplace_back(text.substr(from, to - from));
    if (to == std::string_view::npos)
      return parts;
    from = to + 1;
  }
}

} // namespace

result<csv_table> csv_table::parse(std::string file, std::string_view text) {
  csv_table made;
  made.file_ = std::move(file);
  size_t number = 0;
  for (auto& line : split(text, '\n')) {
    ++number;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    const auto where = made.file_ + ":" + std::to_string(number) + ": ";
    if (line.empty()) {
      if (number == 1)
        return error{errc::invalid_argument, where + "no names of columns"};
      continue;
    }
    auto cells = split(line, ',');
    if (number == 1) {
      made.header_ = std::move(cells);
      auto sorted = made.header_;
      std::sort(sorted.begin(), sorted.end());
      const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
      if (twice != sorted.end())
        return error{errc::invalid_argument,
                     where + "column " + *twice + " is there twice"};
      continue;
    }
    if (cells.size() != made.header_.size() || number != made.rows() + 2)
      return error{errc::invalid_argument,
                   where + std::to_string(cells.size()) + " cells, not "
                     + std::to_string(made.header_.size())
                     + ", or an empty line before"};
    made.cells_.push_back(std::move(cells));
  }
  return made;
}

result<size_t> csv_table::column(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end())
    return error{errc::invalid_argument,
                 file_ + ":1: no column " + std::string{name}};
  return static_cast<size_t>(found - header_.begin());
}

error csv_table::wrong(size_t row, size_t column,
                       const std::string& what) const {
  return {errc::invalid_argument, file_ + ":" + std::to_string(row + 2) + ": "
                                    + header_[column] + ": " + what};
}

result<std::optional<double>> csv_table::number(size_t row,
                                                size_t column) const {
  const auto& cell = text(row, column);
  if (cell.empty())
    return std::optional<double>{};
  double value = 0;
  const auto end = cell.data() + cell.size();
  const auto read = std::from_chars(cell.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(value))
    return wrong(row, column, "\"" + cell + "\" is not a number");
  return std::optional<double>{value};
}

result<double> csv_table::needed(size_t row, size_t column) const {
  const auto value = number(row, column);
  if (!value)
    return value.error();
  if (!*value)
    return wrong(row, column, "is empty");
  return **value;
}

} // namespace faas::stoic
