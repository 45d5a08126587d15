#include "tests/support/registry_story.hpp"

#include "libfaas/bundles/collection.hpp"
#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/bundles/sha256.hpp"
#include "registry/sqlite/sqlite_catalog.hpp"
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_secrets.hpp"
#include "tests/support/tar_builder.hpp"

namespace faas::testing {

namespace fs = std::filesystem;
using namespace registry;

namespace {

const wall_time noon{std::chrono::hours{12}};
/// When nothing that was stored now is recent any more.
const wall_time far_ahead{std::chrono::hours{24 * 365 * 200}};
const plain_sealer sealer;

std::string bundle_bytes(uint64_t seed) {
  random_source random{seed};
  std::string noise(2000, '\0');
  for (auto& c : noise)
    c = static_cast<char>(random.below(256));
  return zstd_packed(tar_builder{}.file("libf.so", noise).tar());
}

struct stores {
  std::unique_ptr<bundle_store> bundles;
  std::unique_ptr<catalog_store> catalog;
  std::unique_ptr<secret_store> secrets;
};

result<stores> open_stores(const fs::path& folder,
                           std::shared_ptr<file_layer> disk) {
  stores made;
  folder_bundle_options for_bundles;
  for_bundles.root = folder / "bundles";
  for_bundles.disk = std::move(disk);
  auto bundles = folder_bundle_store::open(for_bundles);
  if (!bundles)
    return bundles.error();
  made.bundles = std::move(*bundles);
  // Histories must be the same in every run.
  random_source for_catalog{7}, for_secrets{8};
  auto catalog
    = sqlite_catalog::open({folder / "data/catalog.db"}, for_catalog);
  if (!catalog)
    return catalog.error();
  made.catalog = std::move(*catalog);
  sqlite_secrets_options options;
  options.file = folder / "data/secrets.db";
  auto secrets = sqlite_secrets::open(options, for_secrets);
  if (!secrets)
    return secrets.error();
  made.secrets = std::move(*secrets);
  return made;
}

} // namespace

struct registry_story::world {
  fs::path folder;
  std::shared_ptr<file_layer> disk;
  stores open;
  story_moment now;

