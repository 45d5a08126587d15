#include "tools/stoic-draws/draws.hpp"

#include "tools/stoic-replay/csv.hpp"

#include <algorithm>
#include <string>

namespace faas::stoic {
namespace {

struct columns {
  size_t world, part, site, images;
  std::array<std::array<size_t, 3>, draw_sites.size()> times;
};

result<columns> columns_of(const csv_table& table) {
  columns found{};
  std::vector<std::pair<std::string, size_t*>> wanted{
    {"world", &found.world},
    {"part", &found.part},
    {"site", &found.site},
    {"images", &found.images}};
  for (size_t s = 0; s < draw_sites.size(); ++s)
    for (size_t i = 0; i < 3; ++i)
      wanted.emplace_back(std::string{draw_sites[s]}
                            + std::array{"_transfer", "_deploy", "_process"}[i],
                          &found.times[s][i]);
  for (const auto& [name, at] : wanted) {
    const auto column = table.column(name);
    if (!column)
      return column.error();
    *at = *column;
  }
  return found;
}

result<void> read_part(const csv_table& table, size_t row, const columns& at,
                       drawn_batch& into) {
  const auto& part = table.text(row, at.part);
  if (part == "deploy")
    into.part = draw_part::deploy;
  else if (part == "set-up")
    into.part = draw_part::set_up;
  else if (part != "main")
    return table.wrong(row, at.part, "no part: deploy, set-up or main");
  const auto& site = table.text(row, at.site);
  const auto found = std::find(draw_sites.begin(), draw_sites.end(), site);
  if (into.part == draw_part::set_up && found == draw_sites.end())
    return table.wrong(row, at.site, "no site: edge, cpu, gpu1 or gpu2");
  if (found != draw_sites.end())
    into.site = static_cast<size_t>(found - draw_sites.begin());
  return {};
}

/// Not negative, and above zero if `some`.
result<double> amount(const csv_table& table, size_t row, size_t column,
                      bool some) {
  auto value = table.needed(row, column);
  if (value && (*value < 0 || (some && *value == 0)))
    return table.wrong(row, column,
                       some ? "has to be above zero" : "is negative");
  return value;
}

result<drawn_batch> read_batch(const csv_table& table, size_t row,
                               const columns& at) {
  drawn_batch made;
  if (auto read = read_part(table, row, at, made); !read)
    return read.error();
  auto images = amount(table, row, at.images, true);
  if (!images)
    return images.error();
  made.images = *images;
  for (size_t s = 0; s < draw_sites.size(); ++s) {
    auto& times = made.times[s];
    double* const into[] = {&times.transfer, &times.deploy, &times.process};
    for (size_t i = 0; i < 3; ++i) {
      auto value = amount(table, row, at.times[s][i], i == 2);
      if (!value)
        return value.error();
      *into[i] = *value;
    }
  }
  return made;
}

} // namespace

result<std::vector<drawn_world>> parse_draws(std::string_view text) {
  const auto table = csv_table::parse("draws", text);
  if (!table)
    return table.error();
  const auto at = columns_of(*table);
  if (!at)
    return at.error();
  std::vector<drawn_world> worlds;
  for (size_t row = 0; row < table->rows(); ++row) {
    const auto number = table->needed(row, at->world);
    if (!number)
      return number.error();
    if (worlds.empty() || worlds.back().number != *number)
      worlds.push_back({*number, {}});
    auto batch = read_batch(*table, row, *at);
    if (!batch)
      return batch.error();
    worlds.back().batches.push_back(*batch);
  }
  return worlds;
}

} // namespace faas::stoic
