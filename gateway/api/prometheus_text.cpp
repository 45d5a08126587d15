#include "gateway/api/prometheus_text.hpp"

#include <prometheus/text_serializer.h>

#include <limits>
#include <map>

namespace faas::api {
namespace {

using kind = metric_family::kind;

prometheus::MetricType type_of(kind type) noexcept {
  switch (type) {
  case kind::counter:
    return prometheus::MetricType::Counter;
  case kind::gauge:
    return prometheus::MetricType::Gauge;
  case kind::histogram:
    return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void add_buckets(prometheus::ClientMetric::Histogram& to,
                 const metric_family& family, const metric_sample& sample) {
  for (size_t i = 0; i < family.bounds.size(); ++i)
    to.bucket.push_back({sample.buckets[i], family.bounds[i]});
  to.bucket.push_back({sample.count, std::numeric_limits<double>::infinity()});
  to.sample_count = sample.count;
  to.sample_sum = sample.sum;
}

void add(prometheus::MetricFamily& to, const metric_family& family) {
  for (const auto& sample : family.samples) {
    if (family.type == kind::histogram
        && sample.buckets.size() != family.bounds.size())
      continue;
    auto& metric = to.metric.emplace_back();
    for (const auto& [name, value] : sample.labels)
      metric.label.push_back({name, value});
    metric.counter.value = metric.gauge.value = sample.value;
    if (family.type == kind::histogram)
      add_buckets(metric.histogram, family, sample);
  }
}

} // namespace

std::string prometheus_text(const std::vector<metric_family>& families) {
  std::vector<prometheus::MetricFamily> out;
  std::map<std::string, size_t> places;
  for (const auto& family : families) {
    const auto [at, is_new] = places.emplace(family.name, out.size());
    if (is_new)
      out.push_back({family.name, family.help, type_of(family.type), {}});
    add(out[at->second], family);
  }
  return prometheus::TextSerializer{}.prometheus::Serializer::Serialize(out);
}

} // namespace faas::api
