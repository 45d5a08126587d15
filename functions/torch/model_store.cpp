#include "functions/torch/model_store.hpp"

namespace faas::torch_runtime {

using clock = std::chrono::steady_clock;

model_lease::~model_lease() {
  store_->release(key_, what_);
}

void model_lease::arrived(size_t events) const noexcept {
  store_->arrived(key_, events);
}

result<std::unique_ptr<model_lease>>
model_store::get(const std::string& key, uint64_t bytes, const loader& load) {
  std::optional<trial_finding> found;
  {
    const std::lock_guard lock{mutex_};
    if (const auto there = models_.find(key); there != models_.end())
      return lease(key, there->second);
    if (const auto* finding = known(key))
      found = *finding;
  }
  const auto began = clock::now();
  auto loaded = load(found ? &*found : nullptr);
  if (!loaded)
    return loaded.error();
  auto made = std::make_shared<const loaded_model>(*std::move(loaded));
  const auto now = clock::now();
  dropped old; // destroyed after the lock
  const std::lock_guard lock{mutex_};
  remember(key, *made);
  if (const auto there = models_.find(key); there != models_.end())
    return lease(key, there->second); // another thread was faster
  old = make_room(bytes, now);
  if (!cache_.add(key, bytes, now - began, now))
    return std::make_unique<model_lease>(shared_from_this(), std::string{},
                                         std::move(made));
  auto& mine = models_[key];
  mine.what = std::move(made);
  return lease(key, mine);
}

std::unique_ptr<model_lease> model_store::lease(const std::string& key,
                                                entry& of) {
  auto made
    = std::make_unique<model_lease>(shared_from_this(), key, of.what);
  ++of.users;
  cache_.pin(key);
  return made;
}

const trial_finding* model_store::known(const std::string& key) const {
  const auto found = findings_.find(key);
  return found == findings_.end() ? nullptr : &found->second;
}

void model_store::remember(const std::string& key, const loaded_model& what) {
  if (!findings_.contains(key)) {
    oldest_.push_back(key);
    if (oldest_.size() > most_findings) {
      findings_.erase(oldest_.front());
      oldest_.pop_front();
    }
  }
  auto& finding = findings_[key];
  finding = {what.cpu.chosen.layout(), what.cpu.points, what.cpu.compared,
             what.cpu.step, std::nullopt};
  if (what.gpu.chosen)
    finding.gpu = trial_finding::on_gpu{what.gpu.chosen->layout(),
                                        what.gpu.points, what.gpu.step};
}

model_store::dropped model_store::make_room(uint64_t bytes, time_point now) {
  dropped old;
  const auto room = cache_.room_for(bytes, now);
  if (!room)
    return old;
  for (const auto& key : *room) {
    cache_.remove(key);
    const auto found = models_.find(key);
    old.push_back(std::move(found->second.what));
    models_.erase(found);
  }
  return old;
}

void model_store::release(
  const std::string& key,
  const std::shared_ptr<const loaded_model>& what) noexcept {
  const std::lock_guard lock{mutex_};
  const auto found = models_.find(key);
  if (found == models_.end() || found->second.what != what)
    return; // it was not kept
  --found->second.users;
  cache_.unpin(key);
}

void model_store::arrived(const std::string& key, size_t events) noexcept {
  const std::lock_guard lock{mutex_};
  cache_.arrived(key, events, clock::now());
}

model_store::totals model_store::now() const {
  const std::lock_guard lock{mutex_};
  totals all{models_.size(), 0, cache_.used(), cache_.capacity()};
  for (const auto& [key, one] : models_)
    all.in_use += one.users > 0 ? 1 : 0;
  return all;
}

} // namespace faas::torch_runtime
