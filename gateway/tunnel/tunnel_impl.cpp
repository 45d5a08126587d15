// What the tunnel does on its own thread.
#include "gateway/tunnel/tunnel_impl.hpp"

#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/incoming.hpp"
#include "gateway/tunnel/join_client.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace faas::tunnel {
namespace {

using namespace std::chrono_literals;

constexpr auto tick_period = 500ms;
constexpr auto pause_without_descriptors = 100ms;
constexpr auto renewal_pause = 60s;
/// Refused connections are logged at most so often: anyone can make many.
constexpr auto log_pause = 1s;

bool no_descriptors(const failure& failed) {
  return failed == net::error::no_descriptors
         || failed == boost::system::errc::too_many_files_open_in_system
         || failed == net::error::no_memory
         || failed == net::error::no_buffer_space;
}

} // namespace

// -- taking calls -------------------------------------------------------------

void node_tunnel::impl::wait_for_calls() {
  listener.async_accept([this](const failure& failed,
                               net::ip::tcp::socket socket) {
    if (failed == net::error::operation_aborted || !listener.is_open())
      return;
    if (no_descriptors(failed)) { // else this loop would spin
      pause.expires_after(pause_without_descriptors);
      pause.async_wait([this](const failure& cancelled) {
        if (!cancelled)
          wait_for_calls();
      });
      return;
    }
    if (!failed)
      take_call(std::move(socket));
    wait_for_calls();
  });
}

void node_tunnel::impl::take_call(net::ip::tcp::socket socket) {
  failure ignored;
  const auto from = socket.remote_endpoint(ignored);
  const auto name
    = from.address().to_string(ignored) + ":" + std::to_string(from.port());
  if (connections.size() >= config.max_connections)
    return refused(name, "too many connections");
  if (calls >= config.max_handshakes)
    make_room();
  socket.set_option(net::ip::tcp::no_delay{true}, ignored);
  auto stream = std::make_shared<tls_stream>(std::move(socket), *context);
  auto one = std::make_shared<incoming>(*this, std::move(stream), name);
  handshakes[one.get()]
    = {one, deps.clock.now() + config.handshake_patience, true};
  ++calls;
  one->start();
}

void node_tunnel::impl::make_room() {
  const under_way* oldest = nullptr;
  for (const auto& [key, entry] : handshakes)
    if (entry.call && (oldest == nullptr || entry.until < oldest->until))
      oldest = &entry;
  if (oldest == nullptr)
    return;
  const auto one = oldest->one; // over() removes the entry
  one->give_up("too many connections are being made");
}

// -- all the time -------------------------------------------------------------

void node_tunnel::impl::tick() {
  const auto now = deps.clock.now();
  std::vector<std::shared_ptr<handshake>> late;
  for (const auto& [key, entry] : handshakes)
    if (now > entry.until)
      late.push_back(entry.one);
  for (const auto& one : late)
    one->give_up("it takes too long");
  check_connections();
  bulk.tick();
  close_untaken();
  renew_when_due();
  learn_revoked();
  timer.expires_after(tick_period);
  timer.async_wait([this](const failure& cancelled) {
    if (!cancelled && !ending)
      tick();
  });
}

void node_tunnel::impl::check_connections() {
  const auto now = deps.clock.now();
  std::vector<std::shared_ptr<connection>> all;
  for (const auto& [number, one] : connections)
    all.push_back(one);
  for (const auto& one : all) {
    one->check(now);
    const auto still = admit(one->who());
    if (still)
      continue;
    deps.log("link to " + one->who().identity.node.str() + " closed: "
             + still.error().message);
    one->close(still.error().message);
  }
}

void node_tunnel::impl::close_untaken() {
  const std::lock_guard lock{mutex};
  std::erase_if(tickets, [&](const auto& entry) {
    if (deps.clock.now() < entry.second.since + config.take_patience)
      return false;
    ::close(entry.second.socket); // the connection notices
    return true;
  });
}

void node_tunnel::impl::renew_when_due() {
  if (renewing || !trust::due_for_renewal(own, deps.clock.wall())
      || deps.clock.now() < next_renewal)
    return;
  renewing = true;
  net::post(worker, [this, present = identity] {
    auto outcome = renew(present);
    if (outcome)
      outcome->addresses = present.addresses;
    if (outcome)
      if (auto kept = deps.save(*outcome); !kept)
        outcome = kept.error();
    net::post(loop, [this, outcome = std::move(outcome)]() mutable {
      renewed(std::move(outcome));
    });
  });
}

