// What bulk connections show of themselves.
#include "gateway/tunnel/bulk_desk.hpp"

namespace faas::tunnel {
namespace {

metric_family family(const char* name, const char* help,
                     metric_family::kind type = metric_family::kind::gauge) {
  metric_family made;
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

metric_sample sample(double value,
                     std::vector<std::pair<std::string, std::string>> labels) {
  metric_sample made;
  made.value = value;
  made.labels = std::move(labels);
  return made;
}

double seconds(int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

} // namespace

std::vector<metric_family> bulk_desk::collect() const {
  using kind = metric_family::kind;
  auto bytes = family("petrel_bulk_bytes_total",
                      "Bytes of messages on bulk connections.", kind::counter);
  auto messages = family("petrel_bulk_messages_total",
                         "Messages that came by bulk connections.",
                         kind::counter);
  auto dropped = family("petrel_bulk_dropped_total",
                        "Messages for which there was no connection or no "
                        "room.",
                        kind::counter);
  auto stands = family("petrel_bulk_connections", "Bulk connections now.");
  auto window = family("petrel_bulk_window_bytes",
                       "Bytes of bulk that may be on the way to a peer.");
  auto waiting = family("petrel_bulk_waiting_bytes",
                        "Bytes that wait for a bulk connection.");
  auto queueing = family("petrel_bulk_queueing_seconds",
                         "Time that bulk bytes wait on the path, as seen "
                         "last.");
  const auto all = channels();
  for (const auto& one : all) {
    const auto& gate = *one->gate();
    const std::vector<std::pair<std::string, std::string>> peer{
      {"peer", one->who().identity.node.str()}};
    window.samples.push_back(sample(static_cast<double>(gate.window), peer));
    waiting.samples.push_back(sample(static_cast<double>(gate.waiting), peer));
    queueing.samples.push_back(sample(seconds(gate.queueing_ns), peer));
  }
  bytes.samples = {sample(static_cast<double>(totals_->sent),
                          {{"direction", "sent"}}),
                   sample(static_cast<double>(totals_->received),
                          {{"direction", "received"}})};
  messages.samples = {sample(static_cast<double>(totals_->messages), {})};
  dropped.samples = {sample(static_cast<double>(dropped_), {})};
  stands.samples = {sample(static_cast<double>(all.size()), {})};
  return {std::move(bytes),  std::move(messages), std::move(dropped),
          std::move(stands), std::move(window),   std::move(waiting),
          std::move(queueing)};
}

} // namespace faas::tunnel
