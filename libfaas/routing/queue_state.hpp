// What is believed of servers that share one queue.
#pragma once

#include "libfaas/routing/fading.hpp"

#include <algorithm>
#include <cstdint>

namespace faas::routing {

/// Time constant of what is usual at a site: own events, other routers' events.
inline constexpr double usual_ms = 5000;

/// Servers at a site that take their events from one queue. Most functions of a
/// site share it; one whose instances are processes of their own, or fewer than
/// the site's threads, has a queue of its own there. Times in ms.
struct queue_state {
  double servers = 1;
  double mean_service_ms = 0; ///< of the events there; 0: none was seen
  double others = 0, others_usual = 0, reported_ms = 0;
  double own = 0, own_usual = 0;
  /// Own events there in the mean, of late. Fades while none comes back: the
  /// burst by which a router begins must not be held against a site for ever.
  double own_load = 0;
  double faded_ms = 0; ///< until when it is faded
  double offered = 0;  ///< load if all events came here that can
  double published_others = 0, published_offered = 0, published_load = 0;

  /// An event left when so many of all routers, and so many own ones, were there
  /// besides. A site tells the former: no more than so many for each server are
  /// believed, and by one report so many more than before.
  void hear(double all_there, double own_there, double now_ms) noexcept {
    constexpr double most_each = 1024, more_each = 32, times_more = 4;
    /// An event tells of its site's load for so long at most.
    constexpr double one_look_ms = 500;
    const double told = std::max(0.0, all_there - own_there);
    const double believed = std::min(
      {told, most_each * servers, times_more * others + more_each * servers});
    const double since = now_ms - reported_ms;
    const double weight = gone_after(std::max(0.0, since) / usual_ms);
    others_usual += weight * (believed - others_usual);
    others = believed;
    own_usual += weight * (own_there - own_usual);
    // One report is one look: the first of a burst must not be taken for usual.
    const double look
      = gone_after(std::clamp(since, 0.0, one_look_ms) / usual_ms);
    own_load += look * (own_there - own_load);
    own = own_there;
    reported_ms = now_ms;
  }
  void worked(double service_ms) noexcept {
    mean_service_ms
      += (mean_service_ms == 0 ? 1 : 0.1) * (service_ms - mean_service_ms);
  }
  void fade(double now_ms) noexcept {
    const double since = std::max(reported_ms, faded_ms);
    if (now_ms > since)
      own_load *= left_after((now_ms - since) / usual_ms);
    faded_ms = now_ms;
  }

  /// How many others come for each own event, at most `routers` - 1.
  double others_per_own(double routers) const noexcept {
    return std::min(routers - 1, others_usual / std::max(own_usual, 0.01));
  }
  /// Usual number of events there, over the servers.
  double load() const noexcept { return (own_load + others_usual) / servers; }
  void shown() noexcept {
    published_others = others;
    published_offered = offered;
    published_load = own_load;
  }
};

} // namespace faas::routing
