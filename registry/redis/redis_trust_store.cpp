#include "registry/redis/redis_trust_store.hpp"

#include "libfaas/core/random.hpp"
#include "registry/records/trust_json.hpp"
#include "registry/redis/scripts.hpp"
#include "registry/sealed/seal.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <mutex>
#include <optional>

namespace faas::registry {
namespace {

/// Other controllers may change the ledger meanwhile.
constexpr int attempts = 10;

error sealed_otherwise(const std::filesystem::path& key_file) {
  return {errc::forbidden,
          "the cluster's authority in Redis does not open with the cluster key "
            + key_file.string(),
          "copy the key file of a controller of this cluster there, or choose "
          "another registry.redis_prefix"};
}

} // namespace

struct redis_trust_store::state {
  struct found {
    uint64_t version = 0; ///< 0: there is nothing
    std::string authority, ledger;
  };

  result<found> ask();
  result<bool> put(uint64_t before, uint64_t after, const trust::ledger& book,
                   const lease& under = {});
  result<void> change(const lease& under,
                      const std::function<result<void>(trust::ledger&)>& edit);
  result<trust::ledger> open_ledger(const found& from) const;
  result<void> take(const found& from);
  result<void> keep(uint64_t version, trust::ledger book);
  result<trust::authority_keys> adopt(const found& from);
  result<bool> found_cluster(
    const std::function<result<trust::authority_keys>()>& make);
  result<void> refresh();
  uint64_t next_version() const;
  std::string authority_name() const { return "authority " + options.prefix; }
  std::string ledger_name(uint64_t version) const {
    return "ledger " + options.prefix + " " + std::to_string(version);
  }

  redis_trust_options options;
  std::unique_ptr<trust_store> own;
  const clock_source* clock;
  std::string name, catalog; ///< of keys in Redis
  redis::client client;
  random_source random;

  mutable std::mutex mutex; ///< all below, and the client
  std::optional<symmetric_key> key; ///< once the authority is known
  std::string authority; ///< sealed
  trust::ledger ledger;
  uint64_t known = 0; ///< version
};

/// Higher than any before, also when Redis has lost some.
uint64_t redis_trust_store::state::next_version() const {
  using std::chrono::milliseconds;
  const auto ms = std::chrono::floor<milliseconds>(
    clock->wall().time_since_epoch());
  return std::max<uint64_t>(known + 1, static_cast<uint64_t>(ms.count()));
}

auto redis_trust_store::state::ask() -> result<found> {
  auto got = client.run_one({"HMGET", name, "version", "authority", "ledger"});
  if (!got)
    return got.error();
  found made;
  if (got->items.size() != 3 || got->items[0].text.empty())
    return made;
  const auto& text = got->items[0].text;
  const auto* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, made.version).ptr != end
      || made.version == 0)
    return error{errc::internal, "the key " + name + " of Redis is none of ours",
                 "choose another registry.redis_prefix, or restore a backup"};
  made.authority = std::move(got->items[1].text);
  made.ledger = std::move(got->items[2].text);
  return made;
}

/// False: another was faster.
result<bool> redis_trust_store::state::put(uint64_t before, uint64_t after,
                                           const trust::ledger& book,
                                           const lease& under) {
  auto sealed = seal(*key, ledger_name(after), ledger_to_json(book).dump());
  if (!sealed)
    return sealed.error();
  using std::chrono::milliseconds;
  std::vector<redis::command> wait;
  if (options.wait_replicas > 0)
    wait.push_back(
      {"WAIT", std::to_string(options.wait_replicas),
       std::to_string(std::chrono::ceil<milliseconds>(options.wait_timeout)
                        .count())});
  auto replies = client.eval(
    redis::trust_script(), {name, catalog},
    {before == 0 ? "" : std::to_string(before), std::to_string(after),
     *sealed, authority, call_id::make(random).to_string(),
     under.token == 0 ? ""
                      : std::to_string(under.token) + " " + under.holder},
    wait);
  if (!replies)
    return replies.error();
  const auto& answer = replies->front().text;
  if (answer == "MOVED")
    return false;
  if (answer == "FENCED")
    return error{errc::unavailable, "another controller leads now",
                 "repeat the command; it reaches the leader"};
  if (answer != "OK")
    return error{errc::unavailable,
                 "Redis has lost the cluster's authority: it was emptied",
                 "bring the data of Redis back, or restart the controllers: "
                 "they put back what they know"};
  if (!wait.empty() && replies->back().number < int64_t{options.wait_replicas})
    return error{errc::unavailable,
                 "too few replicas of Redis confirmed the change",
                 "start the replicas, then repeat the command"};
  return true;
}

result<trust::ledger>
redis_trust_store::state::open_ledger(const found& from) const {
  auto plain = unseal(*key, ledger_name(from.version), from.ledger);
  if (!plain)
    return sealed_otherwise(options.key_file);
  return ledger_from_json(parse_json(plain->view()));
}

/// Also on this node's disk: it is what is put back when Redis is lost.
result<void> redis_trust_store::state::keep(uint64_t version,
                                            trust::ledger book) {
  ledger = std::move(book);
  known = version;
  return own->change([&](trust::ledger& copy) -> result<void> {
    copy = ledger;
    return {};
  });
}

