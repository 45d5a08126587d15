// The unfinished uploads of a store. Internal to this folder.
#pragma once

#include "registry/bundles/partial.hpp"

#include <map>
#include <mutex>

namespace faas::registry {

/// Who has which unfinished upload. Thread safe.
class folder_bundle_store::part_table {
public:
  explicit part_table(layout& where) : layout_(where) {}

  /// Learns what a former process left in incoming/; removes all else there.
  result<void> find();
  result<std::unique_ptr<bundle_upload>>
  resume(const digest& id, uint64_t offset, uint64_t total);
  upload_progress progress(const digest& id);
  std::vector<stored_upload> list() const;
  size_t expire(wall_time before);
  /// The upload is given back; null: it is over, or its files must be read
  /// again before they are believed.
  void give_back(const digest& id, std::unique_ptr<partial> part, bool over);
  void remove_files(const digest& id) { partial::remove(layout_, id); }
  /// For list(), while it is being written.
  void note(const digest& id, uint64_t received);

private:
  struct entry {
    std::unique_ptr<partial> part; ///< null: busy, or not read yet
    bool busy = false;
    upload_progress last;          ///< as last heard
  };
  /// Takes it for oneself; reads it when a former process left it.
  /// errc::conflict when another has it. Null: there is none.
  result<std::unique_ptr<partial>> take(const digest& id);
  wall_time touched(const digest& id) const;

  layout& layout_;
  mutable std::mutex mutex_;
  std::map<digest, entry> entries_;
};

/// One connection's turn with an unfinished upload.
class folder_bundle_store::resumed_upload final : public bundle_upload {
public:
  resumed_upload(part_table& table, const digest& id,
                 std::unique_ptr<partial> part)
    : table_(table), id_(id), part_(std::move(part)) {}
  ~resumed_upload() override;
  result<void> write(std::string_view bytes) override;
  result<void> checkpoint() override;
  void discard() override;
  result<void> commit() override;

private:
  result<void> remember(result<void> outcome);

  part_table& table_;
  digest id_;
  std::unique_ptr<partial> part_;
  std::optional<error> failure_;
  bool over_ = false; ///< published, or thrown away
};

} // namespace faas::registry
