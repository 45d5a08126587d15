#include "actors/link/reply_inbox.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace faas::actors {

void reply_inbox::complete(uint64_t ticket, reply&& answer) noexcept {
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    if (!cancelled_.empty())
      cancelled_.erase(ticket);
    first = waiting_.empty();
    waiting_.emplace_back(ticket, std::move(answer));
  }
  if (first)
    if (const auto link = caf::actor_cast<link_actor>(link_))
      caf::anon_send(link, caf::flush_atom::value);
}

bool reply_inbox::wanted(uint64_t ticket) const noexcept {
  const std::lock_guard lock{mutex_};
  return cancelled_.count(ticket) == 0;
}

void reply_inbox::cancel(uint64_t ticket) {
  const std::lock_guard lock{mutex_};
  cancelled_.insert(ticket);
}

std::vector<std::pair<uint64_t, reply>> reply_inbox::take() {
  const std::lock_guard lock{mutex_};
  if (!cancelled_.empty())
    for (const auto& [ticket, answer] : waiting_)
      cancelled_.erase(ticket); // given up after it was answered
  auto taken = std::exchange(waiting_, {});
  waiting_.reserve(taken.size());
  return taken;
}

} // namespace faas::actors
