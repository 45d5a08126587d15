#include "registry/bundles/upload.hpp"

#include "registry/bundles/bundle_reader.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace faas::registry {

result<std::unique_ptr<bundle_upload>>
folder_bundle_store::upload::begin(layout& where, const digest& id) {
  auto file = where.scratch("incoming", id);
  auto handle = open_file(file, O_RDWR | O_CREAT | O_EXCL, 0600);
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
  ::unlink(file_.c_str()); // absent once it is published
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
  if (auto ok = write_all(handle_.get(), bytes, file_); !ok)
    return ok;
  hash_.update(bytes);
  bytes_ += bytes.size();
  return {};
}

result<void> folder_bundle_store::upload::commit() {
  if (failure_)
    return *failure_;
  if (done_)
    return {};
  return remember(publish());
}

result<void> folder_bundle_store::upload::publish() {
  if (const auto found = hash_.finish(); found != id_)
    return error{errc::digest_mismatch,
                 "the bytes received have the digest " + found.hex()
                   + ", announced was " + id_.hex(),
                 "upload the bundle again"};
  packed_source source{handle_.get()};
  bundle_visitor only_check;
  if (auto ok = read_bundle(source, layout_.options.unpacked, only_check); !ok)
    return ok;
  if (::fsync(handle_.get()) != 0)
    return os_error(errno, "cannot sync " + file_.string());
  const auto shard = layout_.shard(id_);
  if (auto ok = make_private_folder(shard); !ok)
    return ok;
  if (auto ok = sync_folder(shard.parent_path()); !ok)
    return ok;
  if (auto ok = rename_file(file_, layout_.packed(id_)); !ok)
    return ok;
  done_ = true;
  handle_.close();
  return sync_folder(shard);
}

} // namespace faas::registry
