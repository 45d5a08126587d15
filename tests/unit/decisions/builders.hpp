// Decisions for tests.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/decisions/record.hpp"
#include "libfaas/decisions/segment_writer.hpp"

namespace faas::test {

inline decisions::context_ptr
three_sites(const std::string& function = "resize") {
  return std::make_shared<decisions::context>(decisions::context{
    function, 3, "min-latency", {"edge-1/cpu", "edge-2/cpu", "cloud-1/cpu"}});
}

/// A decision as they mostly are.
inline decisions::record usual(random_source& random,
                               const decisions::context_ptr& of,
                               int64_t at_us = 1'700'000'000'000'000) {
  decisions::record made;
  made.of = of;
  made.id = call_id::make(random);
  made.at_us = at_us;
  made.bytes = 20'000;
  made.deadline_ms = 9'990;
  made.chosen = 0;
  made.runner_up = 1;
  made.why = routing::reason::best;
  made.total_ms = static_cast<float>(12 + random.uniform());
  made.service_ms = static_cast<float>(11 + random.uniform());
  made.queue_ms = 0.02f;
  for (size_t i = 0; i < of->sites.size(); ++i) {
    decisions::logged_site site;
    site.considered = true;
    site.network = i == 0 ? 0 : static_cast<float>(5 + random.uniform());
    site.queue = i == 0 ? 0.05f : 0;
    site.service = static_cast<float>(11 + 3 * random.uniform());
    site.deviation = static_cast<float>(1 + random.uniform());
    site.doubt = static_cast<float>(0.1 + random.uniform());
    site.in_flight = i == 0 ? 1 : 0;
    made.sites.push_back(site);
  }
  return made;
}

/// One segment with these decisions, `per_block` in each block.
inline std::string segment_of(const std::vector<decisions::record>& all,
                              size_t per_block = 100) {
  decisions::segment_writer writer;
  std::string bytes;
  writer.begin({"edge-1", "0.1.0", 1'700'000'000'000'000}, bytes);
  size_t in_block = 0;
  for (const auto& one : all) {
    writer.add(one, one.of, one.sites);
    if (++in_block % per_block == 0)
      writer.finish_block(bytes);
  }
  writer.finish_block(bytes);
  return bytes;
}

} // namespace faas::test
