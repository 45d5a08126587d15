// Which secrets a version shall have and which it has.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/ports/secret_folder.hpp"

#include <memory>

namespace faas::actors {

/// Pure; not thread safe.
class version_secrets {
public:
  version_secrets() = default;
  /// `names`: of the manifest; `stamps`: of those that exist.
  version_secrets(std::vector<std::string> names, string_map stamps)
    : names_(names.begin(), names.end()), wanted_(std::move(stamps)) {}

  const string_map& wanted() const noexcept { return wanted_; }
  void want(string_map stamps) { wanted_ = std::move(stamps); }

  /// Whether all that the manifest names exist.
  bool complete() const { return missing().empty(); }
  error what_is_missing() const {
    return {errc::not_found, "secret " + missing() + " does not exist",
            "make it: faas-cli secret create NAME"};
  }
  bool up_to_date() const { return has_ == wanted_; }

  /// The files are there. Names of those that had another value before.
  std::vector<std::string> got(const string_map& stamps,
                               const std::filesystem::path& folder) {
    if (!folder_)
      folder_ = std::make_shared<secret_folder>(folder, names_);
    std::vector<std::string> changed;
    for (const auto& [name, stamp] : stamps)
      if (const auto old = has_.find(name);
          old == has_.end() || old->second != stamp)
        changed.push_back(name);
    has_ = stamps;
    return changed;
  }
  /// Instances learn of them before their next event.
  void tell(const std::vector<std::string>& changed) {
    for (const auto& name : changed)
      folder_->changed(name);
  }
  /// For instances; null when there are no secrets.
  std::shared_ptr<const secret_folder> folder() const { return folder_; }

private:
  std::string missing() const {
    std::string all;
    for (const auto& name : names_)
      if (!wanted_.contains(name))
        all += (all.empty() ? "'" : "', '") + name;
    return all.empty() ? all : all + "'";
  }

  std::set<std::string> names_;
  string_map wanted_, has_;
  std::shared_ptr<secret_folder> folder_;
};

} // namespace faas::actors
