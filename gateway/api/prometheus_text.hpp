// Metric families as Prometheus text.
#pragma once

#include "libfaas/ports/metrics.hpp"

#include <string>

namespace faas::api {

inline constexpr std::string_view prometheus_content_type
  = "text/plain; version=0.0.4; charset=utf-8";

/// Text format 0.0.4. Families of the same name, from several sources, are
/// joined: a family may appear once only. Samples whose number of buckets does
/// not fit their family are left out.
std::string prometheus_text(const std::vector<metric_family>& families);

} // namespace faas::api
