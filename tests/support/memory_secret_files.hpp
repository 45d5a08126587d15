// Files with secrets that are no files, for tests.
#pragma once

#include "libfaas/ports/secrets.hpp"

namespace faas::testing {

class memory_secret_files final : public secret_files {
public:
  std::filesystem::path folder_of(const version_ref& of) const override {
    return "/secrets/" + of.function.str() + "." + std::to_string(of.version);
  }
  result<void> write(const version_ref& of, const secret_name& name,
                     std::string_view value) override {
    if (fail)
      return *fail;
    ++writes;
    files[of][name.str()] = value;
    return {};
  }
  result<secret_text> read(const version_ref& of,
                           const secret_name& name) const override {
    const auto found = files.find(of);
    if (found == files.end() || !found->second.contains(name.str()))
      return error{errc::not_found, "no such file"};
    return secret_text{found->second.at(name.str())};
  }
  void remove(const version_ref& of) override { files.erase(of); }

  std::map<version_ref, string_map> files;
  std::optional<error> fail;
  int writes = 0;
};

} // namespace faas::testing