  bool reopen() {
    open = {};
    auto made = open_stores(folder, disk);
    if (!made)
      return false;
    open = std::move(*made);
    return true;
  }
  bool begin() {
    if (!reopen())
      return false;
    auto catalog = open.catalog->load();
    auto secrets = open.secrets->load();
    if (!catalog || !secrets)
      return false;
    now.catalog = std::move(*catalog);
    now.secrets = std::move(*secrets);
    return true;
  }
  request_id next_request() const {
    return request_id{"s" + std::to_string(now.catalog.at.number) + "-"
                      + std::to_string(now.secrets.at.number)};
  }
  bool upload(uint64_t seed) {
    const auto bytes = bundle_bytes(seed);
    const auto id = digest_of(bytes);
    auto upload = open.bundles->begin(id);
    if (!upload || !(*upload)->write(bytes) || !(*upload)->commit())
      return false;
    now.bundles.insert(id);
    return true;
  }
  template <class... More>
  bool change(const auto& command, More... more) {
    const auto planned = plan(now.catalog, command, more...);
    if (!planned || !open.catalog->commit(*planned))
      return false;
    apply(now.catalog, *planned);
    now.catalog_request = planned->request;
    now.at = planned->outcome.at;
    return true;
  }
  deploy_command deploy_command_of(const std::string& name,
                                   uint64_t seed) const {
    auto command = deploy_of(name, 0, next_request().str());
    command.bundle = digest_of(bundle_bytes(seed));
    command.spec.labels["bundle"] = std::to_string(seed);
    return command;
  }
  bool deploy(const std::string& name, uint64_t seed, bool steps = false) {
    auto command = deploy_command_of(name, seed);
    if (steps)
      command.spec.petrel.rollout = {{10, 50}, std::chrono::seconds{5}};
    return change(command, noon);
  }
  /// Two changes in one commit: both or none.
  bool alias_and_deploy(const alias_command& alias, const std::string& name,
                        uint64_t seed) {
    auto next = now.catalog;
    std::vector<catalog_change> changes;
    const auto add = [&](const result<catalog_change>& planned) {
      if (!planned)
        return false;
      apply(next, *planned);
      changes.push_back(*planned);
      return true;
    };
    if (!add(plan(next, alias))
        || !add(plan(next, deploy_command_of(name, seed), noon))
        || !open.catalog->commit(changes))
      return false;
    now.catalog = std::move(next);
    now.catalog_request = changes.back().request;
    now.at = changes.back().outcome.at;
    return true;
  }
  bool keep(const result<secret_change>& planned) {
    if (!planned || !open.secrets->commit(*planned))
      return false;
    apply(now.secrets, *planned);
    now.secret_request = planned->request;
    now.at = planned->outcome.at;
    return true;
  }
  bool put(const std::string& name, size_t bytes) {
    return keep(plan(now.secrets,
                     put_secret_command{next_request(), secret_name{name},
                                        secret_text{std::string(bytes, 'v')},
                                        {},
                                        "ada"},
                     sealer, noon));
  }
  /// One function and one secret in the place of all: three commits, of which
  /// the second decides.
  bool import() {
    catalog_state catalog;
    catalog.at = {"imported", now.catalog.at.number + 1};
    auto command = deploy_command_of("i", 1);
    apply(catalog, *plan(catalog, command, noon));
    secrets_state secrets;
    secrets.at = {"imported", now.secrets.at.number + 1};
    secrets.secrets[secret_name{"brought"}]
      = *sealer.seal(secret_name{"brought"}, 1, std::string(5000, 'b'));
    const request_id request{"import"};
    if (!open.secrets->stage(secrets)
        || !open.catalog->replace(catalog, request)
        || !open.secrets->settle("imported"))
      return false;
    now.catalog = std::move(catalog);
    now.secrets = std::move(secrets);
    now.catalog_request = request;
    now.at = now.catalog.at;
    now.forgets = true;
    return true;
  }
  bool remove_secret(const std::string& name) {
    return keep(plan(
      now.secrets,
      remove_secret_command{next_request(), secret_name{name}, "ada"}, {}));
  }
};

registry_story::registry_story(fs::path folder,
                               std::shared_ptr<file_layer> disk)
  : world_(std::make_unique<world>()) {
  world_->folder = std::move(folder);
  world_->disk = std::move(disk);
}

registry_story::~registry_story() = default;

namespace {

struct named_step {
  const char* what;
  std::function<bool()> run;
};

} // namespace

bool registry_story::play(const std::function<void(size_t)>& acknowledged) {
  auto& w = *world_;
  const function_name f{"f"};
  const std::vector<named_step> steps{
    {"open", [&] { return w.begin(); }},
    {"upload 1", [&] { return w.upload(1); }},
    {"deploy f:1", [&] { return w.deploy("f", 1); }},
    {"create secret", [&] { return w.put("key", 300); }},
    {"upload 2", [&] { return w.upload(2); }},
    {"deploy f:2", [&] { return w.deploy("f", 2); }},
    {"alias", [&] {
       return w.change(alias_command{w.next_request(), f, "prod", 1, "ada"});
     }},
    {"weights", [&] {
       return w.change(
         traffic_command{w.next_request(), f, {{1, 30}, {2, 70}}, "ada"});
     }},
    {"two at once", [&] {
       return w.alias_and_deploy({{}, f, "blue", 1, "ada"}, "h", 1);
     }},
    {"update secret", [&] { return w.put("key", 9000); }},
    {"start again", [&] { return w.reopen(); }},
    {"upload 3", [&] { return w.upload(3); }},
    {"canary f:3", [&] { return w.deploy("f", 3, true); }},
    {"next step", [&] {
       return w.change(advance_command{w.next_request(), f, 3,
                                       rollout::phase::stepping, 1, ""},
                       noon);
     }},
    {"rollback", [&] {
       return w.change(rollback_command{w.next_request(), f, 1, "ada"});
     }},
    {"second secret", [&] { return w.put("other", 10); }},
    {"remove secret", [&] { return w.remove_secret("key"); }},
    {"deploy g:1", [&] { return w.deploy("g", 3); }},
    {"remove g",
     [&] { return w.change(remove_of("g", w.next_request().str())); }},
    {"import", [&] { return w.import(); }},
    {"deploy i:2", [&] { return w.deploy("i", 2); }},
    {"secret after it", [&] { return w.put("brought", 20); }},
    {"close", [&] {
       w.open = {};
       return true;
     }}};
  for (const auto& [what, run] : steps) {
    w.now.catalog_request = w.now.secret_request = request_id{};
    w.now.forgets = false;
    w.now.what = what;
    if (!run())
      return false;
    moments_.push_back(w.now);
    if (acknowledged)
      acknowledged(moments_.size() - 1);
  }
  return true;
}

namespace {

/// Index of the moment that is found, or nothing.
std::optional<size_t> find_moment(const story_moments& all, size_t from,
                                  const catalog_state& catalog,
                                  const secrets_state& secrets) {
  for (auto i = from; i <= from + 1 && i < all.size(); ++i)
    if (all[i].catalog == catalog && all[i].secrets == secrets)
      return i;
  return std::nullopt;
}

std::string check_requests(const story_moments& all, size_t found,
                           stores& open) {
  size_t since = 0;
  for (size_t i = 0; i <= found; ++i)
    if (all[i].forgets)
      since = i;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& moment = all[i];
    const bool must = i >= since && i <= found;
    if (!moment.catalog_request.empty()) {
      const auto was = open.catalog->outcome_of(moment.catalog_request);
      if (!was || was->has_value() != must
          || (must && (*was)->at != moment.at))
        return "the request of \"" + moment.what + "\" is remembered wrongly";
    }
    if (!moment.secret_request.empty()) {
      const auto was = open.secrets->outcome_of(moment.secret_request);
      if (!was || was->has_value() != must
          || (must && (*was)->at != moment.at))
        return "the request of \"" + moment.what + "\" is remembered wrongly";
    }
  }
  return {};
}

/// Versions have their bundles, whole; a collection leaves no other.
std::string check_bundles(const story_moment& moment, stores& open) {
  for (const auto& id : moment.bundles) {
    auto size = open.bundles->size(id);
    if (!size || !open.bundles->read(id, 0, *size))
      return "a bundle that was acknowledged is not there";
  }
  open.bundles->expire_uploads(wall_time::max());
  const auto uses = bundles::uses_of(moment.catalog, {});
  bundles::collection_rules rules;
  rules.recent = {};
  auto status = bundles::plan_collection(
    {open.bundles->list(), open.bundles->uploads(), {}}, uses, rules,
    {bundles_command::action::collect, 0}, far_ahead);
  if (!status)
    return status.error().to_string();
  for (const auto& one : status->bundles)
    if (one.removed && !open.bundles->remove(one.id))
      return "an unused bundle cannot be removed";
  for (const auto& [id, why] : uses)
    if (!open.bundles->has(id))
      return "the bundle of " + why.front().user + " is gone";
  return open.bundles->list().size() == uses.size()
             && open.bundles->uploads().empty()
           ? ""
           : "an orphan is left in the bundle store";
}

} // namespace

