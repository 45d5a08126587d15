// Durable secrets: sealed values, and which change is allowed.
#pragma once

#include "libfaas/ports/catalog.hpp"

#include <filesystem>

namespace faas {

namespace limits {
/// One value. Keys and passwords are small; certificates fit.
inline constexpr size_t secret_bytes = 64 * kib;
inline constexpr size_t secrets = 1000;
inline constexpr size_t secrets_per_function = 32;
} // namespace limits

/// One secret as it is stored.
struct sealed_secret {
  /// Number of the store's revision that wrote it: never given twice.
  uint64_t version = 0;
  std::string key; ///< id of the key that opens it
  std::string box; ///< nonce, encrypted value, tag
  wall_time created, changed;
  std::string by; ///< who changed it last
  bool operator==(const sealed_secret&) const = default;
};

/// Tells two values of one name apart, also in a store that went back.
std::string stamp_of(const sealed_secret& secret);

struct secrets_state {
  revision at; ///< counts the changes of secrets; not the catalog's
  std::map<secret_name, sealed_secret> secrets;
  bool operator==(const secrets_state&) const = default;
};

/// The effect of one command: the unit that a store writes.
struct secret_change {
  request_id request;
  secret_name name;
  std::optional<sealed_secret> record; ///< nullopt: removed
  secret_outcome outcome;
};

/// Seals values with the key of this controller. Thread safe.
class secret_sealer {
public:
  virtual ~secret_sealer() = default;
  /// Encrypts under a fresh nonce, bound to name, version and key, so that no
  /// record can stand in for another. Sets version, key and box.
  virtual result<sealed_secret> seal(const secret_name& name, uint64_t version,
                                     std::string_view value) const = 0;
  /// errc::unavailable when another key sealed it, errc::internal when it was
  /// changed; both name the secret and what to do.
  virtual result<secret_text> open(const secret_name& name,
                                   const sealed_secret& secret) const = 0;
};

/// Pure core, as for the catalog: what a command would change.
/// errc::invalid_argument for a bad name or an empty value, errc::too_large,
/// errc::not_found and errc::conflict as the condition demands, and what the
/// sealer says. A value that is there already is `unchanged`.
result<secret_change> plan(const secrets_state& state,
                           const put_secret_command& command,
                           const secret_sealer& sealer, wall_time now);
/// errc::conflict with their names while functions use it.
result<secret_change> plan(const secrets_state& state,
                           const remove_secret_command& command,
                           const std::vector<function_name>& users);
void apply(secrets_state& state, const secret_change& change);

/// Whether a planned change may begin to use the secrets that it names:
/// errc::invalid_argument names those that do not exist, or too many. Versions
/// in use before are not looked at.
result<void> check_secrets(const catalog_state& before,
                           const catalog_change& change,
                           const secrets_state& secrets);

/// The durable store of sealed secrets. As catalog_store: one owner, blocking
/// calls, not thread safe.
class secret_store {
public:
  virtual ~secret_store() = default;
  virtual result<secrets_state> load() = 0;
  /// Of the last 1,000 requests.
  virtual result<std::optional<secret_outcome>>
  outcome_of(const request_id& request) = 0;
  /// The errors of catalog_store::commit().
  virtual result<void> commit(const secret_change& change) = 0;
  /// Keeps `with` beside what is there, unseen and durable, in the place of
  /// what was staged before. Its history is that which the catalog will have.
  virtual result<void> stage(const secrets_state& with) = 0;
  /// What is staged takes the place of everything when it is of that history,
  /// the catalog's; otherwise it is dropped, since its catalog never came. To be
  /// called before load() at each start: so the two change together.
  virtual result<void> settle(const std::string& history) = 0;
  virtual void fence(const lease& held) { (void) held; }
};

/// Files in memory that functions of this node read. Blocking; one thread at a
/// time.
class secret_files {
public:
  virtual ~secret_files() = default;
  /// Where the secrets of that version are or will be.
  virtual std::filesystem::path folder_of(const version_ref& of) const = 0;
  /// Replaces the file in one step: a reader sees the old or the new value.
  virtual result<void> write(const version_ref& of, const secret_name& name,
                             std::string_view value) = 0;
  virtual result<secret_text> read(const version_ref& of,
                                   const secret_name& name) const = 0;
  virtual void remove(const version_ref& of) = 0;
};

} // namespace faas
