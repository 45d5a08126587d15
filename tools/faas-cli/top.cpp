#include "tools/faas-cli/top.hpp"

#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace faas::cli {
namespace {

std::string functions_part(const top_picture& p) {
  table t{{"Function", ">Version", ">Ready", ">Running", ">Waiting", ">Calls",
           ">Calls/s"}};
  size_t i = 0;
  for (const auto& f : list_in(p.functions, "functions")) {
    double running = 0, waiting = 0;
    for (const auto& at : placements_of(f)) {
      running += number_at(at, "running");
      waiting += number_at(at, "waiting");
    }
    const auto rate = i < p.rates.size() ? p.rates[i] : -1;
    ++i;
    t.row({text_at(f, "name"), std::to_string(version_of(f)),
           short_number(number_at(f, "availableReplicas")),
           short_number(running), short_number(waiting),
           short_number(number_at(f, "invocationCount")),
           rate < 0 ? "" : short_number(rate)});
  }
  return t.to_string();
}

} // namespace

std::vector<double> rate_meter::update(const json& functions, time_point now) {
  std::vector<double> rates;
  std::map<std::string, double> counts;
  const auto seconds = std::chrono::duration<double>(now - at_).count();
  for (const auto& f : list_in(functions, "functions")) {
    const auto name = text_at(f, "name");
    const auto count = number_at(f, "invocationCount");
    const auto before = counts_.find(name);
    const bool known
      = before != counts_.end() && seconds > 0 && count >= before->second;
    rates.push_back(known ? (count - before->second) / seconds : -1);
    counts[name] = count;
  }
  counts_ = std::move(counts);
  at_ = now;
  return rates;
}

std::vector<std::string> busiest(const json& functions,
                                 const std::vector<double>& rates) {
  struct item {
    double rate, count;
    std::string name;
  };
  std::vector<item> items;
  for (const auto& f : list_in(functions, "functions"))
    items.push_back({items.size() < rates.size() ? rates[items.size()] : -1,
                     number_at(f, "invocationCount"), text_at(f, "name")});
  std::stable_sort(
    items.begin(), items.end(), [](const auto& a, const auto& b) {
      return std::pair{a.rate, a.count} > std::pair{b.rate, b.count};
    });
  std::vector<std::string> names;
  for (const auto& each : items)
    if (names.size() < top_functions)
      names.push_back(each.name);
  return names;
}

std::string render_top(const top_picture& p) {
  auto out = "Petrel at " + printable(p.gateway) + "  " + p.time + "\n\n"
             + node_table(p.nodes) + "\n" + functions_part(p);
  for (const auto& [name, sites] : p.sites)
    out += "\nSites of " + printable(name) + "\n" + site_table(sites);
  return out + "\n" + actor_table(p.actors);
}

} // namespace faas::cli
