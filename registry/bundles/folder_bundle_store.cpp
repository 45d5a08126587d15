#include "registry/bundles/folder_bundle_store.hpp"

#include "registry/bundles/folder_writer.hpp"
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
result<void> clear(const fs::path& folder) {
  std::error_code failure;
  for (fs::directory_iterator i{folder, failure}, end; !failure && i != end;
       i.increment(failure))
    if (!remove_tree(i->path()))
      return error{errc::internal, "cannot remove " + i->path().string(),
                   "remove it by hand and start again"};
  if (failure)
    return os_error(failure.value(), "cannot read " + folder.string());
  return {};
}

result<file_handle> open_packed(const fs::path& file, const digest& id) {
  auto handle = open_file(file, O_RDONLY);
  if (!handle && handle.error().code == errc::not_found)
    return not_here(id);
  return handle;
}

} // namespace

folder_bundle_store::folder_bundle_store(std::unique_ptr<layout> opened)
  : layout_(std::move(opened)) {}

folder_bundle_store::~folder_bundle_store() = default;

result<std::unique_ptr<folder_bundle_store>>
folder_bundle_store::open(folder_bundle_options options) {
  options.root = fs::absolute(options.root);
  const auto root = options.root;
  for (const auto name :
       {"packed", "unpacked", "incoming", "unpacking", "damaged"})
    if (auto ok = make_private_folder(root / name); !ok)
      return ok.error();
  auto lock
    = file_lock::take(root / "lock", "the bundle store " + root.string());
  if (!lock)
    return lock.error();
  for (const auto name : {"incoming", "unpacking"})
    if (auto ok = clear(root / name); !ok)
      return ok.error();
  return std::unique_ptr<folder_bundle_store>{new folder_bundle_store{
    std::make_unique<layout>(std::move(options), std::move(*lock))}};
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
  const auto total = static_cast<uint64_t>(info.st_size);
  if (offset >= total)
    return std::string{};
  std::string bytes(std::min<uint64_t>(length, total - offset), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const auto n
      = ::pread(file->get(), bytes.data() + done, bytes.size() - done,
                static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return os_error(errno, "cannot read bundle " + id.hex());
    if (n == 0)
      break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

result<fs::path> folder_bundle_store::unpack(const digest& id) {
  const auto target = layout_->unpacked(id);
  std::error_code ignored;
  if (fs::is_directory(target, ignored))
    return target;
  // Two threads may both unpack; the slower one throws its copy away.
  const auto work = layout_->scratch("unpacking", id);
  auto outcome = unpack_into(work, id);
  if (outcome && ::rename(work.c_str(), target.c_str()) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST)
      outcome = os_error(errno, "cannot move " + work.string());
    remove_tree(work);
  } else if (outcome) {
    ::chmod(target.c_str(), 0555);
    outcome = sync_folder(target.parent_path());
  } else {
    remove_tree(work);
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
    return error{errc::digest_mismatch,
                 "bundle " + id.hex()
                   + " has changed on the disk; it was "
                     "moved to "
                   + layout_->damaged(id).string(),
                 "check the disk; the bundle will be fetched or must be "
                 "uploaded again"};
  }
  return unpacked ? (*writer)->finish() : unpacked;
}

void folder_bundle_store::set_aside(const digest& id) const {
  const auto packed = layout_->packed(id);
  if (!rename_file(packed, layout_->damaged(id)))
    ::unlink(packed.c_str());
  (void)sync_folder(packed.parent_path());
}

result<void> folder_bundle_store::remove(const digest& id) {
  // Out of sight at once, then away.
  const auto work = layout_->scratch("unpacking", id);
  ::chmod(layout_->unpacked(id).c_str(), 0700);
  const bool unpacked
    = ::rename(layout_->unpacked(id).c_str(), work.c_str()) == 0;
  if (unpacked)
    remove_tree(work);
  if (::unlink(layout_->packed(id).c_str()) == 0)
    return sync_folder(layout_->shard(id));
  if (errno != ENOENT)
    return os_error(errno, "cannot remove bundle " + id.hex());
  return unpacked ? result<void>{} : not_here(id);
}

} // namespace faas::registry
