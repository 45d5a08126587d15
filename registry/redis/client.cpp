#include "registry/redis/client.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <openssl/evp.h>

namespace faas::registry::redis {
namespace {

std::string sha1_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  ::EVP_Digest(text.data(), text.size(), bytes.data(), &size, ::EVP_sha1(),
               nullptr);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += digits[bytes[i] >> 4];
    hex += digits[bytes[i] & 15];
  }
  return hex;
}

struct meaning {
  std::string_view word;
  errc code;
  std::string_view next;
};

/// First words of Redis's failures. All but a full memory are the store being
/// away: what asked for the change is not to blame.
constexpr std::array meanings{
  meaning{"OOM", errc::storage_full,
          "raise maxmemory of Redis or remove functions; nothing was changed, "
          "so the command can be repeated"},
  meaning{"READONLY", errc::unavailable,
          "it is a read-only replica: give the address of the master in "
          "registry.redis"},
  meaning{"MISCONF", errc::unavailable,
          "Redis cannot save its data: see its log, free space on its disk"},
  meaning{"NOAUTH", errc::unavailable,
          "set registry.redis_password_file, or user and password in "
          "registry.redis"},
  meaning{"WRONGPASS", errc::unavailable,
          "check user and password in registry.redis or "
          "registry.redis_password_file"},
  meaning{"NOPERM", errc::unavailable,
          "give the ACL user the commands and keys that registry/redis/"
          "README.md lists"},
  meaning{"LOADING", errc::unavailable,
          "it is reading its data from disk: repeat later"},
  meaning{"BUSY", errc::unavailable,
          "a script of another program runs there: repeat later"},
  meaning{"MOVED", errc::unavailable,
          "Redis Cluster is not supported: use a single master with replicas"},
};

/// The master was replaced: the next call looks for the new one.
bool turned_replica(const std::vector<reply>& replies) {
  return std::any_of(replies.begin(), replies.end(), [](const reply& one) {
    return one.failed() && one.text.starts_with("READONLY");
  });
}

} // namespace

script::script(std::string text)
  : text_(std::move(text)), sha1_(sha1_of(text_)) {}

client::client(client_options options, const clock_source& clock, uint64_t seed)
  : options_(std::move(options)),
    clock_(&clock),
    random_(seed),
    pauses_({options_.shortest_pause, options_.longest_pause,
             std::chrono::seconds{10}}) {}

error client::error_of(const std::string& failure) const {
  // Before Redis 7 a failure inside a script stands behind "ERR ...: -".
  for (const auto& one : meanings)
    if (failure.starts_with(one.word)
        || failure.find("-" + std::string{one.word} + " ") != failure.npos)
      return {one.code, "Redis at " + options_.server.shown() + ": " + failure,
              std::string{one.next}};
  return {errc::unavailable,
          "Redis at " + options_.server.shown() + ": " + failure,
          "see the log of Redis"};
}

error client::told(const error& failure) const {
  return {errc::unavailable,
          "Redis at " + options_.server.shown() + ": " + failure.message,
          failure.next_step.empty()
            ? "start Redis or check registry.redis; a command that timed out "
              "may be repeated with its request id"
            : failure.next_step};
}

command client::auth() const {
  const auto& to = options_.server;
  if (to.password.empty())
    return {};
  return to.user.empty() ? command{"AUTH", to.password}
                         : command{"AUTH", to.user, to.password};
}

result<void> client::log_in() {
  std::vector<command> greeting;
  const auto& to = options_.server;
  if (auto login = auth(); !login.empty())
    greeting.push_back(std::move(login));
  if (to.database != 0)
    greeting.push_back({"SELECT", std::to_string(to.database)});
  // What a sentinel names may have become a replica meanwhile.
  greeting.push_back({to.sentinels.empty() ? "PING" : "ROLE"});
  auto replies = link_->run(greeting, options_.connect_timeout);
  if (!replies)
    return replies.error();
  for (const auto& one : *replies)
    if (one.failed())
      return error_of(one.text);
  const auto& role = replies->back();
  if (!to.sentinels.empty()
      && (role.items.empty() || role.items[0].text != "master"))
    return error{errc::unavailable,
                 "what the sentinels call the master is none",
                 "wait for the failover to end"};
  return {};
}

