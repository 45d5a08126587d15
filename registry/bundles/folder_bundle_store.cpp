#include "registry/bundles/folder_bundle_store.hpp"

#include "registry/bundles/block_sums.hpp"
#include "registry/bundles/folder_checker.hpp"
#include "registry/bundles/folder_writer.hpp"
#include "registry/bundles/part_table.hpp"
#include "registry/bundles/store_layout.hpp"
#include "registry/bundles/upload.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::registry {

namespace fs = std::filesystem;

namespace {

error not_here(const digest& id) {
  return {errc::not_found, "bundle " + id.hex() + " is not in the store",
          "upload it"};
}

/// Removes what a process that died left behind.
result<void> clear(file_layer& disk, const fs::path& folder) {
  std::error_code failure;
  for (fs::directory_iterator i{folder, failure}, end; !failure && i != end;
       i.increment(failure))
    if (!disk.remove_tree(i->path()))
      return error{errc::internal, "cannot remove " + i->path().string(),
                   "remove it by hand and start again"};
  if (failure)
    return os_error(failure.value(), "cannot read " + folder.string());
  return {};
}

/// Bytes of all files of a tree.
uint64_t bytes_below(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code failure;
  for (fs::recursive_directory_iterator i{folder, failure}, end;
       !failure && i != end; i.increment(failure)) {
    struct stat info {};
    if (::lstat(i->path().c_str(), &info) == 0 && S_ISREG(info.st_mode))
      bytes += static_cast<uint64_t>(info.st_size);
  }
  return bytes;
}

result<file_handle> open_packed(const fs::path& file, const digest& id) {
  auto handle = open_file(file, O_RDONLY);
  if (!handle && handle.error().code == errc::not_found)
    return not_here(id);
  return handle;
}

} // namespace

folder_bundle_store::folder_bundle_store(std::unique_ptr<layout> opened)
  : layout_(std::move(opened)), parts_(std::make_unique<part_table>(*layout_)),
    sums_(std::make_unique<block_sums>()) {}

folder_bundle_store::~folder_bundle_store() = default;

result<std::unique_ptr<folder_bundle_store>>
folder_bundle_store::open(folder_bundle_options options) {
  options.root = fs::absolute(options.root);
  const auto root = options.root;
  for (const auto name :
       {"packed", "unpacked", "incoming", "unpacking", "damaged"})
    if (auto ok = options.disk->make_private_folder(root / name); !ok)
      return ok.error();
  for (const auto& folder : {root, root.parent_path()})
    if (auto ok = options.disk->sync_folder(folder); !ok)
      return ok.error();
  auto lock
    = file_lock::take(root / "lock", "the bundle store " + root.string());
  if (!lock)
    return lock.error();
  if (auto ok = clear(*options.disk, root / "unpacking"); !ok)
    return ok.error();
  std::unique_ptr<folder_bundle_store> store{new folder_bundle_store{
    std::make_unique<layout>(std::move(options), std::move(*lock))}};
  if (auto ok = store->parts_->find(); !ok)
    return ok.error();
  store->drop_orphans();
  return store;
}

bool folder_bundle_store::has(const digest& id) const {
  struct stat info {};
  return ::stat(layout_->packed(id).c_str(), &info) == 0
         && S_ISREG(info.st_mode);
}

result<std::unique_ptr<bundle_upload>>
folder_bundle_store::begin(const digest& id) {
  return upload::begin(*layout_, id);
}

result<uint64_t> folder_bundle_store::size(const digest& id) const {
  struct stat info {};
  if (::stat(layout_->packed(id).c_str(), &info) != 0)
    return not_here(id);
  return static_cast<uint64_t>(info.st_size);
}

result<std::string> folder_bundle_store::read(const digest& id, uint64_t offset,
                                              size_t length) const {
  auto file = open_packed(layout_->packed(id), id);
  if (!file)
    return file.error();
  struct stat info {};
  if (::fstat(file->get(), &info) != 0)
    return os_error(errno, "cannot read bundle " + id.hex());
  auto bytes = sums_->read(id, file->get(), static_cast<uint64_t>(info.st_size),
                           offset, length);
  if (bytes || bytes.error().code != errc::digest_mismatch)
    return bytes;
  set_aside(id);
  return damaged(id);
}

result<std::unique_ptr<bundle_upload>>
folder_bundle_store::resume(const digest& id, uint64_t offset, uint64_t total) {
  return parts_->resume(id, offset, total);
}

upload_progress folder_bundle_store::progress(const digest& id) {
  return parts_->progress(id);
}

std::vector<stored_upload> folder_bundle_store::uploads() const {
  return parts_->list();
}

size_t folder_bundle_store::expire_uploads(wall_time before) {
  return parts_->expire(before);
}