std::string check_story(const story_moments& all, size_t acknowledged,
                        const fs::path& folder) {
  auto open = open_stores(folder, std::make_shared<disk>());
  if (!open)
    return "does not open: " + open.error().to_string();
  auto catalog = open->catalog->load();
  if (!catalog)
    return "does not load: " + catalog.error().to_string();
  if (auto ok = open->secrets->settle(catalog->at.history); !ok)
    return "does not settle: " + ok.error().to_string();
  auto secrets = open->secrets->load();
  if (!secrets)
    return "does not load: " + secrets.error().to_string();
  const auto found = find_moment(all, acknowledged, *catalog, *secrets);
  if (!found)
    return "neither the state that was acknowledged (" + all[acknowledged].what
           + ") nor the next: revision " + std::to_string(catalog->at.number)
           + ", secrets " + std::to_string(secrets->at.number);
  if (auto wrong = check_requests(all, *found, *open); !wrong.empty())
    return wrong;
  auto moment = all[*found];
  moment.bundles = all[acknowledged].bundles;
  if (auto wrong = check_bundles(moment, *open); !wrong.empty())
    return wrong;
  auto next = plan(*catalog, deploy_of("after", 9, "after"), noon);
  if (!next || !open->catalog->commit(*next))
    return "takes no further change";
  apply(*catalog, *next);
  auto again = open->catalog->load();
  return again && *again == *catalog ? "" : "a further change is not kept";
}

} // namespace faas::testing