/// Where this sentinel says the master is.
result<address> client::ask_sentinel(const endpoint& at, duration patience) {
  auto found = options_.server;
  found.host = at.host;
  found.port = at.port;
  auto link = connection::open(found, patience, *clock_);
  if (!link)
    return link.error();
  std::vector<command> ask{{"SENTINEL", "get-master-addr-by-name",
                            options_.server.master}};
  auto replies = link->run(ask, patience);
  if (replies && replies->back().text.starts_with("NOAUTH")
      && !options_.server.password.empty()) {
    ask.insert(ask.begin(), auth());
    replies = link->run(ask, patience);
  }
  if (!replies)
    return replies.error();
  const auto& said = replies->back();
  if (said.failed())
    return error{errc::unavailable, said.text};
  if (said.items.size() != 2)
    return error{errc::unavailable,
                 "it knows no master called " + options_.server.master};
  const auto& port = said.items[1].text;
  const auto* end = port.data() + port.size();
  if (std::from_chars(port.data(), end, found.port).ptr != end)
    return error{errc::unavailable, "it gave an odd answer"};
  found.host = said.items[0].text;
  return found;
}

/// Asks one sentinel after the other; the one that answered is the first next
/// time.
result<address> client::master() {
  auto& all = options_.server.sentinels;
  const auto share = options_.connect_timeout
                     / static_cast<int64_t>(all.size() + 1);
  std::string reasons;
  for (size_t i = 0; i < all.size(); ++i) {
    auto found = ask_sentinel(all[i], share);
    if (found) {
      std::swap(all[0], all[i]);
      return found;
    }
    reasons += (reasons.empty() ? "" : "; ") + ("sentinel " + all[i].shown())
               + ": " + found.error().message;
  }
  return error{errc::unavailable, reasons,
               "check the sentinels and the master's name in registry.redis"};
}

result<void> client::open_link() {
  auto to = options_.server.sentinels.empty()
              ? result<address>{options_.server}
              : master();
  if (!to)
    return to.error();
  auto opened = connection::open(*to, options_.connect_timeout, *clock_);
  if (!opened)
    return opened.error();
  link_ = std::move(*opened);
  return log_in();
}

result<void> client::connect() {
  const auto now = clock_->now();
  if (now < next_attempt_ && last_failure_)
    return *last_failure_;
  const auto lasted = connected_at_ == time_point{} ? duration::zero()
                                                    : now - connected_at_;
  connected_at_ = {};
  auto ready = open_link();
  if (ready) {
    connected_at_ = clock_->now();
    last_failure_.reset();
    return {};
  }
  link_.reset();
  next_attempt_ = clock_->now() + pauses_.next(lasted, random_);
  // An answer of the server already says who it is.
  last_failure_ = ready.error().message.starts_with("Redis at ")
                    ? ready.error()
                    : told(ready.error());
  return *last_failure_;
}

result<std::vector<reply>>
client::attempt(std::span<const command> commands) {
  if (!link_)
    if (auto ok = connect(); !ok)
      return ok.error();
  auto replies = link_->run(commands, options_.command_timeout);
  if (!replies || turned_replica(*replies))
    link_.reset();
  return replies;
}

result<std::vector<reply>> client::run(std::span<const command> commands) {
  const bool had_link = link_.has_value();
  auto replies = attempt(commands);
  if (!replies && had_link && !link_
      && replies.error().code == errc::unavailable)
    replies = attempt(commands);
  if (replies || replies.error().message.starts_with("Redis at "))
    return replies;
  // Nobody waits longer than one deadline for a server that hangs.
  if (replies.error().code == errc::deadline_exceeded) {
    last_failure_ = told(replies.error());
    next_attempt_ = clock_->now() + pauses_.next({}, random_);
  }
  return told(replies.error());
}

result<reply> client::run_one(command one) {
  const std::array commands{std::move(one)};
  auto replies = run(commands);
  if (!replies)
    return replies.error();
  if (replies->front().failed())
    return error_of(replies->front().text);
  return std::move(replies->front());
}

result<std::vector<reply>> client::eval(const script& what,
                                        const std::vector<std::string>& keys,
                                        const std::vector<std::string>& values,
                                        const std::vector<command>& then) {
  command call{"EVALSHA", what.sha1(), std::to_string(keys.size())};
  call.insert(call.end(), keys.begin(), keys.end());
  call.insert(call.end(), values.begin(), values.end());
  std::vector<command> all{std::move(call)};
  all.insert(all.end(), then.begin(), then.end());
  auto replies = run(all);
  if (replies && replies->front().failed()
      && replies->front().text.starts_with("NOSCRIPT")) {
    all.front()[0] = "EVAL";
    all.front()[1] = what.text();
    replies = run(all);
  }
  if (replies && replies->front().failed())
    return error_of(replies->front().text);
  return replies;
}

} // namespace faas::registry::redis
