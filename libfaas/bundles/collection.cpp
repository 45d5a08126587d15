#include "libfaas/bundles/collection.hpp"

#include "libfaas/manifest/units.hpp"

#include <algorithm>

namespace faas::bundles {
namespace {

using action = bundles_command::action;

bundle_status judge(const stored_bundle& stored, const use_map& uses,
                    const std::set<digest>& pinned,
                    const collection_rules& rules, wall_time now) {
  bundle_status status;
  status.id = stored.id;
  status.packed = stored.packed;
  status.unpacked = stored.unpacked;
  status.used = stored.used;
  if (const auto found = uses.find(stored.id); found != uses.end())
    for (const auto& one : found->second) {
      if (std::find(status.users.begin(), status.users.end(), one.user)
          == status.users.end())
        status.users.push_back(one.user);
      status.because.push_back(one.why);
      status.fate = one.spare && status.fate != bundle_fate::needed
                      ? bundle_fate::spare
                      : bundle_fate::needed;
    }
  if (pinned.contains(stored.id)) {
    status.fate = bundle_fate::needed;
    status.because.push_back("in use on this node");
  }
  // A time in the future is that of a clock that was set back.
  if (status.fate != bundle_fate::needed && now - stored.used < rules.recent) {
    status.fate = bundle_fate::recent;
    status.because.push_back("asked for less than "
                             + format_duration(rules.recent) + " ago");
  }
  return status;
}

uint64_t bytes_of(const bundle_status& status) noexcept {
  return status.packed + status.unpacked;
}

std::string mib(uint64_t bytes) {
  return std::to_string((bytes + limits::mib - 1) / limits::mib) + " MiB";
}

/// Marks bundles of that fate, oldest first, until `enough` bytes are freed.
void mark(bundles_status& all, bundle_fate fate, uint64_t enough) {
  for (auto at = all.bundles.rbegin(); at != all.bundles.rend(); ++at)
    if (at->fate == fate && all.freed < enough) {
      at->removed = true;
      all.freed += bytes_of(*at);
    }
}

error no_room(const bundles_status& all, uint64_t used, uint64_t need) {
  return {errc::storage_full,
          "no room for " + mib(need) + " of bundles: of bundles.quota "
            + mib(all.quota) + ", " + mib(used) + " are in use, and only "
            + mib(all.freed) + " of that can be collected",
          "remove functions that nobody needs, or raise bundles.quota; "
          "`faas-cli bundles list` shows what is kept and why"};
}

} // namespace

result<bundles_status> plan_collection(const inventory& store,
                                       const use_map& uses,
                                       const collection_rules& rules,
                                       const bundles_command& command,
                                       wall_time now) {
  bundles_status all;
  all.quota = rules.quota;
  for (const auto& stored : store.bundles) {
    all.bundles.push_back(judge(stored, uses, store.pinned, rules, now));
    all.bytes += stored.bytes();
  }
  std::stable_sort(all.bundles.begin(), all.bundles.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair{b.used, a.id} < std::pair{a.used, b.id};
                   });
  uint64_t used = all.bytes;
  for (const auto& upload : store.uploads) {
    all.uploads.push_back({upload.id, upload.progress.received,
                           upload.progress.total, upload.used});
    used += std::max(upload.progress.total, upload.progress.received);
  }
  const auto wanted = used + command.need;
  const auto excess
    = rules.quota > 0 && wanted > rules.quota ? wanted - rules.quota : 0;
  switch (command.what) {
  case action::list:
    break;
  case action::plan:
  case action::collect:
    mark(all, bundle_fate::unused, UINT64_MAX);
    mark(all, bundle_fate::spare, excess);
    break;
  case action::make_room:
    mark(all, bundle_fate::unused, excess);
    mark(all, bundle_fate::spare, excess);
    if (all.freed < excess)
      return no_room(all, used, command.need);
    break;
  }
  return all;
}

} // namespace faas::bundles
