#include "actors/system/census.hpp"

namespace faas::actors {

std::string_view name(actor_kind kind) noexcept {
  static constexpr std::array<std::string_view, actor_kinds> names{
    "supervisor", "controller", "agent",     "function", "lane",
    "link",       "membership", "predictor", "keeper", "vault"};
  return names[static_cast<size_t>(kind)];
}

std::vector<actor_status> census::snapshot() const {
  std::vector<actor_status> all;
  for (size_t i = 0; i < actor_kinds; ++i) {
    const auto& counters = counters_[i];
    actor_status status;
    status.kind = name(static_cast<actor_kind>(i));
    status.alive = counters.alive.load(std::memory_order_relaxed);
    status.messages = counters.handled.value();
    const auto sent = counters.sent.value();
    status.mailbox = sent > status.messages ? sent - status.messages : 0;
    status.restarts = counters.restarts.load(std::memory_order_relaxed);
    all.push_back(std::move(status));
  }
  return all;
}

namespace {

metric_sample
counted(const std::atomic<uint64_t>& value,
        std::vector<std::pair<std::string, std::string>> labels = {}) {
  metric_sample made;
  made.labels = std::move(labels);
  made.value = static_cast<double>(value.load(std::memory_order_relaxed));
  return made;
}

} // namespace

std::vector<metric_family> census::collect() const {
  using kind = metric_family::kind;
  std::vector<metric_family> families{
    {"petrel_actors", "Actors alive, per kind.", kind::gauge, {}, {}},
    {"petrel_actor_mailbox_depth", "Messages sent and not yet handled.",
     kind::gauge, {}, {}},
    {"petrel_actor_messages_total", "Messages handled.", kind::counter, {}, {}},
    {"petrel_actor_restarts_total", "Actors started again after a fault.",
     kind::counter, {}, {}},
  };
  for (const auto& status : snapshot()) {
    const std::vector<std::pair<std::string, std::string>> labels{
      {"kind", status.kind}};
    const double values[] = {
      static_cast<double>(status.alive), static_cast<double>(status.mailbox),
      static_cast<double>(status.messages),
      static_cast<double>(status.restarts)};
    for (size_t i = 0; i < families.size(); ++i) {
      metric_sample sample;
      sample.labels = labels;
      sample.value = values[i];
      families[i].samples.push_back(std::move(sample));
    }
  }
  metric_family late{"petrel_link_suspicions_total",
                     "Times that a peer with work in flight said nothing for "
                     "too long.",
                     kind::counter, {}, {}};
  late.samples.push_back(counted(suspicions));
  families.push_back(std::move(late));
  metric_family probes{"petrel_cpu_probes_total",
                       "CPU probes of sites that were silent: of this node, and "
                       "answers of others.",
                       kind::counter, {}, {}};
  probes.samples.push_back(counted(own_probes, {{"of", "own"}}));
  probes.samples.push_back(counted(peer_probes, {{"of", "peer"}}));
  families.push_back(std::move(probes));
  return families;
}

} // namespace faas::actors
