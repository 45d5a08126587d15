// The cluster's authority: gives out tokens and certificates, takes them back.
#pragma once

#include "gateway/tls/certificate.hpp"
#include "libfaas/ports/cluster_authority.hpp"
#include "libfaas/ports/node_book.hpp"
#include "libfaas/ports/trust_store.hpp"

#include <memory>
#include <mutex>

namespace faas::tunnel {

/// On the controller's node. Thread safe; calls block on the disk.
class authority final : public cluster_authority, public node_book {
public:
  static constexpr auto max_token_life = std::chrono::hours{24 * 30};

  /// Makes the CA when `store` has none: the cluster's id is `name` and random
  /// digits. The references must outlive it.
  static result<std::unique_ptr<authority>>
  open(trust_store& store, const clock_source& clock, const std::string& name);

  const std::string& cluster() const noexcept { return keys_.cluster; }
  /// The controller's own node, which cannot be revoked.
  void belongs_to(const node_name& self);
  /// A new identity for the controller's own node.
  result<trust::node_identity> issue_own(const node_name& self);
  /// Where nodes that join shall dial, when the call does not say.
  void listens_at(std::vector<std::string> addresses);

  // cluster_authority
  result<made_token> make_token(const std::string& tier, duration life,
                                std::vector<std::string> addresses) override;
  result<void> revoke(const node_name& node) override;

  // node_book
  void fence(const lease& held) override;
  node_entries entries() const override;
  result<void> keep(const node_name& node, const node_entry& entry) override;
  result<void> remove(const node_name& node) override;

  /// What a node gets that joins or renews. The key stays with it.
  struct grant {
    std::string certificate;
    std::string authority; ///< the CA's certificate
    std::string cluster;
    std::string tier;
  };
  /// A certificate for a token's secret. The same key may ask again; the answer
  /// is the same. Errors of ledger::look_up, errc::invalid_argument (request).
  result<grant> join(std::string_view secret, const std::string& request,
                     const node_name& node);
  /// A new certificate for a peer that has proved to hold `present`.
  result<grant> renew(const trust::certificate_facts& present,
                      const std::string& request);

  /// Takes over what another controller has changed. On a worker thread.
  result<void> refresh() override;
  /// Serials. Cheap: a copy of a pointer.
  std::shared_ptr<const trust::taken_serials> revoked() const;

private:
  authority(trust_store& store, const clock_source& clock,
            trust::authority_keys keys)
    : store_(store), clock_(clock), keys_(std::move(keys)) {}
  result<trust::certificate_entry> issue(const peer_identity& who,
                                         const std::string& request,
                                         const digest& key);
  grant grant_of(std::string certificate, std::string tier) const;
  /// errc::conflict for the controller's own node.
  result<void> take_back(const node_name& node, const lease& under,
                         const std::function<result<void>(trust::ledger&)>& how);
  lease fence() const;

  trust_store& store_;
  const clock_source& clock_;
  trust::authority_keys keys_;
  void read_revoked();

  mutable std::mutex mutex_; ///< all below
  std::shared_ptr<const trust::taken_serials> revoked_;
  lease fence_; ///< of changes to the node book; token 0: none
  std::vector<std::string> addresses_;
  node_name self_;
};

} // namespace faas::tunnel
