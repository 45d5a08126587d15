#include "registry/redis/snapshot.hpp"

#include "registry/records/record_json.hpp"

#include <algorithm>
#include <charconv>

namespace faas::registry::redis {
namespace {

/// Functions read by one command, and commands under way at once: a few MB.
constexpr size_t batch = 64;
constexpr size_t batches_at_once = 8;

command head_command(const key_names& keys) {
  return {"HMGET", keys.catalog, "schema", "history", "number"};
}

error odd_answer(const std::string& key) {
  return {errc::internal, "the key " + key + " of Redis is no catalog of ours",
          "choose another registry.redis_prefix, or restore a backup"};
}

result<void> read_retired(const std::vector<reply>& pairs,
                          catalog_state& into) {
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    function_name name{pairs[i].text};
    auto retired = retired_from_text(name, pairs[i + 1].text);
    if (!retired)
      return retired.error();
    into.retired[std::move(name)] = *retired;
  }
  return {};
}

/// Reads names[from..to) into the state; false: one has gone meanwhile.
result<bool> read_functions(client& server, const key_names& keys,
                            const std::vector<reply>& names, size_t from,
                            size_t to, catalog_state& into) {
  std::vector<command> commands;
  for (auto i = from; i < to; ++i) {
    if ((i - from) % batch == 0)
      commands.push_back({"HMGET", keys.functions});
    commands.back().push_back(names[i].text);
  }
  auto replies = server.run(commands);
  if (!replies)
    return replies.error();
  auto at = from;
  for (const auto& one : *replies) {
    if (one.failed())
      return server.error_of(one.text);
    for (const auto& text : one.items) {
      const function_name name{names[at++].text};
      if (text.is != reply::kind::text)
        return false;
      auto record = record_from_json(name, text.text);
      if (!record)
        return record.error();
      into.functions.emplace(name, std::move(*record));
    }
  }
  return at == to;
}

} // namespace

result<store_head> head_of(const reply& from) {
  store_head head;
  if (from.items.size() != 3)
    return odd_answer("catalog");
  head.schema = from.items[0].text;
  head.history = from.items[1].text;
  const auto& number = from.items[2].text;
  const auto* end = number.data() + number.size();
  if (!head.history.empty()
      && std::from_chars(number.data(), end, head.number).ptr != end)
    return odd_answer("catalog");
  return head;
}

result<store_head> read_head(client& server, const key_names& keys) {
  auto found = server.run_one(head_command(keys));
  if (!found)
    return found.error();
  return head_of(*found);
}

result<std::optional<catalog_state>> read_snapshot(client& server,
                                                   const key_names& keys,
                                                   const revision& at) {
  const std::vector<command> first{{"HGETALL", keys.retired},
                                   {"HKEYS", keys.functions}};
  auto replies = server.run(first);
  if (!replies)
    return replies.error();
  for (const auto& one : *replies)
    if (one.failed())
      return server.error_of(one.text);
  catalog_state state;
  state.at = at;
  if (auto ok = read_retired((*replies)[0].items, state); !ok)
    return ok.error();
  const auto& names = (*replies)[1].items;
  for (size_t from = 0; from < names.size();) {
    const auto to = std::min(names.size(), from + batch * batches_at_once);
    auto complete = read_functions(server, keys, names, from, to, state);
    if (!complete)
      return complete.error();
    if (!*complete)
      return std::optional<catalog_state>{};
    from = to;
  }
  auto head = read_head(server, keys);
  if (!head)
    return head.error();
  if (head->history != at.history || head->number != at.number)
    return std::optional<catalog_state>{};
  return std::optional{std::move(state)};
}

} // namespace faas::registry::redis
