#include "registry/bundles/upload.hpp"

#include "registry/bundles/bundle_reader.hpp"

#include <fcntl.h>

namespace faas::registry {

result<std::unique_ptr<bundle_upload>>
folder_bundle_store::upload::begin(layout& where, const digest& id) {
  auto file = where.scratch("incoming", id);
  auto handle = where.disk().open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!handle)
    return handle.error();
  auto made
    = std::make_unique<upload>(where, id, std::move(file), std::move(*handle));
  if (auto ok = made->check_space(0); !ok)
    return ok.error();
  return std::unique_ptr<bundle_upload>{std::move(made)};
}

folder_bundle_store::upload::upload(layout& where, const digest& id,
                                    std::filesystem::path file,
                                    file_handle handle)
  : layout_(where), id_(id), file_(std::move(file)),
    handle_(std::move(handle)) {}

folder_bundle_store::upload::~upload() {
  if (!done_)
    (void) layout_.disk().remove_file(file_);
}

result<void> folder_bundle_store::upload::remember(result<void> outcome) {
  if (!outcome)
    failure_ = outcome.error();
  return outcome;
}

result<void> folder_bundle_store::upload::check_space(uint64_t need) {
  const auto reserve = layout_.options.reserve_bytes;
  if (reserve == 0 || (checked_ > 0 && bytes_ + need <= checked_))
    return {};
  const auto step = std::max<uint64_t>(need, 16 * limits::mib);
  checked_ = bytes_ + step;
  return check_free_space(layout_.options.root, need, reserve);
}

result<void> folder_bundle_store::upload::write(std::string_view bytes) {
  if (failure_)
    return *failure_;
  if (done_)
    return error{errc::internal, "the bundle is complete already"};
  return remember(append(bytes));
}

result<void> folder_bundle_store::upload::append(std::string_view bytes) {
  const auto limit = layout_.options.packed_bytes;
  if (bytes.size() > limit - bytes_)
    return error{errc::too_large,
                 "the bundle has more than " + std::to_string(limit) + " bytes",
                 "make it smaller, or raise the node's bundle limit"};
  if (auto ok = check_space(bytes.size()); !ok)
    return ok;
  if (auto ok = layout_.disk().write(handle_.get(), bytes, file_); !ok)
    return ok;
  bytes_ += bytes.size();
  return {};
}

result<void> folder_bundle_store::upload::commit() {
  if (failure_)
    return *failure_;
  if (done_)
    return {};
  return remember(verify_and_publish());
}

result<void> folder_bundle_store::upload::verify_and_publish() {
  if (auto ok = publish(layout_, id_, handle_.get(), file_); !ok)
    return ok;
  done_ = true;
  handle_.close();
  return {};
}

result<void> folder_bundle_store::publish(layout& where, const digest& id,
                                          int fd,
                                          const std::filesystem::path& file) {
  packed_source source{fd}; // what is in the file, not what was sent
  bundle_visitor only_check;
  const auto usable
    = read_bundle(source, where.options.unpacked, only_check);
  if (!usable && usable.error().code != errc::bad_bundle)
    return usable;
  const auto found = source.finish();
  if (!found)
    return found.error();
  if (*found != id)
    return error{errc::digest_mismatch,
                 "the bytes received have the digest " + found->hex()
                   + ", announced was " + id.hex(),
                 "upload the bundle again"};
  if (!usable)
    return usable;
  auto& disk = where.disk();
  if (auto ok = disk.sync(fd, file); !ok)
    return ok;
  const auto shard = where.shard(id);
  if (auto ok = disk.make_private_folder(shard); !ok)
    return ok;
  if (auto ok = disk.sync_folder(shard.parent_path()); !ok)
    return ok;
  if (auto ok = disk.rename(file, where.packed(id)); !ok)
    return ok;
  return disk.sync_folder(shard);
}

} // namespace faas::registry
