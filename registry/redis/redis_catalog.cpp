#include "registry/redis/redis_catalog.hpp"

#include "registry/records/record_json.hpp"
#include "registry/redis/catalog_stage.hpp"
#include "registry/redis/import_scripts.hpp"
#include "registry/redis/snapshot.hpp"
#include "registry/redis/witness.hpp"

#include <algorithm>
#include <array>

namespace faas::registry {

using redis::reply;

namespace {

constexpr size_t prefix_bytes = 64;
/// Loads begin again when another controller commits meanwhile.
constexpr int load_attempts = 5;

std::string fence_text(const lease& held) {
  return held.token == 0 ? ""
                         : std::to_string(held.token) + " " + held.holder;
}

error newer_schema(const std::string& found) {
  return {errc::conflict,
          "the catalog in Redis has schema " + found
            + ", this faas-node writes schema "
            + std::to_string(redis::schema_version),
          "start the faas-node version that wrote it, or choose another "
          "registry.redis_prefix"};
}

error moved_on(const std::string& what) {
  return {errc::conflict, what,
          "load the catalog again and repeat the command"};
}

} // namespace

struct redis_catalog::state {
  state(redis_catalog_options with, const clock_source& clock, uint64_t seed)
    : options(std::move(with)),
      keys(options.prefix),
      client(options.client, clock, seed),
      random(seed + 1),
      known(options.witness) {}

  std::string new_id() { return call_id::make(random).to_string(); }
  void note(const std::string& line) const {
    if (options.log)
      options.log(line);
  }
  error emptied() const;
  error went_back(uint64_t from, uint64_t to) const;
  result<void> refused(const std::string& answer) const;
  result<revision> begin();
  result<revision> checked(const redis::store_head& head);
  result<revision> rebase(const revision& found);
  std::vector<redis::command> wait_command() const;
  result<void> confirmed(const std::vector<reply>& replies);
  result<void> confirm();

