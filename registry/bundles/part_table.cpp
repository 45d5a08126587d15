#include "registry/bundles/part_table.hpp"

#include <set>
#include <sys/stat.h>

namespace faas::registry {

namespace fs = std::filesystem;

namespace {

error taken(const digest& id) {
  return {errc::conflict,
          "bundle " + id.hex().substr(0, 12)
            + " is being uploaded by somebody else just now",
          "ask how far it is, and go on from there"};
}

wall_time mtime(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0)
    return {};
  return std::chrono::system_clock::from_time_t(info.st_mtim.tv_sec);
}

} // namespace

result<void> folder_bundle_store::part_table::find() {
  const auto folder = layout_.folder("incoming");
  std::error_code failure;
  std::set<digest> found;
  std::vector<fs::path> others;
  for (fs::directory_iterator i{folder, failure}, end; !failure && i != end;
       i.increment(failure)) {
    const auto& path = i->path();
    const auto id = digest::parse(path.stem().string());
    std::error_code ignored;
    if (id && path.extension() == ".part"
        && fs::exists(layout_.part_log(*id), ignored))
      found.insert(*id);
    else if (!id || path.extension() != ".log"
             || !fs::exists(layout_.part(*id), ignored))
      others.push_back(path);
  }
  if (failure)
    return os_error(failure.value(), "cannot read " + folder.string());
  for (const auto& path : others)
    if (!layout_.disk().remove_tree(path))
      return error{errc::internal, "cannot remove " + path.string(),
                   "remove it by hand and start again"};
  const std::lock_guard guard{mutex_};
  for (const auto& id : found) {
    auto& one = entries_[id];
    struct stat info {};
    if (::stat(layout_.part(id).c_str(), &info) == 0)
      one.last.received = static_cast<uint64_t>(info.st_size);
  }
  return {};
}

result<std::unique_ptr<folder_bundle_store::partial>>
folder_bundle_store::part_table::take(const digest& id) {
  {
    const std::lock_guard guard{mutex_};
    const auto at = entries_.find(id);
    if (at == entries_.end())
      return std::unique_ptr<partial>{};
    if (at->second.busy)
      return taken(id);
    at->second.busy = true;
    if (at->second.part)
      return std::move(at->second.part);
  }
  auto part = partial::recover(layout_, id);
  if (!part || !*part) {
    const std::lock_guard guard{mutex_};
    if (part)
      entries_.erase(id);
    else
      entries_[id].busy = false;
  }
  return part;
}

result<std::unique_ptr<bundle_upload>>
folder_bundle_store::part_table::resume(const digest& id, uint64_t offset,
                                        uint64_t total) {
  if (total == 0 || total > layout_.options.packed_bytes)
    return error{errc::too_large,
                 "a bundle has 1 to "
                   + std::to_string(layout_.options.packed_bytes) + " bytes",
                 "make it smaller, or raise the node's bundle limit"};
  auto part = take(id);
  if (!part)
    return part.error();
  if (*part && ((*part)->received() != offset || (*part)->total() != total)) {
    const auto received = (*part)->received(), announced = (*part)->total();
    give_back(id, std::move(*part), false);
    return error{errc::conflict,
                 std::to_string(received) + " of " + std::to_string(announced)
                   + " bytes of the bundle are here already",
                 "go on from there"};
  }
  if (!*part) {
    if (offset != 0)
      return error{errc::conflict, "nothing of the bundle is here",
                   "send it from its start"};
    {
      const std::lock_guard guard{mutex_};
      if (entries_.size() >= layout_.options.uploads)
        return error{errc::overloaded,
                     std::to_string(entries_.size())
                       + " uploads are unfinished, as many as are kept",
                     "finish one; those that nobody goes on with are removed "
                     "after a day"};
      auto [at, fresh] = entries_.try_emplace(id);
      if (!fresh)
        return taken(id);
      at->second.busy = true;
    }
    part = partial::create(layout_, id, total);
    if (!part) {
      partial::remove(layout_, id);
      give_back(id, nullptr, true);
      return part.error();
    }
  }
  {
    const std::lock_guard guard{mutex_};
    entries_[id].last = {offset, total};
  }
  return std::unique_ptr<bundle_upload>{
    new resumed_upload{*this, id, std::move(*part)}};
}

