// What a node's bundles are kept for, and their collection.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas {

/// What collection may do with a bundle.
enum class bundle_fate : uint8_t {
  needed, ///< stays
  recent, ///< somebody asked for it a short while ago: stays for now
  spare,  ///< an older version that is kept: goes only when room is needed
  unused, ///< goes
};
std::string_view name(bundle_fate fate) noexcept;

struct bundle_status {
  digest id;
  uint64_t packed = 0, unpacked = 0; ///< bytes
  wall_time used{};                  ///< last asked for
  bundle_fate fate = bundle_fate::unused;
  std::vector<std::string> users;   ///< "hello:3"
  std::vector<std::string> because; ///< "current version of hello"
  bool removed = false;             ///< by this collection, or by the next
};

struct upload_status {
  digest id;
  uint64_t received = 0, total = 0;
  wall_time used{};
};

struct bundles_status {
  std::vector<bundle_status> bundles; ///< the one used last is in front
  std::vector<upload_status> uploads; ///< unfinished
  uint64_t bytes = 0; ///< of all bundles, before
  uint64_t freed = 0; ///< of those removed
  uint64_t quota = 0; ///< 0: none
};

struct bundles_command {
  enum class action : uint8_t {
    list,     ///< removes nothing, marks nothing
    plan,     ///< marks what collect would remove
    collect,  ///< removes what is unused; spare ones while over the quota
    make_room ///< makes `need` bytes fit into the quota, or removes nothing
  };
  action what = action::list;
  uint64_t need = 0;
};

} // namespace faas