  redis_catalog_options options;
  redis::key_names keys;
  redis::client client;
  random_source random;
  redis::witness known;
  std::string fence; ///< "token holder"; empty: none
  /// A change was written that too few replicas are known to have.
  bool unconfirmed = false;
  bool loaded = false;
};

error redis_catalog::state::emptied() const {
  const auto file = options.witness.empty()
                      ? std::string{}
                      : " and remove " + options.witness.string();
  return {errc::unavailable,
          "the catalog in Redis is gone: it was emptied, or Redis started "
          "without its data",
          "bring the data of Redis back; or, to begin with an empty catalog, "
          "stop the node"
            + file + ", then start it again"};
}

error redis_catalog::state::went_back(uint64_t from, uint64_t to) const {
  return {errc::unavailable,
          "the catalog in Redis went back from revision " + std::to_string(from)
            + " to " + std::to_string(to) + ": changes were lost",
          "bring the data of Redis back; or, to go on from there in a new "
          "history, restart the node"};
}

/// What a script's answer means.
result<void> redis_catalog::state::refused(const std::string& answer) const {
  const auto blank = std::min(answer.find(' '), answer.size());
  const auto word = answer.substr(0, blank);
  const auto detail = answer.substr(std::min(blank + 1, answer.size()));
  if (word == "OK")
    return {};
  if (word == "EMPTIED")
    return emptied();
  if (word == "SCHEMA")
    return newer_schema(detail);
  if (word == "FENCED")
    return error{errc::unavailable,
                 "this controller does not lead: "
                   + (detail.empty() ? "nobody has the lease"
                                     : "the lease went to " + detail),
                 "repeat the command; it reaches the leader"};
  if (word == "HISTORY")
    return moved_on("the catalog in Redis has another history: " + detail);
  if (word == "REVISION")
    return moved_on("the catalog in Redis is at revision " + detail);
  if (word == "REPEATED")
    return error{errc::conflict, "the request was carried out before",
                 "ask for its outcome"};
  return error{errc::internal, "Redis answered \"" + answer + "\"",
               "report this"};
}

std::vector<redis::command> redis_catalog::state::wait_command() const {
  if (options.wait_replicas == 0)
    return {};
  using std::chrono::milliseconds;
  const auto ms = std::chrono::ceil<milliseconds>(options.wait_timeout);
  return {{"WAIT", std::to_string(options.wait_replicas),
           std::to_string(ms.count())}};
}

/// The last reply is that of WAIT, when there was one.
result<void>
redis_catalog::state::confirmed(const std::vector<reply>& replies) {
  if (options.wait_replicas == 0)
    return {};
  const auto& last = replies.back();
  unconfirmed = last.is != reply::kind::number
                || last.number < int64_t{options.wait_replicas};
  if (!unconfirmed)
    return {};
  if (last.failed())
    return client.error_of(last.text);
  return error{errc::unavailable,
               "Redis has the change, but only "
                 + std::to_string(last.number) + " of "
                 + std::to_string(options.wait_replicas)
                 + " replicas confirmed it",
               "start the replicas, then repeat the command with its request "
               "id"};
}

/// Nothing that too few replicas have may be told as done.
result<void> redis_catalog::state::confirm() {
  if (!unconfirmed)
    return {};
  std::vector<redis::command> all{
    {"HSET", keys.catalog, "confirm", new_id()}};
  all.push_back(wait_command().front());
  auto replies = client.run(all);
  if (!replies)
    return replies.error();
  if (replies->front().failed())
    return client.error_of(replies->front().text);
  return confirmed(*replies);
}

/// Finds the store, or makes it when this node has never seen one.
result<revision> redis_catalog::state::begin() {
  auto head = redis::read_head(client, keys);
  if (!head)
    return head.error();
  if (!head->history.empty())
    return checked(*head);
  auto seen = known.seen();
  if (!seen)
    return seen.error();
  if (*seen && (*seen)->number > 0)
    return emptied();
  auto made = client.eval(
    redis::create_script(), {keys.catalog, keys.functions},
    {std::to_string(redis::schema_version), new_id()});
  if (!made)
    return made.error();
  auto created = redis::head_of(made->front());
  if (!created)
    return created.error();
  return checked(*created);
}

result<revision>
redis_catalog::state::checked(const redis::store_head& head) {
  if (head.schema != std::to_string(redis::schema_version))
    return newer_schema(head.schema);
  const revision found{head.history, head.number};
  auto seen = known.seen();
  if (!seen)
    return seen.error();
  if (*seen && (*seen)->history == found.history
      && (*seen)->number > found.number) {
    // What runs is not taken away because a store went back.
    if (loaded)
      return went_back((*seen)->number, found.number);
    return rebase(found);
  }
  if (*seen && (*seen)->history != found.history)
    note("the catalog in Redis has a new history, " + found.history);
  return found;
}

/// The store went back: its later numbers would be given twice.
result<revision> redis_catalog::state::rebase(const revision& found) {
  const revision begun{new_id(), found.number};
  auto done = client.eval(redis::rebase_script(), {keys.catalog},
                          {std::to_string(redis::schema_version),
                           found.history, std::to_string(found.number), fence,
                           begun.history});
  if (!done)
    return done.error();
  if (auto ok = refused(done->front().text); !ok)
    return ok.error();
  auto seen = known.seen();
  note("the catalog in Redis went back to revision "
       + std::to_string(found.number)
       + (seen && *seen ? ", this node has seen "
                            + std::to_string((*seen)->number)
                        : "")
       + ": changes were lost; it has a new history from here");
  return begun;
}

redis_catalog::redis_catalog(std::unique_ptr<state> opened)
  : state_(std::move(opened)) {}

redis_catalog::~redis_catalog() = default;

result<void> check_redis_prefix(const std::string& prefix) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '_'
           || c == '-';
  };
  if (prefix.size() > prefix_bytes
      || !std::all_of(prefix.begin(), prefix.end(), allowed))
    return error{errc::invalid_argument,
                 "\"" + prefix.substr(0, 80) + "\" cannot begin keys",
                 "use up to 64 letters, digits and . : _ -"};
  return {};
}

result<std::unique_ptr<redis_catalog>>
redis_catalog::open(redis_catalog_options options, const clock_source& clock,
                    random_source& random) {
  if (auto ok = check_redis_prefix(options.prefix); !ok)
    return ok.error();
  // The server's own wait must end before ours; none would wait for ever.
  options.wait_timeout = std::clamp<duration>(
    options.wait_timeout, std::chrono::milliseconds{1},
    std::max<duration>(options.client.command_timeout / 2,
                       std::chrono::milliseconds{1}));
  return std::unique_ptr<redis_catalog>{new redis_catalog{
    std::make_unique<state>(std::move(options), clock, random.next())}};
}

result<catalog_state> redis_catalog::load() {
  auto& s = *state_;
  s.unconfirmed = s.options.wait_replicas > 0;
  for (int attempt = 0; attempt < load_attempts; ++attempt) {
    auto at = s.begin();
    if (!at)
      return at.error();
    auto read = redis::read_snapshot(s.client, s.keys, *at);
    if (!read)
      return read.error();
    if (!*read)
      continue;
    // Too few replicas are no reason not to serve what is there.
    if (auto ok = s.confirm(); !ok)
      s.note(ok.error().message);
    s.known.saw(*at);
    s.loaded = true;
    return std::move(**read);
  }
  return error{errc::unavailable,
               "the catalog in Redis changes faster than it can be read",
               "repeat later"};
}

