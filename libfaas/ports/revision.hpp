// Which state of a store.
#pragma once

#include <cstdint>
#include <string>

namespace faas {

/// Number of a change within one history of the catalog. A restored store
/// starts a new history, so that it is never taken for the old one.
struct revision {
  std::string history;
  uint64_t number = 0;
  bool operator==(const revision&) const = default;
};

} // namespace faas
