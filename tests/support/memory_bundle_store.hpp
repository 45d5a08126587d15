// A bundle store without packed files, for tests.
#pragma once

#include "libfaas/ports/bundle_store.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

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

  /// Bytes of an unfinished upload, as a former process left them.
  void put_part(const digest& id, std::string bytes, uint64_t total) {
    const std::lock_guard guard{mutex_};
    parts_[id] = {std::move(bytes), total};
  }

  bool has(const digest& id) const override {
    const std::lock_guard guard{mutex_};
    return packed_.contains(id);
  }
  result<std::unique_ptr<bundle_upload>> begin(const digest& id) override {
    return std::unique_ptr<bundle_upload>{new upload{*this, id, {}, false}};
  }
  result<std::unique_ptr<bundle_upload>>
  resume(const digest& id, uint64_t offset, uint64_t total) override {
    const std::lock_guard guard{mutex_};
    if (busy_.contains(id))
      return error{errc::conflict, "somebody else has it"};
    const auto at = parts_.find(id);
    const auto fresh = at == parts_.end();
    if (fresh ? offset != 0
              : at->second.first.size() != offset || at->second.second != total)
      return error{errc::conflict, "not from there"};
    auto& part = parts_.try_emplace(id, std::string{}, total).first->second;
    busy_.insert(id);
    return std::unique_ptr<bundle_upload>{
      new upload{*this, id, part.first, true}};
  }
  upload_progress progress(const digest& id) override {
    const std::lock_guard guard{mutex_};
    const auto at = parts_.find(id);
    return at == parts_.end()
             ? upload_progress{}
             : upload_progress{at->second.first.size(), at->second.second};
  }
  std::vector<stored_upload> uploads() const override { return {}; }
  size_t expire_uploads(wall_time) override { return 0; }
  std::vector<stored_bundle> list() const override {
    const std::lock_guard guard{mutex_};
    std::vector<stored_bundle> all;
    for (const auto& [id, bytes] : packed_)
      all.push_back({id, bytes.size(), 0, {}});
    return all;
  }
  void touch(const digest&, wall_time) override {}
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
  uint64_t progress_total(const digest& id) const {
    const std::lock_guard guard{mutex_};
    const auto at = parts_.find(id);
    return at == parts_.end() ? 0 : at->second.second;
  }

  static constexpr uint64_t limits_bytes = 64 << 20;

  class upload final : public bundle_upload {
  public:
    upload(memory_bundle_store& store, const digest& id, std::string bytes,
           bool resumed)
      : store_(store), id_(id), bytes_(std::move(bytes)), resumed_(resumed) {}
    ~upload() override {
      (void) checkpoint();
      const std::lock_guard guard{store_.mutex_};
      if (resumed_)
        store_.busy_.erase(id_);
    }
    result<void> checkpoint() override {
      const std::lock_guard guard{store_.mutex_};
      if (const auto at = store_.parts_.find(id_);
          resumed_ && at != store_.parts_.end())
        at->second.first = bytes_;
      return {};
    }
    void discard() override {
      const std::lock_guard guard{store_.mutex_};
      store_.parts_.erase(id_);
    }
    result<void> write(std::string_view bytes) override {
      if (bytes_.size() + bytes.size() > store_.limit)
        return error{errc::too_large, "the bundle is too large"};
      bytes_ += bytes;
      return {};
    }
    result<void> commit() override {
      if (resumed_ && bytes_.size() < store_.progress_total(id_))
        return error{errc::conflict, "bytes are missing"};
      discard();
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
    bool resumed_;
  };

  static error missing(const digest& id) {
    return {errc::not_found, "bundle " + id.hex() + " is not in the store"};
  }

  mutable std::mutex mutex_;
  std::map<digest, std::string> packed_;
  std::map<digest, std::pair<std::string, uint64_t>> parts_;
  std::set<digest> busy_; ///< parts that an upload has
  std::map<digest, std::filesystem::path> folders_;
  std::optional<error> next_;
};

} // namespace faas::testing