result<void> redis_trust_store::state::take(const found& from) {
  auto book = open_ledger(from);
  if (!book)
    return book.error();
  return keep(from.version, std::move(*book));
}

result<trust::authority_keys>
redis_trust_store::state::adopt(const found& from) {
  auto kept_key = file_of_cluster_key(options.key_file).load();
  if (!kept_key && kept_key.error().code != errc::not_found)
    return kept_key.error();
  if (!kept_key)
    return error{errc::forbidden,
                 "this cluster has other controllers already, and their "
                 "cluster key is not here: "
                   + options.key_file.string(),
                 "copy the file cluster-key of the data folder of a "
                 "controller there (mode 0600), or name it in "
                 "registry.key_file"};
  key = std::move(*kept_key);
  auto plain = unseal(*key, authority_name(), from.authority);
  if (!plain)
    return sealed_otherwise(options.key_file);
  auto keys = authority_from_json(parse_json(plain->view()));
  if (!keys)
    return keys;
  auto copy = own->authority([&] { return keys; });
  if (!copy)
    return copy;
  if (*copy != *keys)
    return error{errc::conflict,
                 "this data folder has the authority of cluster "
                   + copy->cluster + ", Redis that of " + keys->cluster,
                 "use another data folder, or another registry.redis_prefix"};
  authority = from.authority;
  if (auto good = take(from); !good)
    return good.error();
  return keys;
}

/// False: another was faster.
result<bool> redis_trust_store::state::found_cluster(
  const std::function<result<trust::authority_keys>()>& make) {
  auto kept_key = file_of_cluster_key(options.key_file).load_or_make();
  if (!kept_key)
    return kept_key.error();
  key = std::move(*kept_key);
  auto keys = own->authority(make);
  if (!keys)
    return keys.error();
  auto sealed = seal(*key, authority_name(), authority_to_json(*keys).dump());
  if (!sealed)
    return sealed.error();
  authority = std::move(*sealed);
  return put(0, next_version(), own->read());
}

result<void> redis_trust_store::state::refresh() {
  auto now = ask();
  if (!now)
    return now.error();
  if (now->version == known)
    return {};
  if (now->version > known)
    return take(*now);
  if (now->version == 0)
    return error{errc::unavailable,
                 "Redis has lost the cluster's authority: it was emptied",
                 "bring the data of Redis back, or restart the controllers: "
                 "they put back what they know"};
  // It went back: what was revoked since would count again.
  const auto version = next_version();
  auto done = put(now->version, version, ledger);
  if (!done)
    return done.error();
  if (*done && options.log)
    options.log("the cluster's ledger of certificates in Redis went back; what "
                "this node knows was put back");
  return *done ? keep(version, ledger) : result<void>{};
}

redis_trust_store::redis_trust_store(redis_trust_options options,
                                     std::unique_ptr<trust_store> own,
                                     const clock_source& clock, uint64_t seed) {
  redis::key_names names{options.prefix};
  auto client = options.client;
  state_.reset(new state{std::move(options), std::move(own), &clock,
                         std::move(names.trust), std::move(names.catalog),
                         redis::client{std::move(client), clock, seed},
                         random_source{seed + 1}});
}

redis_trust_store::~redis_trust_store() = default;

result<trust::authority_keys> redis_trust_store::authority(
  const std::function<result<trust::authority_keys>()>& make) {
  auto& s = *state_;
  const std::lock_guard lock{s.mutex};
  for (int i = 0; i < attempts; ++i) {
    auto now = s.ask();
    if (!now)
      return now.error();
    if (now->version != 0)
      return s.adopt(*now);
    if (auto done = s.found_cluster(make); !done)
      return done.error();
  }
  return error{errc::unavailable, "Redis changes faster than it can be read",
               "repeat later"};
}

trust::ledger redis_trust_store::read() const {
  const std::lock_guard lock{state_->mutex};
  return state_->ledger;
}

result<void> redis_trust_store::refresh() {
  const std::lock_guard lock{state_->mutex};
  return state_->refresh();
}

result<void> redis_trust_store::change(
  const std::function<result<void>(trust::ledger&)>& edit) {
  const std::lock_guard lock{state_->mutex};
  return state_->change({}, edit);
}

result<void> redis_trust_store::change_under(
  const lease& held, const std::function<result<void>(trust::ledger&)>& edit) {
  const std::lock_guard lock{state_->mutex};
  return state_->change(held, edit);
}

result<void> redis_trust_store::state::change(
  const lease& under, const std::function<result<void>(trust::ledger&)>& edit) {
  for (int i = 0; i < attempts; ++i) {
    auto changed = ledger;
    if (auto good = edit(changed); !good)
      return good;
    if (changed == ledger)
      return {};
    const auto version = next_version();
    auto done = put(known, version, changed, under);
    if (!done)
      return done.error();
    if (*done)
      return keep(version, std::move(changed));
    if (auto read = refresh(); !read)
      return read;
  }
  return error{errc::unavailable,
               "the ledger in Redis changes faster than it can be written",
               "repeat the command"};
}

} // namespace faas::registry
