#include "functions/process/program_set.hpp"

namespace faas::process {

using clock = std::chrono::steady_clock;

namespace {

/// Between two tries to start a further program.
constexpr auto retry_after = std::chrono::seconds{30};

} // namespace

result<void> program_set::begin() {
  auto made = start_();
  if (!made)
    return made.error();
  const std::lock_guard lock{mutex_};
  places_.front().running = std::move(*made);
  return {};
}

/// With the lock: a running place with room; else one that may be started; else
/// the running one with the fewest instances. The first always runs.
size_t program_set::choose(time_point now) const {
  size_t startable = places_.size(), least = 0;
  for (size_t i = 0; i < places_.size(); ++i) {
    const auto& one = places_[i];
    if (one.running && one.instances < share_)
      return i;
    if (!one.running && now >= one.not_before)
      startable = std::min(startable, i);
    if (one.running && one.instances < places_[least].instances)
      least = i;
  }
  return startable < places_.size() ? startable : least;
}

/// Without the lock; its place is taken by not_before.
void program_set::start(size_t index) {
  std::string why;
  std::shared_ptr<program> made;
  try {
    auto outcome = start_();
    if (outcome)
      made = std::move(*outcome);
    else
      why = outcome.error().message;
  } catch (const std::exception& failed) { // out of memory
    why = failed.what();
  }
  const std::lock_guard lock{mutex_};
  places_[index].running = std::move(made);
  if (!places_[index].running)
    places_[index].not_before = clock::now() + retry_after;
  if (!why.empty() && log_)
    log_("a further program does not start, the others do its work: " + why);
}

std::shared_ptr<program> program_set::take() {
  std::unique_lock lock{mutex_};
  auto index = choose(clock::now());
  if (!places_[index].running) {
    places_[index].not_before = time_point::max();
    lock.unlock();
    start(index);
    lock.lock();
    index = choose(time_point::min()); // nothing more is started
  }
  ++places_[index].instances;
  auto* const its = places_[index].running.get();
  lock.unlock(); // the deleter takes it
  return {its, [self = shared_from_this(), index](program*) {
            self->give(index);
          }};
}

void program_set::give(size_t index) {
  std::shared_ptr<program> ended; // goes without the lock: it takes its time
  const std::lock_guard lock{mutex_};
  auto& at = places_[index];
  if (--at.instances == 0 && index != 0) {
    ended = std::move(at.running);
    at.not_before = {};
  }
}

string_map program_set::facts() const {
  std::vector<std::shared_ptr<program>> running;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& one : places_)
      if (one.running)
        running.push_back(one.running);
  }
  string_map all;
  std::string pids;
  for (const auto& one : running) {
    auto its = one->facts();
    if (const auto pid = its.find("pid"); pid != its.end())
      pids += (pids.empty() ? "" : " ") + pid->second;
    all.merge(std::move(its));
  }
  if (!pids.empty())
    all["pid"] = pids;
  if (places_.size() > 1)
    all["programs"] = std::to_string(running.size()) + " of "
                      + std::to_string(places_.size());
  return all;
}

} // namespace faas::process