/// On the worker.
result<trust::node_identity>
node_tunnel::impl::renew(const trust::node_identity& present) {
  if (deps.authority == nullptr)
    return renew_identity(present);
  return deps.authority->issue_own(present.self.node);
}

void node_tunnel::impl::renewed(result<trust::node_identity> outcome) {
  renewing = false;
  next_renewal = deps.clock.now() + renewal_pause;
  if (outcome)
    outcome->addresses = identity.addresses; // learned meanwhile
  if (outcome) // links that are up go on with the former certificate
    if (auto good = open_context(*outcome); !good)
      outcome = good.error();
  deps.log(outcome ? "the node's certificate was renewed"
                   : "the node's certificate cannot be renewed: "
                       + outcome.error().to_string());
}

void node_tunnel::impl::controllers_at(std::vector<std::string> addresses) {
  if (identity.addresses == addresses)
    return;
  identity.addresses = std::move(addresses);
  net::post(worker, [this, present = identity] {
    if (auto kept = deps.save(present); !kept)
      deps.log("where the controllers are cannot be noted: "
               + kept.error().to_string());
  });
}

/// Another controller may have revoked since.
void node_tunnel::impl::refresh_authority() {
  learning = true;
  net::post(worker, [this] {
    const auto done = deps.authority->refresh();
    net::post(loop, [this, done] {
      learning = false;
      next_lesson = deps.clock.now() + config.revoked_every;
      if (!done && std::exchange(told_stale, true) != true)
        deps.log("what was revoked elsewhere cannot be learned: "
                 + done.error().to_string());
      told_stale = !done;
    });
  });
}

/// Peers that dial this node are checked by it alone.
void node_tunnel::impl::learn_revoked() {
  if (learning || deps.clock.now() < next_lesson)
    return;
  if (deps.authority != nullptr)
    return refresh_authority();
  if (!listener.is_open() || identity.addresses.empty())
    return;
  learning = true;
  net::post(worker, [this, present = identity, before = learned] {
    auto all = fetch_revoked(present);
    if (all)
      keep_revoked(*all, *before);
    net::post(loop, [this, all = std::move(all)]() mutable {
      learning = false;
      next_lesson = deps.clock.now() + config.revoked_every;
      if (all) // else the last known list goes on counting
        learned
          = std::make_shared<const trust::taken_serials>(std::move(*all));
    });
  });
}

/// On the worker. It counts from now on, kept or not.
void node_tunnel::impl::keep_revoked(const trust::taken_serials& now,
                                     const trust::taken_serials& before) const {
  if (now == before || !deps.keep_revoked)
    return;
  if (auto kept = deps.keep_revoked(now); !kept)
    deps.log("what was revoked would be forgotten by a restart: "
             + kept.error().to_string());
}

// -- connections --------------------------------------------------------------

std::shared_ptr<connection>
node_tunnel::impl::join_ends(std::shared_ptr<tls_stream> stream,
                             trust::certificate_facts who, bool dialled,
                             std::string early, int& other_end) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return nullptr;
  other_end = ends[1];
  net::local::stream_protocol::socket local{loop};
  local.assign(net::local::stream_protocol{}, ends[0]);
  const auto number = ++last_number;
  auto made = std::make_shared<connection>(
    number, std::move(stream), std::move(local), std::move(who), dialled,
    std::move(early),
    connection::events{[this](connection& one) { announced(one); },
                       [this](connection& one, const std::string& why) {
                         ended(one, why);
                       }});
  connections[number] = made;
  return made;
}

void node_tunnel::impl::dial(call_to what, outgoing::answer done) {
  if (handshakes.size() - calls >= config.max_handshakes)
    return done(error{errc::overloaded, "too many connections are being made"});
  auto one = std::make_shared<outgoing>(*this, std::move(what),
                                        std::move(done));
  handshakes[one.get()]
    = {one, deps.clock.now() + config.handshake_patience, false};
  one->start();
}

