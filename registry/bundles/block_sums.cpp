#include "registry/bundles/block_sums.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace faas::registry {
namespace {

constexpr size_t bundles_kept = 32;

error changed(const digest& id) {
  return {errc::digest_mismatch,
          "bundle " + id.hex() + " has changed on the disk"};
}

/// Short at the end of the file.
result<std::string> read_at(int fd, uint64_t offset, uint64_t length) {
  std::string bytes(length, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const auto n = ::pread(fd, bytes.data() + done, bytes.size() - done,
                           static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return os_error(errno, "cannot read a packed bundle");
    if (n == 0)
      break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

} // namespace

folder_bundle_store::block_sums::sums
folder_bundle_store::block_sums::known(const digest& id) {
  const std::lock_guard guard{mutex_};
  const auto found = sums_.find(id);
  return found != sums_.end() ? found->second : nullptr;
}

void folder_bundle_store::block_sums::forget(const digest& id) {
  const std::lock_guard guard{mutex_};
  sums_.erase(id);
  order_.remove(id);
}

result<folder_bundle_store::block_sums::sums>
folder_bundle_store::block_sums::learn(const digest& id, int fd,
                                       uint64_t total) {
  auto made = std::make_shared<std::vector<digest>>();
  sha256 whole;
  for (uint64_t at = 0; at < total; at += block_bytes) {
    auto block = read_at(fd, at, std::min(block_bytes, total - at));
    if (!block)
      return block.error();
    whole.update(*block);
    made->push_back(digest_of(*block));
  }
  if (whole.finish() != id)
    return changed(id);
  const std::lock_guard guard{mutex_};
  if (sums_.emplace(id, made).second)
    order_.push_front(id);
  if (order_.size() > bundles_kept) {
    sums_.erase(order_.back());
    order_.pop_back();
  }
  return sums{made};
}

result<std::string> folder_bundle_store::block_sums::read(const digest& id,
                                                          int fd,
                                                          uint64_t total,
                                                          uint64_t offset,
                                                          size_t length) {
  if (offset >= total || length == 0)
    return std::string{};
  auto expected = known(id);
  if (!expected) {
    auto learned = learn(id, fd, total);
    if (!learned)
      return learned.error();
    expected = *learned;
  }
  const auto end = offset + std::min<uint64_t>(length, total - offset);
  const auto first = offset / block_bytes;
  const auto start = first * block_bytes;
  const auto stop = std::min(total, (end + block_bytes - 1) / block_bytes
                                      * block_bytes);
  auto bytes = read_at(fd, start, stop - start);
  if (!bytes)
    return bytes.error();
  for (uint64_t at = 0; at < stop - start; at += block_bytes) {
    const auto number = first + at / block_bytes;
    if (at >= bytes->size() || number >= expected->size()
        || digest_of(std::string_view{*bytes}.substr(at, block_bytes))
             != (*expected)[number])
      return changed(id);
  }
  bytes->erase(0, offset - start);
  bytes->resize(end - offset);
  return bytes;
}

} // namespace faas::registry
