#include "actors/control/node_desk.hpp"

namespace faas::actors {

result<node_standing> node_desk::carry_out(const node_command& command) {
  auto entry = core_->planned(command);
  if (!entry)
    return entry.error();
  const auto& node = command.node;
  if (command.wanted == node_command::what::remove) {
    if (book_ != nullptr)
      if (auto gone = book_->remove(node); !gone)
        return gone.error();
    core_->forget(node);
    node_standing removed;
    removed.node = node;
    removed.removed = true;
    return removed;
  }
  if (auto kept = keep(node, *entry); !kept)
    return kept.error();
  return core_->standing(node);
}

bool node_desk::end_drains() {
  bool changed = false;
  for (const auto& node : core_->run_dry())
    changed = keep(node, {node_duty::drained, {}}) || changed;
  return changed;
}

result<void> node_desk::refresh() {
  if (book_ == nullptr)
    return {};
  if (auto ok = book_->refresh(); !ok)
    return ok;
  core_->take_duties(book_->entries());
  return {};
}

result<void> node_desk::keep(const node_name& node, const node_entry& entry) {
  if (book_ != nullptr)
    if (auto kept = book_->keep(node, entry); !kept)
      return kept;
  core_->set_duty(node, entry);
  return {};
}

} // namespace faas::actors
