#include "registry/redis/redis_secrets.hpp"

#include "registry/records/secret_json.hpp"
#include "registry/redis/import_scripts.hpp"
#include "registry/redis/redis_catalog.hpp"
#include "registry/redis/scripts.hpp"
#include "registry/redis/secret_scripts.hpp"

#include <algorithm>
#include <charconv>

namespace faas::registry {

using redis::reply;

struct redis_secrets::state {
  state(redis_secrets_options with, const clock_source& clock, uint64_t seed)
    : options(std::move(with)),
      keys(options.prefix),
      client(options.client, clock, seed),
      random(seed + 1) {}

  std::vector<redis::command> wait_command() const;
  result<void> confirmed(const reply& last);
  result<void> confirm();
  std::string new_id() { return call_id::make(random).to_string(); }

  redis_secrets_options options;
  redis::secret_keys keys;
  redis::client client;
  random_source random;
  revision seen;     ///< the highest
  std::string fence; ///< "token holder"; empty: none
  /// A change was written that too few replicas are known to have.
  bool unconfirmed = false;
};

namespace {

error gone() {
  return {errc::unavailable,
          "the catalog in Redis is gone, and the secrets with it",
          "bring the data of Redis back; see docs/operations.md"};
}

error moved_on(const std::string& what) {
  return {errc::conflict, what,
          "load the secrets again and repeat the command"};
}

/// What a script's answer means; redis_catalog tells more of the same.
result<void> refused(const std::string& answer) {
  const auto word = answer.substr(0, answer.find(' '));
  const auto detail
    = answer.size() > word.size() ? answer.substr(word.size() + 1) : "";
  if (word == "OK")
    return {};
  if (word == "EMPTIED")
    return gone();
  if (word == "FENCED")
    return error{errc::unavailable,
                 "this controller does not lead: "
                   + (detail.empty() ? "nobody has the lease"
                                     : "the lease went to " + detail),
                 "repeat the command; it reaches the leader"};
  if (word == "HISTORY")
    return moved_on("the catalog in Redis has another history: " + detail);
  if (word == "REVISION")
    return moved_on("the secrets in Redis are at revision " + detail);
  if (word == "REPEATED")
    return error{errc::conflict, "the request was carried out before",
                 "ask for its outcome"};
  if (word == "SCHEMA")
    return error{errc::conflict, "the catalog in Redis has schema " + detail,
                 "start the faas-node version that wrote it"};
  return error{errc::internal, "Redis answered \"" + answer + "\"",
               "report this"};
}

result<secrets_state> state_from(const reply& loaded) {
  if (loaded.items.size() != 4)
    return error{errc::internal, "the secrets in Redis are none of ours",
                 "choose another registry.redis_prefix"};
  secrets_state read;
  if (loaded.items[0].text != std::to_string(redis::schema_version)
      && !loaded.items[1].text.empty())
    return refused("SCHEMA " + loaded.items[0].text).error();
  read.at.history = loaded.items[1].text;
  if (read.at.history.empty())
    return gone();
  const auto& number = loaded.items[2].text;
  const auto* end = number.data() + number.size();
  if (std::from_chars(number.data(), end, read.at.number).ptr != end)
    return error{errc::internal, "the secrets in Redis have no revision",
                 "restore a backup"};
  const auto& pairs = loaded.items[3].items;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    secret_name name{pairs[i].text};
    auto secret = secret_from_json(name, pairs[i + 1].text);
    if (!secret)
      return secret.error();
    read.secrets[std::move(name)] = std::move(*secret);
  }
  return read;
}

} // namespace

std::vector<redis::command> redis_secrets::state::wait_command() const {
  if (options.wait_replicas == 0)
    return {};
  const auto ms
    = std::chrono::ceil<std::chrono::milliseconds>(options.wait_timeout);
  return {{"WAIT", std::to_string(options.wait_replicas),
           std::to_string(ms.count())}};
}

result<void> redis_secrets::state::confirmed(const reply& last) {
  if (options.wait_replicas == 0)
    return {};
  unconfirmed = last.is != reply::kind::number
                || last.number < int64_t{options.wait_replicas};
  if (!unconfirmed)
    return {};
  if (last.failed())
    return client.error_of(last.text);
  return error{errc::unavailable,
               "Redis has the change, but only " + std::to_string(last.number)
                 + " of " + std::to_string(options.wait_replicas)
                 + " replicas confirmed it",
               "start the replicas, then repeat the command with its request "
               "id"};
}

/// Nothing that too few replicas have may be told as done.
result<void> redis_secrets::state::confirm() {
  if (!unconfirmed)
    return {};
  std::vector<redis::command> all{{"HSET", keys.head, "confirm", new_id()}};
  all.push_back(wait_command().front());
  auto replies = client.run(all);
  if (!replies)
    return replies.error();
  if (replies->front().failed())
    return client.error_of(replies->front().text);
  return confirmed(replies->back());
}

redis_secrets::redis_secrets(std::unique_ptr<state> opened)
  : state_(std::move(opened)) {}

redis_secrets::~redis_secrets() = default;

