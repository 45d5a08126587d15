// A bundle on its way into a folder_bundle_store, all in one go. Internal to
// this folder.
#pragma once

#include "registry/bundles/store_layout.hpp"

#include <optional>

namespace faas::registry {

/// Writes a file in incoming/ and moves it to packed/ when it is verified. Not
/// thread safe. After a failure it only repeats the error.
class folder_bundle_store::upload final : public bundle_upload {
public:
  static result<std::unique_ptr<bundle_upload>> begin(layout& where,
                                                      const digest& id);
  upload(layout& where, const digest& id, std::filesystem::path file,
         file_handle handle);
  ~upload() override;
  result<void> write(std::string_view bytes) override;
  result<void> checkpoint() override { return {}; } // nothing is kept
  void discard() override {
    (void) remember(error{errc::cancelled, "the upload was given up"});
  }
  result<void> commit() override;

private:
  result<void> append(std::string_view bytes);
  result<void> check_space(uint64_t need);
  result<void> verify_and_publish();
  result<void> remember(result<void> outcome);

  layout& layout_;
  digest id_;
  std::filesystem::path file_;
  file_handle handle_;
  uint64_t bytes_ = 0;
  uint64_t checked_ = 0; ///< bytes for which the free space was checked
  std::optional<error> failure_;
  bool done_ = false;
};

} // namespace faas::registry
