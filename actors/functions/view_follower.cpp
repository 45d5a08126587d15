#include "actors/functions/view_follower.hpp"

namespace faas::actors {
namespace {

std::string shown(const revision& at) {
  return std::to_string(at.number) + " of history " + at.history.substr(0, 8);
}

} // namespace

void view_follower::restore(view_ptr last, std::set<function_name> kept) {
  view_ = std::move(last);
  kept_ = std::move(kept);
}

bool view_follower::take(const view_ptr& fresh, time_point now) {
  if (!view_) {
    view_ = fresh;
    taken_ = now;
    return true;
  }
  // A former leader's, which came late. A restored view has no term.
  if (fresh->term != 0 && fresh->term < view_->term)
    return false;
  const bool other = fresh->at.history != view_->at.history;
  if (!other && !is_newer(fresh->at, now))
    return false;
  view_ = merged(fresh, other || went_back_);
  went_back_ = false;
  taken_ = now;
  return true;
}

bool view_follower::is_newer(const revision& at, time_point now) {
  if (at.number >= view_->at.number)
    return true;
  if (went_back_ || (taken_ && now - *taken_ < overtaken))
    return false;
  went_back_ = true;
  news_ = "the controller's catalog is at revision " + shown(at)
          + ", but this node has seen revision "
          + std::to_string(view_->at.number)
          + ": an older copy was restored. This node goes on with what it has "
            "until the catalog is beyond that; deploy again what was lost";
  return false;
}

view_follower::view_ptr view_follower::merged(const view_ptr& fresh,
                                              bool went_back) {
  std::set<function_name> known;
  for (const auto& one : fresh->versions)
    known.insert(one.version.function);
  std::set<function_name> kept;
  std::shared_ptr<cluster_view> made;
  for (const auto& old : view_->versions) {
    const auto& function = old.version.function;
    if (known.contains(function) || !old.nodes.contains(self_)
        || (!went_back && !kept_.contains(function)))
      continue;
    if (!made)
      made = std::make_shared<cluster_view>(*fresh);
    made->versions.push_back(old);
    made->versions.back().nodes = {self_};
    made->versions.back().watched = false;
    if (kept.insert(function).second && !kept_.contains(function))
      news_ += (news_.empty() ? "the controller's catalog went back to revision "
                                  + shown(fresh->at)
                                  + " and does not know what runs here; kept: "
                              : ", ")
               + function.str();
  }
  kept_ = std::move(kept);
  return made ? made : fresh;
}

std::string view_follower::news() {
  return std::exchange(news_, {});
}

} // namespace faas::actors