result<std::unique_ptr<redis_secrets>>
redis_secrets::open(redis_secrets_options options, const clock_source& clock,
                    random_source& random) {
  if (auto ok = check_redis_prefix(options.prefix); !ok)
    return ok.error();
  // The server's own wait must end before ours.
  options.wait_timeout = std::clamp<duration>(
    options.wait_timeout, std::chrono::milliseconds{1},
    std::max<duration>(options.client.command_timeout / 2,
                       std::chrono::milliseconds{1}));
  return std::unique_ptr<redis_secrets>{new redis_secrets{
    std::make_unique<state>(std::move(options), clock, random.next())}};
}

result<secrets_state> redis_secrets::load() {
  auto& s = *state_;
  s.unconfirmed = s.options.wait_replicas > 0;
  auto replies
    = s.client.eval(redis::load_secrets_script(),
                    {s.keys.catalog, s.keys.head, s.keys.secrets}, {});
  if (!replies)
    return replies.error();
  auto read = state_from(replies->front());
  if (!read)
    return read;
  if (read->at.history == s.seen.history && read->at.number < s.seen.number)
    return error{errc::unavailable,
                 "the secrets in Redis went back from revision "
                   + std::to_string(s.seen.number) + " to "
                   + std::to_string(read->at.number) + ": changes were lost",
                 "bring the data of Redis back; or, to go on from there, "
                 "restart the node"};
  s.seen = read->at;
  return read;
}

result<std::optional<secret_outcome>>
redis_secrets::outcome_of(const request_id& request) {
  auto& s = *state_;
  if (request.empty())
    return std::optional<secret_outcome>{};
  const std::vector<redis::command> commands{
    {"HGET", s.keys.requests, request.str()},
    {"HGET", s.keys.catalog, "history"}};
  auto replies = s.client.run(commands);
  if (!replies)
    return replies.error();
  for (const auto& one : *replies)
    if (one.failed())
      return s.client.error_of(one.text);
  if (replies->front().is != reply::kind::text)
    return std::optional<secret_outcome>{};
  if (auto ok = s.confirm(); !ok)
    return ok.error();
  auto outcome = secret_outcome_from_text(replies->front().text);
  if (!outcome)
    return outcome.error();
  outcome->at.history = replies->back().text;
  return std::optional{*outcome};
}

result<void> redis_secrets::commit(const secret_change& change) {
  auto& s = *state_;
  const auto& outcome = change.outcome;
  if (!outcome.unchanged && outcome.at.number == 0)
    return moved_on("the change was planned on no revision");
  const auto before = outcome.at.number - (outcome.unchanged ? 0 : 1);
  const bool writes = !outcome.unchanged && change.record;
  auto replies = s.client.eval(
    redis::commit_secret_script(),
    {s.keys.catalog, s.keys.head, s.keys.secrets, s.keys.requests,
     s.keys.request_order},
    {std::to_string(redis::schema_version), outcome.at.history,
     std::to_string(before), std::to_string(outcome.at.number), s.fence,
     s.new_id(), change.request.str(), secret_outcome_to_text(outcome),
     std::to_string(s.options.remembered_requests), change.name.str(),
     writes ? secret_to_json(*change.record) : ""},
    s.wait_command());
  if (!replies)
    return replies.error();
  if (auto ok = refused(replies->front().text); !ok)
    return ok;
  s.seen = outcome.at;
  return s.confirmed(replies->back());
}

result<void> redis_secrets::stage(const secrets_state& with) {
  auto& s = *state_;
  constexpr size_t batch_bytes = size_t{1} << 20;
  auto next = with.secrets.begin();
  bool first = true;
  while (first || next != with.secrets.end()) {
    std::vector<std::string> values{
      std::to_string(redis::schema_version), s.fence, with.at.history,
      std::to_string(with.at.number), first ? "1" : "0"};
    first = false;
    for (size_t bytes = 0;
         next != with.secrets.end() && bytes < batch_bytes; ++next) {
      values.push_back(next->first.str());
      values.push_back(secret_to_json(next->second));
      bytes += values.back().size();
    }
    auto replies
      = s.client.eval(redis::stage_secrets_script(),
                      {s.keys.catalog, s.keys.head, s.keys.staged}, values);
    if (!replies)
      return replies.error();
    if (auto ok = refused(replies->front().text); !ok)
      return ok;
  }
  return {};
}

result<void> redis_secrets::settle(const std::string& history) {
  auto& s = *state_;
  auto replies = s.client.eval(
    redis::settle_secrets_script(),
    {s.keys.catalog, s.keys.head, s.keys.staged, s.keys.secrets,
     s.keys.requests, s.keys.request_order},
    {std::to_string(redis::schema_version), s.fence, history},
    s.wait_command());
  if (!replies)
    return replies.error();
  if (auto ok = refused(replies->front().text); !ok)
    return ok;
  return s.confirmed(replies->back());
}

void redis_secrets::fence(const lease& held) {
  state_->fence = held.token == 0
                    ? ""
                    : std::to_string(held.token) + " " + held.holder;
}

} // namespace faas::registry
