// Probes that a policy asks for itself (Prequal).
#include "actors/routing/loop_inbox.hpp"
#include "actors/routing/loop_port.hpp"

#include <algorithm>
#include <bit>

namespace faas::actors {
namespace {

routing::probe_reply reply_of(const route_target& from, const host_probe& told,
                              time_point asked) {
  auto ms = to_ms(told.lately);
  if (from.via)
    ms += to_ms(duration{from.via->rtt_ns.load(std::memory_order_relaxed)});
  return {from.index, static_cast<double>(told.inside), ms, asked};
}

} // namespace

/// After each choice: which sites are to be asked is the policy's business.
void loop_port::send_probes(local_route& mine, const routing::decision& made,
                            time_point now) {
  if (!made.healthy || std::has_single_bit(made.healthy))
    return; // there is no choice
  for (const auto site : mine.probing->probes(made, random_)) {
    const auto* end = made.sites.data() + made.count;
    const auto at = std::find(made.sites.data(), end, site);
    if (at == end)
      continue;
    const auto position = mine.shown[static_cast<size_t>(at
                                                         - made.sites.data())];
    const auto& target = mine.shared->targets[position];
    if (!target.via) {
      mine.probing->probed(reply_of(target, target.host->probe(), now));
      continue;
    }
    target.via->probe(mine.shared->version,
                      [to = inbox_, of = std::weak_ptr{mine.shared}, position,
                       now](const host_probe& told) {
                        to->probed({of, position, now, told});
                      });
  }
}

void loop_port::probed(const route& of, const routing::probe_reply& seen) {
  auto* mine = local_of(of);
  if (mine != nullptr && mine->probing != nullptr)
    mine->probing->probed(seen);
}

void loop_port::inbox::take_probes() {
  std::vector<answered_probe> all;
  {
    const std::lock_guard lock{mutex_};
    all.swap(probes_);
  }
  for (const auto& one : all)
    if (const auto of = one.of.lock(); of && port_ != nullptr)
      port_->probed(*of,
                    reply_of(of->targets[one.position], one.told, one.asked));
}

} // namespace faas::actors