void node_tunnel::impl::announced(connection& one) {
  const std::lock_guard lock{mutex};
  owners[one.number()] = {one.announced(), one.who().identity,
                          {one.address(), one.who().serial}};
}

void node_tunnel::impl::ended(connection& one, const std::string& why) {
  if (why.starts_with("the peer ")) // misbehaves; ordinary ends are no news
    deps.log("link to " + one.who().identity.node.str() + " closed: " + why);
  const std::lock_guard lock{mutex};
  owners.erase(one.number());
  connections.erase(one.number());
}

result<void>
node_tunnel::impl::admit(const trust::certificate_facts& who) const {
  const auto revoked = deps.authority ? deps.authority->revoked() : learned;
  return trust::admit(who, identity.cluster, *revoked, deps.clock.wall());
}

// -- hub ----------------------------------------------------------------------

std::shared_ptr<tls_stream> node_tunnel::impl::new_stream() {
  return std::make_shared<tls_stream>(loop, *context);
}

result<trust::certificate_facts>
node_tunnel::impl::peer_of(tls_stream& stream) {
  const tls::certificate_ptr shown{
    SSL_get1_peer_certificate(stream.native_handle())};
  if (!shown || SSL_get_verify_result(stream.native_handle()) != X509_V_OK)
    return error{errc::forbidden, "the peer has shown no certificate"};
  auto facts = tls::facts_of(*shown);
  if (facts)
    if (auto good = admit(*facts); !good)
      return good.error();
  return facts;
}

bool node_tunnel::impl::accept(std::shared_ptr<tls_stream> stream,
                               trust::certificate_facts who) {
  int other_end = -1;
  const auto made
    = join_ends(std::move(stream), std::move(who), false, {}, other_end);
  if (!made)
    return false;
  bool taken = false;
  {
    const std::lock_guard lock{mutex};
    taken = bool{takes_calls};
    if (taken)
      takes_calls(other_end);
  }
  if (!taken) {
    ::close(other_end);
    made->close("this node takes no links now");
    return false;
  }
  made->start();
  return true;
}

result<uint64_t> node_tunnel::impl::keep(std::shared_ptr<tls_stream> stream,
                                         trust::certificate_facts who,
                                         std::string early) {
  int other_end = -1;
  const auto made = join_ends(std::move(stream), std::move(who), true,
                              std::move(early), other_end);
  if (!made)
    return error{errc::unavailable, "no descriptors are left"};
  {
    const std::lock_guard lock{mutex};
    tickets[made->number()] = {other_end, deps.clock.now()};
  }
  made->start();
  return made->number();
}

void node_tunnel::impl::answer(join_question question,
                               std::optional<trust::certificate_facts> who,
                               std::function<void(std::string)> done) {
  if (deps.authority == nullptr)
    return done(to_json(result<authority::grant>{
      error{errc::unavailable,
            "this node has no cluster CA: only the controller's node lets "
            "others join",
            "use a token of the controller's node"}}));
  using kind = join_question::kind;
  if (question.what == kind::revoked)
    return done(to_json(*deps.authority->revoked()));
  net::post(worker, [this, question = std::move(question),
                     who = std::move(who), done = std::move(done)]() mutable {
    auto granted
      = question.what == kind::renewal
          ? deps.authority->renew(*who, question.request)
          : deps.authority->join(question.secret, question.request,
                                 question.node);
    const auto name = who ? who->identity.node.str()
                          : question.node.str().substr(0, 64);
    deps.log(granted ? "node " + name + " got a certificate"
                     : "node " + name + " got no certificate: "
                         + granted.error().message);
    net::post(loop, [text = to_json(granted), done = std::move(done)] {
      done(text);
    });
  });
}

void node_tunnel::impl::refused(const std::string& from,
                                const std::string& why) {
  const auto now = deps.clock.now();
  if (now < log_from) {
    ++unlogged;
    return;
  }
  log_from = now + log_pause;
  deps.log("connection from " + from + " refused: " + why
           + (unlogged > 0 ? " (and " + std::to_string(unlogged) + " others)"
                           : ""));
  unlogged = 0;
}

void node_tunnel::impl::over(handshake& one) {
  const auto found = handshakes.find(&one);
  if (found == handshakes.end())
    return;
  calls -= found->second.call ? 1 : 0;
  handshakes.erase(found);
}

} // namespace faas::tunnel