result<fs::path> folder_bundle_store::unpack(const digest& id) {
  const auto target = layout_->unpacked(id);
  std::error_code ignored;
  if (fs::is_directory(target, ignored)) {
    const auto same = check_unpacked(id);
    if (same)
      return target;
    if (same.error().code != errc::internal)
      return same.error();
    drop_unpacked(id); // the packed bytes are right: unpack them again
  }
  // Two threads may both unpack; the slower one throws its copy away.
  const auto work = layout_->scratch("unpacking", id);
  auto outcome = unpack_into(work, id);
  if (outcome)
    outcome = layout_->disk().rename(work, target);
  if (outcome) {
    ::chmod(target.c_str(), 0555);
    outcome = layout_->disk().sync_folder(target.parent_path());
  } else {
    layout_->disk().remove_tree(work);
    if (outcome.error().code == errc::conflict)
      outcome = {};
  }
  if (!outcome)
    return outcome.error();
  return target;
}

result<void> folder_bundle_store::unpack_into(const fs::path& folder,
                                              const digest& id) const {
  auto file = open_packed(layout_->packed(id), id);
  if (!file)
    return file.error();
  auto writer = folder_writer::create(folder, layout_->options.reserve_bytes);
  if (!writer)
    return writer.error();
  packed_source source{file->get()};
  const auto unpacked
    = read_bundle(source, layout_->options.unpacked, **writer);
  if (!unpacked && unpacked.error().code != errc::bad_bundle)
    return unpacked;
  auto found = source.finish();
  if (!found)
    return found.error();
  if (*found != id) {
    set_aside(id);
    return damaged(id);
  }
  return unpacked ? (*writer)->finish() : unpacked;
}

result<void> folder_bundle_store::check_unpacked(const digest& id) const {
  auto file = open_packed(layout_->packed(id), id);
  if (!file)
    return file.error();
  auto checker = folder_checker::open(layout_->unpacked(id));
  if (!checker)
    return error{errc::internal, checker.error().message};
  packed_source source{file->get()};
  auto same = read_bundle(source, layout_->options.unpacked, **checker);
  auto found = source.finish();
  if (!found)
    return error{errc::unavailable, found.error().message,
                 found.error().next_step};
  if (*found != id) {
    set_aside(id);
    return damaged(id);
  }
  return same ? (*checker)->finish() : same;
}

error folder_bundle_store::damaged(const digest& id) const {
  return {errc::digest_mismatch,
          "bundle " + id.hex() + " has changed on the disk; it was moved to "
            + layout_->damaged(id).string(),
          "check the disk; the bundle is fetched from another node that has "
          "it, else deploy it again: faas-cli up"};
}

void folder_bundle_store::drop_orphans() const {
  std::error_code failure;
  std::vector<fs::path> orphans;
  for (fs::directory_iterator i{layout_->folder("unpacked"), failure}, end;
       !failure && i != end; i.increment(failure))
    if (const auto id = digest::parse(i->path().filename().string());
        !id || !has(*id))
      orphans.push_back(i->path());
  for (const auto& path : orphans)
    layout_->disk().remove_tree(path);
}

void folder_bundle_store::drop_unpacked(const digest& id) const {
  // Out of sight at once, then away.
  const auto work = layout_->scratch("unpacking", id);
  ::chmod(layout_->unpacked(id).c_str(), 0700);
  if (layout_->disk().rename(layout_->unpacked(id), work))
    layout_->disk().remove_tree(work);
}

void folder_bundle_store::set_aside(const digest& id) const {
  const auto packed = layout_->packed(id);
  sums_->forget(id);
  if (!layout_->disk().rename(packed, layout_->damaged(id)))
    (void) layout_->disk().remove_file(packed);
  (void) layout_->disk().sync_folder(packed.parent_path());
  // What was unpacked from it may be wrong as well.
  drop_unpacked(id);
}

result<void> folder_bundle_store::remove(const digest& id) {
  std::error_code ignored;
  const bool unpacked = fs::exists(layout_->unpacked(id), ignored);
  if (unpacked)
    drop_unpacked(id);
  sums_->forget(id);
  auto packed = layout_->disk().remove_file(layout_->packed(id));
  if (!packed)
    return packed.error();
  if (*packed)
    return layout_->disk().sync_folder(layout_->shard(id));
  return unpacked ? result<void>{} : not_here(id);
}

std::vector<stored_bundle> folder_bundle_store::list() const {
  std::vector<stored_bundle> all;
  std::error_code failure;
  for (fs::recursive_directory_iterator i{layout_->folder("packed"), failure},
       end;
       !failure && i != end; i.increment(failure)) {
    const auto id = digest::parse(i->path().stem().stem().string());
    struct stat info {};
    if (!id || ::stat(i->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode))
      continue;
    stored_bundle one;
    one.id = *id;
    one.packed = static_cast<uint64_t>(info.st_size);
    one.unpacked = bytes_below(layout_->unpacked(*id));
    one.used = std::chrono::system_clock::from_time_t(info.st_mtim.tv_sec);
    all.push_back(one);
  }
  return all;
}

void folder_bundle_store::touch(const digest& id, wall_time now) {
  timespec times[2]{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = std::chrono::system_clock::to_time_t(now);
  ::utimensat(AT_FDCWD, layout_->packed(id).c_str(), times, 0);
}

} // namespace faas::registry
