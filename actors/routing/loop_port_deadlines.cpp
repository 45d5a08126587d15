// Events that would be late: lighter variants, early refusals.
#include "actors/routing/loop_port.hpp"
#include "libfaas/routing/variants.hpp"

#include <algorithm>
#include <array>

namespace faas::actors {

std::pair<loop_port::local_route*, routing::decision>
loop_port::choose_variant(local_route& mine, const flight& of,
                          time_point now) {
  const auto features = features_of(mine, of.event, now);
  const auto needs = needs_of(of, mine.shared);
  routing::variant_search search{features.deadline_ms};
  std::array<local_route*, routing::max_variants> asked{};
  size_t count = 0;
  for (auto* next = &mine; next != nullptr && count < asked.size();) {
    asked[count++] = next;
    const auto* kept_to = next == &mine ? of.needs.get() : needs.get();
    search.add(choose(*next, of.event, {{}, kept_to}, now));
    const auto& lighter = next->shared->lighter;
    const bool again = std::any_of(
      asked.begin(), asked.begin() + count, [&](const local_route* one) {
        return one->shared->view.name.str() == lighter;
      });
    if (search.settled() || lighter.empty() || again)
      break;
    next = current_route(lighter); // null: it is not deployed
  }
  return {asked[search.best()], search.made()};
}

/// Now rather than too late; nothing has been spent on it.
void loop_port::refuse(local_route& mine, flight&& ready,
                       const routing::decision& made, time_point now) {
  std::array<std::string_view, routing::max_candidates> names;
  const auto& targets = mine.shared->targets;
  for (size_t i = 0; i < made.count && i < mine.shown.size(); ++i)
    names[i] = targets[mine.shown[i]].site.str();
  const auto left = time_left_ms(mine, ready.event, now);
  auto answer = reply::failure(
    routing::refusal(made, left, {names.data(), made.count}));
  if (!mine.refusals)
    mine.refusals = deps_.stats.open(mine.shared->view.name, site_name{"none"});
  ready.stats = mine.refusals;
  ready.stats->decisions[static_cast<size_t>(made.why)].add();
  ready.stats->outcomes[static_cast<size_t>(site_outcome::refused)].add();
  note(mine, ready, made, now);
  if (ready.note != 0)
    notes_.end(ready.note, answer, {decisions::ending::refused, {}, false});
  completion{std::move(ready.owner), ready.owner_token}(std::move(answer));
}

} // namespace faas::actors
