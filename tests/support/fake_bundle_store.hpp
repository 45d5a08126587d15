// A bundle store in memory, for tests of the gateway.
#pragma once

#include "libfaas/ports/bundle_store.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace faas::test {

/// Keeps uploads in memory. A digest is "right" when its first byte equals the
/// number of bytes uploaded modulo 256: enough to test the route.
class fake_bundle_store final : public bundle_store {
public:
  mutable std::mutex mutex;
  std::map<digest, std::string> stored;
  std::map<digest, std::string> parts; ///< of unfinished uploads
  std::map<digest, uint64_t> totals;
  std::set<digest> touched;
  std::optional<error> fail_begin, fail_write, fail_commit;
  std::atomic<int> dropped{0}; ///< uploads destroyed uncommitted

  bool has(const digest& id) const override {
    const auto guard = std::lock_guard{mutex};
    return stored.contains(id);
  }
  result<std::unique_ptr<bundle_upload>> begin(const digest& id) override {
    if (fail_begin)
      return *fail_begin;
    return std::unique_ptr<bundle_upload>{new upload{*this, id, false}};
  }
  result<std::unique_ptr<bundle_upload>>
  resume(const digest& id, uint64_t offset, uint64_t total) override {
    if (fail_begin)
      return *fail_begin;
    const auto guard = std::lock_guard{mutex};
    if (parts[id].size() != offset)
      return error{errc::conflict, "not from there", "ask where"};
    totals[id] = total;
    return std::unique_ptr<bundle_upload>{new upload{*this, id, true}};
  }
  upload_progress progress(const digest& id) override {
    const auto guard = std::lock_guard{mutex};
    const auto at = parts.find(id);
    return at == parts.end() ? upload_progress{}
                             : upload_progress{at->second.size(), totals[id]};
  }
  std::vector<stored_upload> uploads() const override { return {}; }
  size_t expire_uploads(wall_time) override { return 0; }
  std::vector<stored_bundle> list() const override { return {}; }
  void touch(const digest& id, wall_time) override {
    const auto guard = std::lock_guard{mutex};
    touched.insert(id);
  }
  result<std::string> read(const digest& id, uint64_t offset,
                           size_t length) const override {
    const auto guard = std::lock_guard{mutex};
    const auto at = stored.find(id);
    if (at == stored.end())
      return error{errc::not_found, "not in this fake"};
    return at->second.substr(offset, length);
  }
  result<uint64_t> size(const digest& id) const override {
    const auto guard = std::lock_guard{mutex};
    const auto at = stored.find(id);
    if (at == stored.end())
      return error{errc::not_found, "not in this fake"};
    return uint64_t{at->second.size()};
  }
  result<std::filesystem::path> unpack(const digest&) override {
    return error{errc::not_found, "not in this fake"};
  }
  result<void> remove(const digest&) override { return {}; }

private:
  struct upload final : bundle_upload {
    upload(fake_bundle_store& owner, digest id, bool resumed)
      : owner(owner), id(id), resumed(resumed),
        bytes(resumed ? owner.parts[id] : std::string{}) {}
    ~upload() override {
      if (!committed)
        ++owner.dropped;
    }
    result<void> checkpoint() override {
      const auto guard = std::lock_guard{owner.mutex};
      if (resumed)
        owner.parts[id] = bytes;
      return {};
    }
    void discard() override {
      const auto guard = std::lock_guard{owner.mutex};
      owner.parts.erase(id);
    }
    result<void> write(std::string_view more) override {
      if (owner.fail_write)
        return *owner.fail_write;
      bytes += more;
      return {};
    }
    result<void> commit() override {
      if (owner.fail_commit)
        return *owner.fail_commit;
      if (id.bytes[0] != bytes.size() % 256)
        return error{errc::digest_mismatch, "the digest is another one", ""};
      const auto guard = std::lock_guard{owner.mutex};
      owner.stored[id] = bytes;
      owner.parts.erase(id);
      committed = true;
      return {};
    }
    fake_bundle_store& owner;
    digest id;
    bool resumed;
    std::string bytes;
    bool committed = false;
  };
};

} // namespace faas::test
