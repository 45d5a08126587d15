#include "actors/routing/host_metrics.hpp"

namespace faas::actors {
namespace {

using kind = metric_family::kind;

struct rule {
  const char* name;
  const char* help;
  kind what;
  double (*read)(const host_stats&);
};

constexpr rule rules[] = {
  {"petrel_slots", "Instances that can run events at once.", kind::gauge,
   [](const host_stats& s) { return double(s.slots); }},
  {"petrel_running", "Events that run now.", kind::gauge,
   [](const host_stats& s) { return double(s.running); }},
  {"petrel_queue_depth", "Events that wait for a slot.", kind::gauge,
   [](const host_stats& s) { return double(s.waiting); }},
  {"petrel_refused_total", "Events refused because the queue was full.",
   kind::counter, [](const host_stats& s) { return double(s.refused); }},
  {"petrel_stuck_threads", "Executor threads lost to calls past their deadline.",
   kind::gauge, [](const host_stats& s) { return double(s.written_off); }},
};

} // namespace

std::vector<metric_family> host_metrics::collect() const {
  const auto table = board_.table();
  std::vector<metric_family> all;
  for (const auto& one : rules)
    all.push_back({one.name, one.help, one.what, {}, {}});
  for (const auto& [version, host] : table->hosts) {
    const auto stats = host->stats();
    for (size_t i = 0; i < all.size(); ++i) {
      metric_sample sample;
      sample.labels = {{"function", version.function.str()},
                       {"version", std::to_string(version.version)},
                       {"site", site_.str()}};
      sample.value = rules[i].read(stats);
      all[i].samples.push_back(std::move(sample));
    }
  }
  return all;
}

} // namespace faas::actors
