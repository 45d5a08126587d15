#include "gateway/tls/context.hpp"

#include "gateway/tls/certificate.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>

namespace faas::tls {
namespace {

constexpr std::array protocols{alpn_control, alpn_bulk, alpn_join};

int choose_protocol(SSL* connection, const unsigned char** chosen,
                    unsigned char* length, const unsigned char* offered,
                    unsigned int size, void*) {
  std::string_view rest{reinterpret_cast<const char*>(offered), size};
  while (!rest.empty()) {
    const auto count = static_cast<unsigned char>(rest.front());
    if (count >= rest.size())
      break;
    const auto one = rest.substr(1, count);
    rest.remove_prefix(1u + count);
    for (const auto known : protocols) {
      if (one != known)
        continue;
      if (known == alpn_join) // a node that joins has no certificate yet
        SSL_set_verify(connection, SSL_VERIFY_PEER, nullptr);
      *chosen = reinterpret_cast<const unsigned char*>(one.data());
      *length = count;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

context_ptr plain_context() {
  context_ptr made{SSL_CTX_new(TLS_method())};
  if (!made || SSL_CTX_set_min_proto_version(made.get(), TLS1_3_VERSION) != 1)
    return nullptr;
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(made.get(), 0);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION
                                    | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS);
  return made;
}

int digest_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(
    0, nullptr, nullptr, nullptr,
    [](void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
      delete static_cast<digest*>(kept);
    });
  return slot;
}

X509* pinned(STACK_OF(X509) * sent, const digest& wanted) {
  for (int i = 0; sent != nullptr && i < sk_X509_num(sent); ++i)
    if (certificate_digest(*sk_X509_value(sent, i)) == wanted)
      return sk_X509_value(sent, i);
  return nullptr;
}

/// The whole verification of a server by a node that joins.
int verify_pinned(X509_STORE_CTX* about, void*) {
  const auto* connection
    = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(
      about, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* wanted = static_cast<const digest*>(
    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), digest_slot()));
  auto* sent = X509_STORE_CTX_get0_untrusted(about);
  auto* authority = pinned(sent, *wanted);
  if (authority == nullptr) {
    X509_STORE_CTX_set_error(about, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
  }
  const std::unique_ptr<X509_STORE, frees<X509_STORE_free>> store{
    X509_STORE_new()};
  const std::unique_ptr<X509_STORE_CTX, frees<X509_STORE_CTX_free>> check{
    X509_STORE_CTX_new()};
  if (!store || !check || X509_STORE_add_cert(store.get(), authority) != 1
      || X509_STORE_CTX_init(check.get(), store.get(),
                             X509_STORE_CTX_get0_cert(about), sent)
           != 1)
    return 0;
  X509_STORE_CTX_set_default(check.get(), "ssl_server");
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_NO_CHECK_TIME);
  const int good = X509_verify_cert(check.get());
  X509_STORE_CTX_set_error(about, X509_STORE_CTX_get_error(check.get()));
  return good == 1 ? 1 : 0;
}

} // namespace

result<context_ptr> node_context(const trust::node_identity& identity) {
  auto made = plain_context();
  const auto key = read_key(identity.key);
  const auto certificate = read_certificate(identity.certificate);
  const auto authority = read_certificate(identity.authority);
  if (!made || !key || !certificate || !authority)
    return openssl_error("cannot use the node's certificate");
  auto* store = SSL_CTX_get_cert_store(made.get());
  if (SSL_CTX_use_certificate(made.get(), certificate.get()) != 1
      || SSL_CTX_use_PrivateKey(made.get(), key.get()) != 1
      || SSL_CTX_add1_chain_cert(made.get(), authority.get()) != 1
      || X509_STORE_add_cert(store, authority.get()) != 1
      || X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME) != 1)
    return openssl_error("cannot use the node's certificate");
  SSL_CTX_set_verify(made.get(),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  SSL_CTX_set_verify_depth(made.get(), 1);
  SSL_CTX_set_alpn_select_cb(made.get(), choose_protocol, nullptr);
  return made;
}

result<context_ptr> join_context(const digest& authority) {
  auto made = plain_context();
  if (!made
      || SSL_CTX_set_ex_data(made.get(), digest_slot(), new digest{authority})
           != 1)
    return openssl_error("cannot make a TLS context");
  SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(made.get(), verify_pinned, nullptr);
  return made;
}

bool ask_for(SSL& connection, std::string_view protocol) {
  std::string wire(1, static_cast<char>(protocol.size()));
  wire += protocol;
  const auto* bytes = reinterpret_cast<const unsigned char*>(wire.data());
  return SSL_set_alpn_protos(&connection, bytes,
                             static_cast<unsigned int>(wire.size()))
         == 0;
}

std::string_view protocol_of(const SSL& connection) {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(&connection, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

} // namespace faas::tls
