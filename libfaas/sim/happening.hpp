// What the agenda of a run holds.
#pragma once

#include "libfaas/sim/agenda.hpp"

#include <cstdint>

namespace faas::sim {

enum class step : uint8_t {
  arrival, ///< an event comes, of a stream
  at_site,
  go_on,   ///< a site, that begins what has waited
  served,
  reply,
  second,  ///< the time when a second start of a flight may pay
  tick,
  probe,
  ping,
  leave,   ///< a site, as told before
  crash,   ///< a site
  suspect, ///< its silence is noticed
  join,    ///< it is there (again)
  asked,   ///< a policy's own probe is at the site
  answered ///< its answer is back
};

struct happening {
  step what = step::arrival;
  uint32_t index = 0;   ///< of a flight, stream, site or question
  uint32_t attempt = 0; ///< of a flight
};

using plan_of_run = agenda<happening>;

} // namespace faas::sim
