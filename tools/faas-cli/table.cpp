#include "tools/faas-cli/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace faas::cli {
namespace {

/// Columns a text takes: bytes that begin a UTF-8 character.
size_t width_of(std::string_view text) noexcept {
  return static_cast<size_t>(std::count_if(
    text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void put_line(std::string& out, const std::vector<std::string>& cells,
              const std::vector<size_t>& widths,
              const std::vector<bool>& right) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string pad(widths[i] - width_of(cells[i]), ' ');
    line += (i ? "  " : "") + (right[i] ? pad + cells[i] : cells[i] + pad);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

std::string format(const char* pattern, int digits, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, digits, value);
  return text;
}

} // namespace

table::table(std::vector<std::string> titles) : titles_(std::move(titles)) {
  for (auto& title : titles_) {
    right_.push_back(title.starts_with('>'));
    if (right_.back())
      title.erase(0, 1);
  }
}

void table::row(std::vector<std::string> cells) {
  cells.resize(titles_.size());
  for (auto& cell : cells)
    cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string table::to_string() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < titles_.size(); ++i) {
    auto width = width_of(titles_[i]);
    for (const auto& row : rows_)
      width = std::max(width, width_of(row[i]));
    widths.push_back(width);
  }
  std::string out;
  put_line(out, titles_, widths, right_);
  for (const auto& row : rows_)
    put_line(out, row, widths, right_);
  return out;
}

std::string short_number(double value) {
  if (!std::isfinite(value))
    return "-";
  const auto size = std::fabs(value);
  if (value == std::floor(value) || size >= 100)
    return format("%.*f", 0, value);
  return format("%.*f", size >= 10 ? 1 : size >= 1 ? 2 : 3, value);
}

std::string short_bytes(double bytes) {
  constexpr const char* units[] = {"B", "KB", "MB", "GB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit < 3; ++unit)
    bytes /= 1000;
  return format("%.*f", bytes < 10 && unit > 0 ? 1 : 0, bytes) + " "
         + units[unit];
}

std::string printable(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return out;
}

} // namespace faas::cli