upload_progress
folder_bundle_store::part_table::progress(const digest& id) {
  auto part = take(id);
  if (part && *part) {
    const upload_progress now{(*part)->received(), (*part)->total()};
    give_back(id, std::move(*part), false);
    return now;
  }
  const std::lock_guard guard{mutex_};
  const auto at = entries_.find(id);
  return at != entries_.end() ? at->second.last : upload_progress{};
}

void folder_bundle_store::part_table::note(const digest& id,
                                           uint64_t received) {
  const std::lock_guard guard{mutex_};
  if (const auto at = entries_.find(id); at != entries_.end())
    at->second.last.received = received;
}

void folder_bundle_store::part_table::give_back(const digest& id,
                                                std::unique_ptr<partial> part,
                                                bool over) {
  const std::lock_guard guard{mutex_};
  const auto at = entries_.find(id);
  if (at == entries_.end())
    return;
  if (over) {
    entries_.erase(at);
    return;
  }
  if (part)
    at->second.last = {part->received(), part->total()};
  at->second.part = std::move(part);
  at->second.busy = false;
}

std::vector<stored_upload> folder_bundle_store::part_table::list() const {
  std::vector<stored_upload> all;
  const std::lock_guard guard{mutex_};
  for (const auto& [id, one] : entries_)
    all.push_back({id, one.last, touched(id)});
  return all;
}

wall_time folder_bundle_store::part_table::touched(const digest& id) const {
  return std::max(mtime(layout_.part(id)), mtime(layout_.part_log(id)));
}

size_t folder_bundle_store::part_table::expire(wall_time before) {
  std::vector<digest> late;
  {
    const std::lock_guard guard{mutex_};
    for (auto& [id, one] : entries_)
      if (!one.busy && touched(id) < before) {
        one.busy = true; // nobody else takes it meanwhile
        one.part.reset();
        late.push_back(id);
      }
  }
  for (const auto& id : late) {
    partial::remove(layout_, id);
    give_back(id, nullptr, true);
  }
  return late.size();
}

// -- resumed_upload -----------------------------------------------------------

folder_bundle_store::resumed_upload::~resumed_upload() {
  if (!over_ && !failure_)
    (void) checkpoint();
  // After a failure memory and disk may differ: the files are read again.
  table_.give_back(id_, failure_ ? nullptr : std::move(part_), over_);
}

result<void>
folder_bundle_store::resumed_upload::remember(result<void> outcome) {
  if (!outcome)
    failure_ = outcome.error();
  return outcome;
}

result<void>
folder_bundle_store::resumed_upload::write(std::string_view bytes) {
  if (failure_)
    return *failure_;
  if (over_)
    return error{errc::internal, "the bundle is complete already"};
  auto written = part_->write(bytes);
  if (written)
    table_.note(id_, part_->received());
  return remember(std::move(written));
}

result<void> folder_bundle_store::resumed_upload::checkpoint() {
  if (failure_)
    return *failure_;
  return over_ ? result<void>{} : remember(part_->checkpoint());
}

void folder_bundle_store::resumed_upload::discard() {
  if (std::exchange(over_, true))
    return;
  part_.reset();
  table_.remove_files(id_);
}

result<void> folder_bundle_store::resumed_upload::commit() {
  if (failure_)
    return *failure_;
  if (over_)
    return {};
  const auto done = part_->commit();
  over_ = done || done.error().code == errc::digest_mismatch
          || done.error().code == errc::bad_bundle;
  if (!done && done.error().code == errc::conflict)
    return done; // bytes are missing; they may still come
  return remember(done);
}

} // namespace faas::registry
