#include "gateway/http/gateway_metrics.hpp"

#include "gateway/api/names.hpp"
#include "gateway/http/loop.hpp"

#include <map>

namespace faas::http {
namespace {

using kind = metric_family::kind;

/// Sums over the loops of one function and status.
struct code_sums {
  uint64_t count = 0, nanoseconds = 0;
  std::array<uint64_t, latency_bounds.size() + 1> buckets{};
};
struct function_sums {
  uint64_t started = 0;
  std::map<uint16_t, code_sums> codes;
};
using sums = std::map<std::string, function_sums>;

void add(function_sums& to, const function_cells& from) {
  to.started += from.started.get();
  for (const auto& cells : from.codes) {
    const auto code = cells.code.load(std::memory_order_relaxed);
    if (code == 0)
      continue;
    auto& sum = to.codes[code];
    sum.count += cells.count.get();
    sum.nanoseconds += cells.nanoseconds.get();
    for (size_t i = 0; i < sum.buckets.size(); ++i)
      sum.buckets[i] += cells.buckets[i].get();
  }
}

metric_sample histogram(const code_sums& sum) {
  metric_sample sample;
  uint64_t below = 0;
  for (size_t i = 0; i < latency_bounds.size(); ++i)
    sample.buckets.push_back(below += sum.buckets[i]);
  // From the buckets, not sum.count: the loops count on meanwhile.
  sample.count = below + sum.buckets.back();
  sample.sum = static_cast<double>(sum.nanoseconds) / 1e9;
  return sample;
}

std::vector<metric_family> function_families(const sums& functions) {
  metric_family seconds{"gateway_functions_seconds",
                        "Function time at the gateway",
                        kind::histogram,
                        {latency_bounds.begin(), latency_bounds.end()},
                        {}};
  metric_family total{"gateway_function_invocation_total",
                      "Function calls answered",
                      kind::counter,
                      {},
                      {}};
  metric_family started{"gateway_function_invocation_started",
                        "Function calls started",
                        kind::counter,
                        {},
                        {}};
  for (const auto& [name, function] : functions) {
    const auto label
      = std::pair{std::string{"function_name"},
                  name + "." + std::string{api::default_namespace}};
    metric_sample sample;
    sample.labels = {label};
    sample.value = static_cast<double>(function.started);
    started.samples.push_back(sample);
    for (const auto& [code, sum] : function.codes) {
      auto observed = histogram(sum);
      observed.labels = {label, {"code", std::to_string(code)}};
      sample.labels = observed.labels;
      sample.value = static_cast<double>(sum.count);
      seconds.samples.push_back(std::move(observed));
      total.samples.push_back(sample);
    }
  }
  return {std::move(seconds), std::move(total), std::move(started)};
}

} // namespace

std::vector<metric_family> gateway_metrics::collect() const {
  sums functions;
  for (const auto& loop : loops_)
    loop->counters().for_each(
      [&](const function_cells& cells) { add(functions[cells.name], cells); });
  auto families = function_families(functions);
  // One sample per loop; `value` reads it.
  const auto family = [&](std::string name, std::string help, kind type,
                          auto value) {
    metric_family made{"petrel_gateway_" + name, std::move(help), type, {}, {}};
    for (size_t i = 0; i < loops_.size(); ++i) {
      metric_sample sample;
      sample.labels = {{"loop", std::to_string(i)}};
      sample.value = static_cast<double>(value(*loops_[i]));
      made.samples.push_back(std::move(sample));
    }
    families.push_back(std::move(made));
  };
  const auto cells = [&](std::string name, std::string help, kind type,
                         cell loop_cells::*which) {
    family(std::move(name), std::move(help), type, [which](const auto& loop) {
      return (loop.counters().*which).get();
    });
  };
  cells("connections", "Open connections", kind::gauge,
        &loop_cells::connections);
  cells("accepted_total", "Connections accepted", kind::counter,
        &loop_cells::accepted);
  cells("received_bytes_total", "Bytes read from clients", kind::counter,
        &loop_cells::bytes_in);
  cells("sent_bytes_total", "Bytes written to clients", kind::counter,
        &loop_cells::bytes_out);
  cells("malformed_total", "Requests that were no valid HTTP", kind::counter,
        &loop_cells::malformed);
  cells("timeouts_total", "Connections closed for slowness", kind::counter,
        &loop_cells::timeouts);
  cells("clients_gone_total", "Clients that left before their answer",
        kind::counter, &loop_cells::clients_gone);
  family("pending", "Events waiting for their answer", kind::gauge,
         [](const auto& loop) { return loop.pending_now(); });
  family("late_answers_total", "Answers that nobody waited for any more",
         kind::counter, [](const auto& loop) { return loop.late(); });
  family("loop_lag_seconds", "How late the loop runs its handlers, smoothed",
         kind::gauge, [](const auto& loop) {
           return static_cast<double>(loop.counters().lag_ns.get()) / 1e9;
         });
  metric_family refused{"petrel_gateway_refused_total",
                        "Connections over the limit",
                        kind::counter,
                        {},
                        {}};
  refused.samples.emplace_back().value = static_cast<double>(refused_.load());
  families.push_back(std::move(refused));
  return families;
}

uint64_t gateway_metrics::invocations(std::string_view function) const {
  function_sums sum;
  for (const auto& loop : loops_)
    loop->counters().for_each([&](const function_cells& cells) {
      if (cells.name == function)
        add(sum, cells);
    });
  uint64_t count = 0;
  for (const auto& [code, codes] : sum.codes)
    count += codes.count;
  return count;
}

} // namespace faas::http
