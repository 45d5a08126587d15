#include "gateway/tunnel/authority.hpp"

#include "gateway/tls/keys.hpp"
#include "libfaas/trust/token.hpp"

namespace faas::tunnel {
namespace {

constexpr size_t serial_bytes = 15; ///< and 01 in front: never negative

error no_address() {
  return {errc::unavailable,
          "this node does not listen for other nodes, so none could join",
          "set link.listen=true (and link.address, when they are on other "
          "machines) and start it again"};
}

} // namespace

result<std::unique_ptr<authority>> authority::open(trust_store& store,
                                                   const clock_source& clock,
                                                   const std::string& name) {
  auto keys = store.authority([&] {
    return tls::make_authority(name + "-" + tls::random_hex(8), clock.wall());
  });
  if (!keys)
    return keys.error();
  std::unique_ptr<authority> made{
    new authority{store, clock, std::move(*keys)}};
  made->read_revoked();
  return made;
}

result<trust::certificate_entry> authority::issue(const peer_identity& who,
                                                  const std::string& request,
                                                  const digest& key) {
  tls::order wanted;
  wanted.cluster = keys_.cluster;
  wanted.identity = who;
  wanted.serial = "01" + tls::random_hex(serial_bytes);
  wanted.from = clock_.wall();
  wanted.until = wanted.from + trust::certificate_life;
  auto pem = tls::sign(keys_, request, wanted);
  if (!pem)
    return pem.error();
  return trust::certificate_entry{wanted.serial, who.node,       key,
                                  wanted.until,  false, std::move(*pem), false};
}

void authority::belongs_to(const node_name& self) {
  const std::lock_guard lock{mutex_};
  self_ = self;
}

result<trust::node_identity> authority::issue_own(const node_name& self) {
  trust::node_identity made;
  made.cluster = keys_.cluster;
  made.self = {self, true};
  made.authority = keys_.certificate;
  auto key = tls::make_key();
  if (!key)
    return key.error();
  auto request = tls::make_request(*key);
  if (!request)
    return request.error();
  const auto digest = tls::check_request(*request);
  if (!digest)
    return digest.error();
  auto given = issue(made.self, *request, *digest);
  if (!given)
    return given.error();
  made.key = std::move(*key);
  made.certificate = given->pem;
  auto kept = store_.change([&](trust::ledger& book) {
    return book.record(std::move(*given), clock_.wall());
  });
  if (!kept)
    return kept.error();
  return made;
}

void authority::listens_at(std::vector<std::string> addresses) {
  const std::lock_guard lock{mutex_};
  addresses_ = std::move(addresses);
}

result<made_token> authority::make_token(const std::string& tier, duration life,
                                         std::vector<std::string> addresses) {
  if (life <= duration{} || life > max_token_life)
    return error{errc::invalid_argument,
                 "a join token lives for more than zero and at most 30 days"};
  if (addresses.empty()) {
    const std::lock_guard lock{mutex_};
    addresses = addresses_;
  }
  if (addresses.empty())
    return no_address();
  const auto certificate = tls::read_certificate(keys_.certificate);
  if (!certificate)
    return error{errc::internal, "the CA's certificate cannot be read"};
  trust::join_token token;
  token.cluster = keys_.cluster;
  token.ca = tls::certificate_digest(*certificate);
  tls::fill_random(token.secret);
  token.tier = tier;
  const auto now = clock_.wall();
  const auto until = std::chrono::floor<std::chrono::seconds>(
    now + std::chrono::duration_cast<wall_time::duration>(life));
  token.expires = until.time_since_epoch().count();
  token.addresses = std::move(addresses);
  auto text = token.to_text();
  if (!text)
    return text.error();
  trust::token_entry entry;
  entry.secret = tls::sha256_of(
    {reinterpret_cast<const char*>(token.secret.data()), token.secret.size()});
  entry.tier = tier;
  entry.expires = until;
  auto kept = store_.change([&](trust::ledger& book) {
    return book.add_token(std::move(entry), now);
  });
  if (!kept)
    return kept.error();
  return made_token{std::move(*text), until};
}

result<void> authority::take_back(
  const node_name& node, const lease& under,
  const std::function<result<void>(trust::ledger&)>& how) {
  {
    const std::lock_guard lock{mutex_};
    if (node == self_)
      return error{errc::conflict,
                   node.str() + " is this node: it has the cluster's CA",
                   "revoke or remove other nodes only"};
  }
  auto kept = store_.change_under(under, how);
  if (kept)
    read_revoked();
  return kept;
}

result<void> authority::revoke(const node_name& node) {
  return take_back(node, {}, [&](trust::ledger& book) {
    return book.revoke(node, clock_.wall());
  });
}

void authority::fence(const lease& held) {
  const std::lock_guard lock{mutex_};
  fence_ = held;
}

lease authority::fence() const {
  const std::lock_guard lock{mutex_};
  return fence_;
}

node_entries authority::entries() const {
  return store_.read().nodes;
}

result<void> authority::keep(const node_name& node, const node_entry& entry) {
  return store_.change_under(
    fence(), [&](trust::ledger& book) { return book.keep(node, entry); });
}

result<void> authority::remove(const node_name& node) {
  return take_back(node, fence(),
                   [&](trust::ledger& book) { return book.remove(node); });
}

authority::grant authority::grant_of(std::string certificate,
                                     std::string tier) const {
  return {std::move(certificate), keys_.certificate, keys_.cluster,
          std::move(tier)};
}

result<authority::grant> authority::join(std::string_view secret,
                                         const std::string& request,
                                         const node_name& node) {
  if (!valid_function_name(node.str()))
    return error{errc::invalid_argument, "the node has no valid name",
                 "set node.name: lower-case letters, digits, dashes"};
  const auto key = tls::check_request(request);
  if (!key)
    return key.error();
  const auto hidden = tls::sha256_of(secret);
  grant given;
  // The store changes one at a time: of two nodes with one token, one gets it.
  auto kept = store_.change([&](trust::ledger& book) -> result<void> {
    auto claim = book.look_up(hidden, *key, node, clock_.wall());
    if (!claim)
      return claim.error();
    if (!claim->pem.empty()) {
      given = grant_of(claim->pem, claim->tier);
      return {};
    }
    auto made = issue({node, false}, request, *key);
    if (!made)
      return made.error();
    given = grant_of(made->pem, claim->tier);
    book.use(hidden, std::move(*made));
    return {};
  });
  if (!kept)
    return kept.error();
  return given;
}

result<authority::grant>
authority::renew(const trust::certificate_facts& present,
                 const std::string& request) {
  const auto key = tls::check_request(request);
  if (!key)
    return key.error();
  grant given;
  auto kept = store_.change([&](trust::ledger& book) -> result<void> {
    const auto now = clock_.wall();
    if (auto good
        = trust::admit(present, keys_.cluster, book.revoked(), now);
        !good)
      return good;
    auto made = issue(present.identity, request, *key);
    if (!made)
      return made.error();
    given = grant_of(made->pem, {});
    return book.record(std::move(*made), now);
  });
  if (!kept)
    return kept.error();
  return given;
}

result<void> authority::refresh() {
  auto done = store_.refresh();
  read_revoked();
  return done;
}

void authority::read_revoked() {
  auto all
    = std::make_shared<const trust::taken_serials>(store_.read().revoked());
  const std::lock_guard lock{mutex_};
  revoked_ = std::move(all);
}

std::shared_ptr<const trust::taken_serials> authority::revoked() const {
  const std::lock_guard lock{mutex_};
  return revoked_;
}

} // namespace faas::tunnel