result<std::optional<command_outcome>>
redis_catalog::outcome_of(const request_id& request) {
  auto& s = *state_;
  if (request.empty())
    return std::optional<command_outcome>{};
  const std::array commands{
    redis::command{"HGET", s.keys.requests, request.str()},
    redis::command{"HGET", s.keys.catalog, "history"}};
  auto replies = s.client.run(commands);
  if (!replies)
    return replies.error();
  for (const auto& one : *replies)
    if (one.failed())
      return s.client.error_of(one.text);
  if (replies->front().is != reply::kind::text)
    return std::optional<command_outcome>{};
  if (auto ok = s.confirm(); !ok)
    return ok.error();
  auto outcome = outcome_from_text(replies->front().text);
  if (!outcome)
    return outcome.error();
  outcome->at.history = replies->back().text;
  return std::optional{*outcome};
}

namespace {

/// What the commit script gets of one change.
void add_arguments(std::vector<std::string>& arguments,
                   const catalog_change& change) {
  const auto& outcome = change.outcome;
  arguments.push_back(std::to_string(outcome.at.number));
  arguments.push_back(change.request.str());
  arguments.push_back(outcome_to_text(outcome));
  // Without a function the catalog itself does not change.
  arguments.push_back(outcome.unchanged ? "" : change.function.str());
  arguments.push_back(!outcome.unchanged && change.record
                        ? record_to_json(*change.record)
                        : "");
}

/// The revision that they were planned on, when each was planned on the one
/// before it.
std::optional<revision> base_of(std::span<const catalog_change> changes) {
  auto at = changes.front().outcome.at;
  if (!changes.front().outcome.unchanged && at.number-- == 0)
    return std::nullopt;
  const auto base = at;
  for (const auto& change : changes) {
    at.number += change.outcome.unchanged ? 0 : 1;
    if (change.outcome.at != at)
      return std::nullopt;
  }
  return base;
}

} // namespace

result<void>
redis_catalog::commit(std::span<const catalog_change> changes) {
  auto& s = *state_;
  if (changes.empty())
    return {};
  const auto base = base_of(changes);
  if (!base)
    return moved_on("the change was planned on another revision");
  const auto& last = changes.back().outcome.at;
  std::vector<std::string> arguments{std::to_string(redis::schema_version),
                                     base->history,
                                     std::to_string(base->number),
                                     std::to_string(last.number),
                                     s.fence,
                                     s.new_id(),
                                     std::to_string(s.options
                                                      .remembered_requests),
                                     std::to_string(kept_retired)};
  for (const auto& change : changes)
    add_arguments(arguments, change);
  auto replies = s.client.eval(
    redis::commit_script(),
    {s.keys.catalog, s.keys.functions, s.keys.retired, s.keys.retired_order,
     s.keys.requests, s.keys.request_order},
    std::move(arguments), s.wait_command());
  if (!replies)
    return replies.error();
  if (auto ok = s.refused(replies->front().text); !ok)
    return ok;
  s.known.saw(last);
  return s.confirmed(*replies);
}

result<void> redis_catalog::replace(const catalog_state& with,
                                    const request_id& request) {
  auto& s = *state_;
  auto head = redis::read_head(s.client, s.keys);
  if (!head)
    return head.error();
  const redis::staged_keys staged{s.options.prefix, s.new_id()};
  if (auto ok = redis::stage(s.client, staged, with); !ok)
    return ok;
  command_outcome outcome;
  outcome.at = with.at;
  auto replies = s.client.eval(
    redis::replace_script(),
    {s.keys.catalog, s.keys.functions, s.keys.retired, s.keys.retired_order,
     s.keys.requests, s.keys.request_order, staged.functions, staged.retired,
     staged.retired_order},
    {std::to_string(redis::schema_version), head->history, s.fence,
     s.new_id(), with.at.history, std::to_string(with.at.number),
     request.str(), outcome_to_text(outcome),
     std::to_string(with.functions.size()),
     std::to_string(with.retired.size())},
    s.wait_command());
  if (!replies)
    return replies.error();
  if (replies->front().text == "GONE")
    return error{errc::unavailable,
                 "the import took longer than Redis keeps what is staged",
                 "nothing was changed; repeat the command"};
  if (auto ok = s.refused(replies->front().text); !ok)
    return ok;
  s.known.saw(with.at);
  return s.confirmed(*replies);
}

void redis_catalog::fence(const lease& held) {
  state_->fence = fence_text(held);
}

void redis_catalog::seen(const revision& at) {
  auto& s = *state_;
  auto known = s.known.seen();
  if (known && *known && (*known)->history == at.history
      && (*known)->number >= at.number)
    return;
  s.known.saw(at);
  s.loaded = true;
}

} // namespace faas::registry
