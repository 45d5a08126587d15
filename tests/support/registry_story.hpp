// One sequence of changes of a registry on SQLite, and what must be there after
// each of them: for tests that break it off anywhere.
#pragma once

#include "libfaas/ports/bundle_store.hpp"
#include "libfaas/ports/catalog.hpp"
#include "libfaas/ports/secrets.hpp"
#include "registry/files/file_layer.hpp"

#include <set>

namespace faas::testing {

/// What the pure model says after one acknowledged step.
struct story_moment {
  std::string what; ///< the step that led to it
  catalog_state catalog;
  secrets_state secrets;
  std::set<digest> bundles;
  /// The request of the step, if it has one, and the revision it was told.
  request_id catalog_request, secret_request;
  revision at;
  /// The step was an import: no request of before is remembered.
  bool forgets = false;
};
using story_moments = std::vector<story_moment>;

/// Uploads, deploys, a second version, alias, weights, two changes in one commit,
/// secrets made, changed and removed, a start in between, a rollout by steps,
/// rollback, removal, an import and changes after it. The same in every run, down to histories and requests. In `folder`: catalog.db and
/// secrets.db in data/, bundles in bundles/.
class registry_story {
public:
  explicit registry_story(std::filesystem::path folder,
                          std::shared_ptr<registry::file_layer> disk
                          = std::make_shared<registry::disk>());
  ~registry_story();

  /// Until the end (true) or the first step that fails. `acknowledged` gets the
  /// number of steps done so far, from 0 (the stores are open).
  bool play(const std::function<void(size_t)>& acknowledged = {});
  /// One for each number of steps that were acknowledged.
  const story_moments& moments() const noexcept { return moments_; }

private:
  struct world;
  std::unique_ptr<world> world_;
  story_moments moments_;
};

/// Opens what is in the folder as a restarted node would: empty when the
/// registry is that of a run in which `acknowledged` steps were told as done
/// (or one more), can be changed, and holds no bundle after a collection that
/// nothing needs. Else what is wrong.
std::string check_story(const story_moments& all, size_t acknowledged,
                        const std::filesystem::path& folder);

} // namespace faas::testing
