#include "gateway/api/decision_json.hpp"

#include "gateway/api/deployment.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace faas::api {
namespace {

/// The log keeps three digits; more would look exact.
double shown(double ms) {
  if (!(ms > 0))
    return 0;
  const double step
    = std::pow(10, 3 - std::floor(std::log10(ms))); // four digits
  return std::round(ms * step) / step;
}

/// RFC 3339 with milliseconds.
std::string time_text(int64_t us) {
  auto text = rfc3339(wall_of(us)); // ends in Z
  char part[8];
  std::snprintf(part, sizeof part, ".%03d",
                static_cast<int>((us % 1'000'000 + 1'000'000) % 1'000'000
                                 / 1000));
  return text.insert(text.size() - 1, part);
}

nlohmann::json name_at(const decisions::record& one, uint8_t position) {
  return position < one.of->sites.size()
           ? nlohmann::json(one.of->sites[position])
           : nlohmann::json();
}

nlohmann::json site_json(const std::string& name,
                         const decisions::logged_site& site) {
  if (!site.considered)
    return {{"site", name}, {"considered", false}};
  return {{"site", name},
          {"considered", true},
          {"total_ms", shown(site.total())},
          {"network_ms", shown(site.network)},
          {"queue_ms", shown(site.queue)},
          {"service_ms", shown(site.service)},
          {"cold_ms", shown(site.cold)},
          {"overdue_ms", shown(site.overdue)},
          {"deviation_ms", shown(site.deviation)},
          {"doubt_ms", shown(site.doubt)},
          {"imposed_ms", shown(site.imposed)},
          {"in_flight", site.in_flight}};
}

nlohmann::json outcome_of(const decisions::entry& what) {
  return {{"ending", decisions::name(what.how)},
          {"status", what.status},
          {"went_on", what.went_on},
          {"start", decisions::name(what.start)},
          {"total_ms", shown(what.total_ms)},
          {"network_ms", shown(what.network_ms())},
          {"queue_ms", shown(what.queue_ms)},
          {"service_ms", shown(what.service_ms)},
          {"cold_ms", shown(what.cold_ms)}};
}

} // namespace

wall_time wall_of(int64_t us) noexcept {
  // Nanoseconds must fit.
  us = std::clamp<int64_t>(us, 0, 9'000'000'000'000'000);
  return wall_time{std::chrono::duration_cast<wall_time::duration>(
    std::chrono::microseconds{us})};
}

nlohmann::json decision_json(const decisions::record& one) {
  auto sites = nlohmann::json::array();
  for (size_t i = 0; i < one.sites.size(); ++i)
    sites.push_back(site_json(one.of->sites[i], one.sites[i]));
  return {{"call", one.id.to_string()},
          {"time", time_text(one.at_us)},
          {"function", one.of->function},
          {"version", one.of->version},
          {"policy", one.of->policy},
          {"attempt", one.attempt},
          {"size", one.size},
          {"bytes", shown(one.bytes)},
          {"deadline_ms", shown(one.deadline_ms)},
          {"reason", routing::name(one.why)},
          {"propensity", one.propensity},
          {"logged", one.logged},
          {"chosen", name_at(one, one.chosen)},
          {"runner_up", name_at(one, one.runner_up)},
          {"sites", std::move(sites)},
          {"outcome", outcome_of(one)}};
}

nlohmann::json log_json(const decision_log_status& now, nlohmann::json files) {
  return {{"share", now.share},     {"rate", now.per_second},
          {"records", now.records}, {"dropped", now.dropped},
          {"bytes", now.bytes},     {"off", now.off},
          {"segments", std::move(files)}};
}

} // namespace faas::api
