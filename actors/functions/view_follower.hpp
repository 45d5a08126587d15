// Which views of the cluster a node goes by.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/core/clock.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace faas::actors {

/// Follows the highest term that it has seen, and within it revisions: an older
/// one of the same history is refused. A store that
/// went back (another history, or an older revision that is not just late) takes
/// no function away: what this node runs and the store does not know at all is
/// kept until the store has a function of that name. Pure; not thread safe.
class view_follower {
public:
  /// An older view that comes so long after a newer one was not on its way.
  static constexpr auto overtaken = std::chrono::seconds{10};
  using view_ptr = std::shared_ptr<const cluster_view>;

  explicit view_follower(node_name self = {}) : self_(std::move(self)) {}

  /// What the node goes by; null before the first view.
  const view_ptr& now() const noexcept { return view_; }
  /// Functions that are kept though the store does not know them.
  const std::set<function_name>& kept() const noexcept { return kept_; }

  /// As it was before a restart.
  void restore(view_ptr last, std::set<function_name> kept);
  /// False: refused, nothing has changed.
  bool take(const view_ptr& fresh, time_point now);
  /// What a person should know of it; empty most times. Told once.
  std::string news();

private:
  bool is_newer(const revision& at, time_point now);
  /// `fresh`, and of the present view the versions that are kept.
  view_ptr merged(const view_ptr& fresh, bool went_back);

  node_name self_;
  view_ptr view_;
  std::optional<time_point> taken_; ///< nullopt: before this start
  std::set<function_name> kept_;
  bool went_back_ = false; ///< older revisions of this history were seen
  std::string news_;
};

} // namespace faas::actors
