#include "registry/redis/shared_secret_key.hpp"

#include "registry/redis/scripts.hpp"
#include "registry/sealed/seal.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace faas::registry {
namespace {

/// Other controllers may be as far at the same moment.
constexpr int attempts = 3;

error other_key(const std::filesystem::path& file, const std::string& name) {
  return {errc::conflict,
          "the key of secrets " + file.string()
            + " is another than that of the cluster's other controllers",
          "remove the file and start the node again to get theirs; to have "
          "them take this one, remove theirs and the key "
            + name + " of Redis"};
}

class sharing {
public:
  sharing(const shared_key_options& options, const clock_source& clock,
          uint64_t seed)
    : options_(options), name_(redis::key_names{options.prefix}.secret_key),
      file_(file_of_secret_key(options.key_file)),
      client_(options.client, clock, seed) {}

  result<void> run(bool may_make) {
    auto seals = file_of_cluster_key(options_.cluster_key).load();
    if (!seals && seals.error().code == errc::not_found)
      return error{errc::forbidden, seals.error().message,
                   seals.error().next_step};
    if (!seals)
      return seals.error();
    for (int i = 0; i < attempts; ++i) {
      auto there = client_.run_one({"GET", name_});
      if (!there)
        return there.error();
      if (!there->text.empty())
        return take(*seals, there->text);
      auto mine = own(may_make);
      if (!mine || !*mine)
        return mine ? result<void>{} : mine.error();
      if (auto put = give(*seals, **mine); !put)
        return put;
    }
    return error{errc::unavailable, "Redis does not keep the key of secrets",
                 "see its log"};
  }

private:
  std::string what() const { return "secret-key " + options_.prefix; }

  result<std::optional<symmetric_key>> own(bool may_make) const {
    auto key = may_make ? file_.load_or_make() : file_.load();
    if (key)
      return std::optional<symmetric_key>{std::move(*key)};
    if (key.error().code == errc::not_found)
      return std::optional<symmetric_key>{};
    return key.error();
  }

  /// The first one's counts.
  result<void> give(const symmetric_key& seals, const symmetric_key& key) {
    const auto bytes = key.bytes();
    auto sealed = seal(seals, what(),
                       {reinterpret_cast<const char*>(bytes.data()),
                        bytes.size()});
    if (!sealed)
      return sealed.error();
    auto put = client_.run_one({"SET", name_, std::move(*sealed), "NX"});
    return put ? result<void>{} : put.error();
  }

  result<void> take(const symmetric_key& seals, const std::string& sealed) const {
    auto opened = unseal(seals, what(), sealed);
    if (!opened)
      return error{errc::forbidden,
                   "the key of secrets in Redis does not open with the cluster "
                   "key " + options_.cluster_key.string(),
                   "copy the cluster key of another controller there"};
    const std::span bytes{reinterpret_cast<const uint8_t*>(opened->data()),
                          opened->size()};
    if (auto kept = file_.keep(bytes); !kept)
      return kept;
    const auto key = file_.load();
    if (!key)
      return key.error();
    return std::ranges::equal(key->bytes(), bytes)
             ? result<void>{}
             : other_key(options_.key_file, name_);
  }

  const shared_key_options& options_;
  const std::string name_;
  const key_file file_;
  redis::client client_;
};

} // namespace

result<void> share_secret_key(const shared_key_options& options,
                              const clock_source& clock, uint64_t seed,
                              bool may_make) {
  return sharing{options, clock, seed}.run(may_make);
}

} // namespace faas::registry
