// Which sites a router has heard nothing of, though events could go there.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/keys.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace faas::routing {

/// A site that was slow and gets no events any more would stay slow in the
/// books: it is asked how fast its CPU is. Only while events come, only where
/// none has told of the site lately, and seldom. Pure; not thread safe.
class silent_sites {
public:
  static constexpr auto silence = std::chrono::milliseconds{500};
  static constexpr auto interest = std::chrono::seconds{30};
  static constexpr auto rest = std::chrono::milliseconds{500};

  /// An event is back from there.
  void event(site_index site, time_point at) {
    if (site == no_site)
      return;
    last_event_ = std::max(last_event_.value_or(at), at);
    auto& told = of(site).told;
    told = std::max(told, at);
  }
  /// It was asked: not again for `rest`, whether it answers or not.
  void asked(site_index site, time_point now) {
    auto& it = of(site);
    it.again = now + rest;
    it.open = true;
  }
  /// It has answered. False: nobody has asked it since the last answer.
  bool answered(site_index site) {
    return to_int(site) < sites_.size()
           && std::exchange(sites_[to_int(site)].open, false);
  }

  bool due(site_index site, time_point now) const noexcept {
    if (!last_event_ || now - *last_event_ > interest)
      return false;
    if (to_int(site) >= sites_.size())
      return true;
    const auto& it = sites_[to_int(site)];
    return now >= it.again && now - it.told >= silence;
  }

private:
  struct state {
    time_point told{}, again{};
    bool open = false; ///< asked, and not answered yet
  };
  state& of(site_index site) {
    if (to_int(site) >= sites_.size())
      sites_.resize(to_int(site) + size_t{1});
    return sites_[to_int(site)];
  }

  std::optional<time_point> last_event_;
  std::vector<state> sites_; ///< by index
};

} // namespace faas::routing
