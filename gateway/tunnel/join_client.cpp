#include "gateway/tunnel/join_client.hpp"

#include "gateway/tls/context.hpp"
#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/join_messages.hpp"
#include "gateway/tunnel/text.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace faas::tunnel {
namespace {

using namespace std::chrono_literals;
namespace net = boost::asio;
using failure = boost::system::error_code;

/// For one address, from look-up to answer.
constexpr auto patience = 10s;

/// One question on one connection.
class asker {
public:
  asker(tls::context_ptr context, std::string question)
    : context_(context.release()),
      stream_(io_, context_),
      question_(framed(question)) {}

  result<std::string> ask(const std::string& address) {
    const auto colon = address.rfind(':');
    deadline_.expires_after(patience);
    deadline_.async_wait([this](const failure& cancelled) {
      if (!cancelled)
        stop({errc::unavailable, "no answer within 10 s"});
    });
    resolver_.async_resolve(
      plain_host(address.substr(0, colon)), address.substr(colon + 1),
      [this](const failure& failed, auto found) {
        if (good(failed, "look-up"))
          net::async_connect(stream_.lowest_layer(), found,
                             [this](const failure& failed, const auto&) {
                               if (good(failed, "connect"))
                                 shake_hands();
                             });
      });
    io_.run();
    if (outcome_)
      return std::move(*outcome_);
    return error{errc::internal, "the join ended without an answer"};
  }

private:
  void shake_hands() {
    if (!tls::ask_for(*stream_.native_handle(), tls::alpn_join))
      return stop({errc::internal, "out of memory"});
    stream_.async_handshake(
      net::ssl::stream_base::client, [this](const failure& failed) {
        if (failed
            && SSL_get_verify_result(stream_.native_handle()) != X509_V_OK)
          return stop({errc::forbidden,
                       "the machine that answers is not of the cluster that "
                       "made the token",
                       "check the address; if it is right, someone may be "
                       "between the two machines"});
        if (!good(failed, "TLS"))
          return;
        if (!has_authority())
          return stop({errc::forbidden,
                       "the node that answers is of the cluster, but not the "
                       "controller's: it gets no secret",
                       "use an address of the controller's node"});
        net::async_write(stream_, net::buffer(question_),
                         [this](const failure& failed, size_t) {
                           if (good(failed, "send"))
                             read_length();
                         });
      });
  }

  bool has_authority() {
    const tls::certificate_ptr shown{
      SSL_get1_peer_certificate(stream_.native_handle())};
    if (!shown)
      return false;
    const auto facts = tls::facts_of(*shown);
    return facts && facts->identity.controller;
  }

  void read_length() {
    answer_.resize(4);
    net::async_read(stream_, net::buffer(answer_),
                    [this](const failure& failed, size_t) {
                      if (!good(failed, "answer"))
                        return;
                      const auto length = length_of(answer_, max_answer);
                      if (!length)
                        return stop(length.error());
                      answer_.resize(*length);
                      read_answer();
                    });
  }

  void read_answer() {
    net::async_read(stream_, net::buffer(answer_),
                    [this](const failure& failed, size_t) {
                      if (good(failed, "answer"))
                        stop(std::move(answer_));
                    });
  }

  bool good(const failure& failed, const char* what) {
    if (!failed)
      return true;
    stop({errc::unavailable, std::string{what} + ": " + reason(failed)});
    return false;
  }

  void stop(result<std::string> outcome) {
    if (!outcome_)
      outcome_ = std::move(outcome);
    failure ignored;
    deadline_.cancel();
    resolver_.cancel();
    stream_.lowest_layer().close(ignored);
  }

  net::io_context io_{1};
  net::ssl::context context_;
  net::ssl::stream<net::ip::tcp::socket> stream_;
  net::ip::tcp::resolver resolver_{io_};
  net::steady_timer deadline_{io_};
  std::string question_, answer_;
  std::optional<result<std::string>> outcome_;
};

template <class MakeContext>
result<std::string> ask_in_turn(const std::vector<std::string>& addresses,
                                     const join_question& question,
                                     MakeContext make_context) {
  std::string reasons;
  for (const auto& address : addresses) {
    auto context = make_context();
    if (!context)
      return context.error();
    auto text = asker{std::move(*context), to_json(question)}.ask(address);
    if (text || text.error().code == errc::forbidden)
      return text;
    reasons += (reasons.empty() ? "" : "; ") + address + ": "
               + text.error().message;
  }
  return error{errc::unavailable,
               "the controller's node cannot be reached (" + reasons + ")",
               "check that it runs with link.listen=true and that this "
               "machine can connect there"};
}

result<trust::node_identity> complete(trust::node_identity made,
                                      const authority::grant& given) {
  made.cluster = given.cluster;
  made.certificate = given.certificate;
  made.authority = given.authority;
  if (auto fits = tls::check_identity(made); !fits)
    return error{errc::incompatible_peer,
                 "the answer of the controller's node does not fit: "
                   + fits.error().message};
  return made;
}

} // namespace

result<trust::node_identity> join_cluster(const trust::join_token& token,
                                          const std::string& key,
                                          const node_name& node,
                                          wall_time now) {
  const wall_time until{std::chrono::seconds{token.expires}};
  if (trust::has_expired(until, now))
    return error{errc::forbidden, "the join token has expired",
                 "make a new one: `faas-cli node token` on the controller's "
                 "node; or set this machine's clock"};
  join_question question;
  question.secret.assign(reinterpret_cast<const char*>(token.secret.data()),
                         token.secret.size());
  question.node = node;
  auto request = tls::make_request(key);
  if (!request)
    return request.error();
  question.request = std::move(*request);
  const auto text = ask_in_turn(token.addresses, question, [&] {
    return tls::join_context(token.ca);
  });
  if (!text)
    return text.error();
  const auto given = answer_from_json(*text);
  if (!given)
    return given.error();
  trust::node_identity made;
  made.self.node = node;
  made.tier = given->tier;
  made.addresses = token.addresses;
  made.key = key;
  const auto authority = tls::read_certificate(given->authority);
  if (!authority || tls::certificate_digest(*authority) != token.ca
      || given->cluster != token.cluster)
    return error{errc::forbidden, "the answer is not of the token's cluster"};
  return complete(std::move(made), *given);
}

result<trust::taken_serials>
fetch_revoked(const trust::node_identity& present) {
  join_question question;
  question.what = join_question::kind::revoked;
  const auto text = ask_in_turn(present.addresses, question, [&] {
    return tls::node_context(present);
  });
  if (!text)
    return text.error();
  return revoked_from_json(*text);
}

result<trust::node_identity>
renew_identity(const trust::node_identity& present) {
  auto key = tls::make_key();
  if (!key)
    return key.error();
  join_question question;
  question.what = join_question::kind::renewal;
  auto request = tls::make_request(*key);
  if (!request)
    return request.error();
  question.request = std::move(*request);
  const auto text = ask_in_turn(present.addresses, question, [&] {
    return tls::node_context(present);
  });
  if (!text)
    return text.error();
  const auto given = answer_from_json(*text);
  if (!given)
    return given.error();
  auto made = present;
  made.key = std::move(*key);
  if (given->authority != present.authority)
    return error{errc::forbidden, "the answer is of another cluster"};
  return complete(std::move(made), *given);
}

} // namespace faas::tunnel
