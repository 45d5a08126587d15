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
  {"petrel_instances", "Instances that exist; none when it left the memory.",
   kind::gauge, [](const host_stats& s) { return double(s.instances); }},
  {"petrel_unloads_total", "Times that it left the memory.", kind::counter,
   [](const host_stats& s) { return double(s.unloads); }},
  {"petrel_failed_loads_total", "Times that it could not come back.",
   kind::counter, [](const host_stats& s) { return double(s.failed_loads); }},
  {"petrel_stuck_threads", "Executor threads lost to calls past their deadline.",
   kind::gauge, [](const host_stats& s) { return double(s.written_off); }},
};

/// What its events found.
void add_starts(metric_family& to, const metric_sample& like,
                const host_stats& stats) {
  const std::pair<const char*, uint64_t> kinds[] = {{"cold", stats.cold_starts},
                                                    {"pool", stats.pool_starts},
                                                    {"warm", stats.warm_starts}};
  for (const auto& [name, count] : kinds) {
    auto sample = like;
    sample.labels.emplace_back("kind", name);
    sample.value = double(count);
    to.samples.push_back(std::move(sample));
  }
}

} // namespace

std::vector<metric_family> host_metrics::collect() const {
  const auto table = board_.table();
  std::vector<metric_family> all;
  for (const auto& one : rules)
    all.push_back({one.name, one.help, one.what, {}, {}});
  metric_family starts{
    "petrel_starts_total",
    "Events that ran, by what they found: cold (waited for code or an "
    "instance), pool (first on an instance made ahead), warm.",
    kind::counter, {}, {}};
  for (const auto& [version, host] : table->hosts) {
    const auto stats = host->stats();
    metric_sample like;
    like.labels = {{"function", version.function.str()},
                   {"version", std::to_string(version.version)},
                   {"site", site_.str()}};
    add_starts(starts, like, stats);
    for (size_t i = 0; i < all.size(); ++i) {
      auto sample = like;
      sample.value = rules[i].read(stats);
      all[i].samples.push_back(std::move(sample));
    }
  }
  all.push_back(std::move(starts));
  return all;
}

} // namespace faas::actors
