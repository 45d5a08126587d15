// A bundle store without packed files, for tests.
#pragma once

#include "libfaas/ports/bundle_store.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace faas::testing {

/// Keeps packed bytes in memory and hands out folders that the test made. By
/// default it believes every digest; set `hash` to have it checked. Thread
/// safe as the port demands, except for the public settings.
class memory_bundle_store : public bundle_store {
public:
  /// Largest bundle; more is errc::too_large.
  uint64_t limit = limits_bytes;
  /// Digest of bytes; commit() compares when it is set.
  std::function<digest(std::string_view)> hash;

  /// Stores bytes as if they had been uploaded.
  void put(const digest& id, std::string bytes) {
    const std::lock_guard guard{mutex_};
    packed_[id] = std::move(bytes);
  }
  /// The folder that unpack() gives; the bundle is there, too.
  void put_folder(const digest& id, std::filesystem::path folder) {
    const std::lock_guard guard{mutex_};
    packed_[id];
    folders_[id] = std::move(folder);
  }
  /// Fails the next commit() or unpack() so.
  void fail_next(error failure) {
    const std::lock_guard guard{mutex_};
    next_ = std::move(failure);
  }

  bool has(const digest& id) const override {
    const std::lock_guard guard{mutex_};
    return packed_.contains(id);
  }
  result<std::unique_ptr<bundle_upload>> begin(const digest& id) override {
    return std::unique_ptr<bundle_upload>{new upload{*this, id}};
  }
  result<std::string> read(const digest& id, uint64_t offset,
                           size_t length) const override {
    const std::lock_guard guard{mutex_};
    const auto found = packed_.find(id);
    if (found == packed_.end())
      return missing(id);
    return offset >= found->second.size()
             ? std::string{}
             : found->second.substr(offset, length);
  }
  result<uint64_t> size(const digest& id) const override {
    const std::lock_guard guard{mutex_};
    const auto found = packed_.find(id);
    if (found == packed_.end())
      return missing(id);
    return uint64_t{found->second.size()};
  }
  result<std::filesystem::path> unpack(const digest& id) override {
    const std::lock_guard guard{mutex_};
    if (auto failure = std::exchange(next_, std::nullopt))
      return *failure;
    if (!packed_.contains(id))
      return missing(id);
    const auto found = folders_.find(id);
    if (found == folders_.end())
      return error{errc::bad_bundle, "the test gave no folder for " + id.hex()};
    return found->second;
  }
  result<void> remove(const digest& id) override {
    const std::lock_guard guard{mutex_};
    folders_.erase(id);
    return packed_.erase(id) > 0 ? result<void>{} : missing(id);
  }

private:
  static constexpr uint64_t limits_bytes = 64 << 20;

  class upload final : public bundle_upload {
  public:
    upload(memory_bundle_store& store, const digest& id)
      : store_(store), id_(id) {}
    result<void> write(std::string_view bytes) override {
      if (bytes_.size() + bytes.size() > store_.limit)
        return error{errc::too_large, "the bundle is too large"};
      bytes_ += bytes;
      return {};
    }
    result<void> commit() override {
      if (store_.hash && store_.hash(bytes_) != id_)
        return error{errc::digest_mismatch, "the bytes have another digest"};
      const std::lock_guard guard{store_.mutex_};
      if (auto failure = std::exchange(store_.next_, std::nullopt))
        return *failure;
      store_.packed_[id_] = std::move(bytes_);
      return {};
    }

  private:
    memory_bundle_store& store_;
    digest id_;
    std::string bytes_;
  };

  static error missing(const digest& id) {
    return {errc::not_found, "bundle " + id.hex() + " is not in the store"};
  }

  mutable std::mutex mutex_;
  std::map<digest, std::string> packed_;
  std::map<digest, std::filesystem::path> folders_;
  std::optional<error> next_;
};

} // namespace faas::testing
