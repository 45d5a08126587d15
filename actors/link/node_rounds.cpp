#include "actors/link/node_rounds.hpp"

#include <utility>

namespace faas::actors {

std::set<node_name> node_rounds::worth_asking(std::set<node_name> of,
                                              time_point now) const {
  std::erase_if(of, [&](const node_name& node) {
    const auto found = resting_.find(node);
    return found != resting_.end() && now < found->second;
  });
  return of;
}

uint64_t node_rounds::begin(std::set<node_name> to, time_point now,
                            sink done) {
  if (open_.size() >= max_open)
    finish(open_.begin());
  const auto at = open_
                    .emplace(++last_, round{std::move(to), {}, now + patience,
                                            std::move(done)})
                    .first;
  const auto id = at->first;
  if (at->second.waiting.empty())
    finish(at);
  return id;
}

void node_rounds::answered(const node_name& by,
                           const wire::admin_reply& reply) {
  const auto found = open_.find(reply.id);
  if (found == open_.end() || !found->second.waiting.contains(by))
    return;
  resting_.erase(by);
  if (reply.why.code == errc::ok)
    found->second.answers.push_back({by, reply.payload});
  strike(found, by);
}

void node_rounds::left(const node_name& node) {
  resting_.erase(node); // it may come back as another release
  for (auto it = open_.begin(); it != open_.end();)
    strike(it++, node);
}

void node_rounds::expire(time_point now) {
  while (!open_.empty() && now >= open_.begin()->second.until) {
    for (const auto& node : open_.begin()->second.waiting)
      resting_[node] = now + rest;
    finish(open_.begin());
  }
}

void node_rounds::strike(entry at, const node_name& node) {
  at->second.waiting.erase(node);
  if (at->second.waiting.empty())
    finish(at);
}

void node_rounds::finish(entry at) {
  auto ended = std::move(at->second);
  open_.erase(at);
  ended.done(std::move(ended.answers));
}

bool node_questions::answered(const node_name& by,
                              const wire::admin_reply& reply) {
  for (auto* asked : {&logs, &decisions})
    if (asked->is_mine(reply.id)) {
      asked->answered(by, reply);
      return true;
    }
  return false;
}

void node_questions::left(const node_name& node) {
  logs.left(node);
  decisions.left(node);
}

void node_questions::expire(time_point now) {
  logs.expire(now);
  decisions.expire(now);
}

} // namespace faas::actors
