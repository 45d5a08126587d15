// Bundles and catalogs for tests of decisions about bundles.
#pragma once

#include "libfaas/bundles/collection.hpp"

namespace faas::bundles {

inline digest id_of(uint8_t n) {
  digest made;
  made.bytes[0] = n;
  return made;
}

inline wall_time at(int64_t seconds) {
  return wall_time{std::chrono::seconds{1'700'000'000 + seconds}};
}

/// Function `name` with versions 1..last; version n has bundle base + n.
inline function_record record_of(const std::string& name, uint8_t base,
                                 uint32_t last, uint32_t current) {
  function_record made;
  made.name = function_name{name};
  made.current = current;
  made.last = last;
  for (uint32_t n = 1; n <= last; ++n) {
    function_version version;
    version.number = n;
    version.spec.name = made.name;
    version.bundle = id_of(static_cast<uint8_t>(base + n));
    made.versions[n] = version;
  }
  return made;
}

inline stored_bundle stored(uint8_t n, uint64_t packed, int64_t used,
                            uint64_t unpacked = 0) {
  return {id_of(n), packed, unpacked, at(used)};
}

} // namespace faas::bundles
