#include "actors/predictor/quality_book.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

using routing::accuracy;
using kind = metric_family::kind;

struct measure {
  const char* part; ///< null: the family has no parts
  double accuracy::*field;
  double unit = 1;
};

metric_family family_of(const char* name, const char* help,
                        std::initializer_list<measure> measures,
                        const std::vector<pair_quality>& rows) {
  metric_family family{name, help, kind::gauge, {}, {}};
  for (const auto& row : rows)
    for (const auto& one : measures) {
      metric_sample sample;
      sample.labels = {{"function", row.version.function.str()},
                       {"version", std::to_string(row.version.version)},
                       {"site", row.site.str()}};
      if (one.part != nullptr)
        sample.labels.emplace_back("part", one.part);
      sample.value = one.unit * row.values.*one.field;
      family.samples.push_back(std::move(sample));
    }
  return family;
}

} // namespace

void quality_book::set(std::vector<pair_quality> all) {
  if (all.size() > max_rows) {
    const auto by_events = [](const auto& a, const auto& b) {
      return a.values.events > b.values.events;
    };
    std::nth_element(all.begin(), all.begin() + max_rows, all.end(), by_events);
    all.resize(max_rows);
  }
  const std::lock_guard lock{mutex_};
  rows_ = std::move(all);
}

std::vector<metric_family> quality_book::collect() const {
  std::vector<pair_quality> rows;
  {
    const std::lock_guard lock{mutex_};
    rows = rows_;
  }
  return {
    family_of("petrel_prediction_error_ratio",
              "Mean |predicted - measured| / measured, recent events.",
              {{"service", &accuracy::service_error},
               {"total", &accuracy::total_error}},
              rows),
    family_of("petrel_prediction_coverage",
              "Share of recent events inside their 90 % interval: of the "
              "total the one learned, of the service the filter's own.",
              {{"service", &accuracy::service_coverage},
               {"total", &accuracy::total_coverage}},
              rows),
    family_of("petrel_promises_kept_ratio",
              "Share of recent events that took no longer than promised: "
              "about 0.95.",
              {{nullptr, &accuracy::promises_kept}}, rows),
    family_of("petrel_prediction_nis",
              "Normalised innovation squared, recent: about 1 when the "
              "predictor's uncertainty is right.",
              {{"service", &accuracy::service_nis},
               {"network", &accuracy::network_nis}},
              rows),
    family_of("petrel_unexplained_seconds",
              "How much longer events take than their site and its link account "
              "for, recent; 0: the site's times are believed.",
              {{"service", &accuracy::unexplained_ms, 1e-3}}, rows)};
}

} // namespace faas::actors
