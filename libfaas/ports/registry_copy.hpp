// Everything durable of a registry at one moment, to be carried to another.
#pragma once

#include "libfaas/ports/catalog.hpp"
#include "libfaas/ports/secrets.hpp"

#include <functional>
#include <memory>

namespace faas {

/// All but the bundles, which travel beside it by their digests.
struct registry_copy {
  catalog_state catalog;
  bool has_secrets = false; ///< false: they were left out, for want of a key
  secrets_state secrets;    ///< sealed by the key of the copy
  /// The cluster's authority, sealed likewise; nullopt: left out.
  std::optional<sealed_secret> trust;
};

/// Pure: errc::invalid_argument unless a controller could have made it: names,
/// specs, versions that rules refer to, shares, sizes, counts.
result<void> check(const registry_copy& copy);

/// Every bundle that its versions name, once, in order.
std::vector<digest> bundles_of(const catalog_state& catalog);

struct replace_registry_command {
  request_id id;
  std::shared_ptr<const registry_copy> copy;
  std::shared_ptr<const secret_sealer> opener; ///< null when it has no secrets
  std::string history; ///< the new one: never used before
  /// What is there may go; else errc::conflict when there is something.
  bool replace = false;
};

struct replace_registry_outcome {
  revision at;
  bool repeated = false; ///< this request id was carried out before
  size_t functions = 0, secrets = 0;
  /// Secrets that functions name and that do not exist now.
  std::vector<secret_name> missing;
};

/// Reads a copy that arrives in pieces. Bounded in size; nothing counts before
/// end().
class registry_copy_reader {
public:
  virtual ~registry_copy_reader() = default;
  /// errc::invalid_argument, errc::too_large.
  virtual result<void> add(std::string_view piece) = 0;
  /// errc::digest_mismatch when it is cut or was changed.
  virtual result<registry_copy> end() = 0;
};

/// Copies as text, their keys, and the cluster's authority. Thread safe; calls
/// may block on the disk.
class registry_porter {
public:
  virtual ~registry_porter() = default;
  /// For a copy's key of 64 hex digits. errc::invalid_argument.
  virtual result<std::shared_ptr<const secret_sealer>>
  sealer_of(std::string_view key) const = 0;
  /// Lines of JSON; the last one has the digest of the others. `bytes_of` tells
  /// the size of a bundle that is here.
  virtual std::string
  write(const registry_copy& copy,
        const std::function<std::optional<uint64_t>(const digest&)>& bytes_of)
    const
    = 0;
  virtual std::unique_ptr<registry_copy_reader> reader() const = 0;
  virtual std::string new_history() = 0;
  /// Key and ledger of the cluster's authority, sealed; errc::unavailable when
  /// this node has none.
  virtual result<sealed_secret> copy_trust(const secret_sealer& seal) const = 0;
  /// Whether stage_trust() can do anything here: errc::forbidden and what to
  /// do instead. Does not block.
  virtual result<void> takes_trust() const = 0;
  /// Keeps what copy_trust() gave, durable, to be taken over at the next start
  /// of this node; the id of that cluster. errc::conflict when it is this one.
  virtual result<std::string> stage_trust(const sealed_secret& trust,
                                          const secret_sealer& opener)
    = 0;
};

} // namespace faas
