#include "actors/link/log_answers.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace faas::actors {
namespace {

using nlohmann::json;

int64_t to_ns(wall_time at) {
  return std::chrono::nanoseconds{at.time_since_epoch()}.count();
}
wall_time from_ns(int64_t ns) {
  return wall_time{std::chrono::duration_cast<wall_time::duration>(
    std::chrono::nanoseconds{ns})};
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Short names: a line is short.
json line_json(const log_line& line) {
  return {{"at", to_ns(line.at)},     {"f", line.function.str()},
          {"v", line.version},        {"call", line.call},
          {"text", line.text},        {"n", line.sequence}};
}

log_line line_of(const node_name& node, const json& from) {
  log_line made;
  made.at = from_ns(from.at("at").get<int64_t>());
  made.function = function_name{from.at("f").get<std::string>()};
  made.version = from.value("v", uint32_t{0});
  made.instance = node.str();
  made.call = from.value("call", "");
  made.text = from.value("text", "");
  made.sequence = from.at("n").get<uint64_t>();
  return made;
}

} // namespace

wire::admin_request log_request(const log_query& query) {
  json asked{{"function", query.function.str()},
             {"tail", query.tail},
             {"since", to_ns(query.since)}};
  for (const auto& [node, mark] : query.seen)
    asked["seen"][node] = {mark.sequence, to_ns(mark.at)};
  wire::admin_request made;
  made.kind = logs_kind;
  made.payload = text_of(asked);
  made.remaining = node_rounds::patience;
  return made;
}

std::optional<log_query> query_of(const wire::admin_request& request) {
  const auto asked = json::parse(request.payload, nullptr, false);
  if (request.kind != logs_kind || !asked.is_object())
    return std::nullopt;
  try {
    log_query query;
    query.function = function_name{asked.at("function").get<std::string>()};
    query.tail = asked.value("tail", int64_t{-1});
    query.since = from_ns(asked.value("since", int64_t{0}));
    if (const auto seen = asked.find("seen"); seen != asked.end())
      for (const auto& [node, mark] : seen->items())
        query.seen[node] = {mark.at(0).get<uint64_t>(),
                            from_ns(mark.at(1).get<int64_t>())};
    return query;
  } catch (const std::exception&) { // of another type than expected
    return std::nullopt;
  }
}

wire::admin_reply log_reply(uint64_t id, const std::vector<log_line>& lines) {
  std::vector<std::string> texts;
  size_t bytes = 0;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    texts.push_back(text_of(line_json(*line)));
    bytes += texts.back().size() + 1;
    if (bytes <= log_answer_bytes)
      continue;
    texts.pop_back();
    break;
  }
  wire::admin_reply made;
  made.id = id;
  for (auto text = texts.rbegin(); text != texts.rend(); ++text)
    made.payload += *text + "\n";
  return made;
}

std::vector<log_line> lines_of(const node_answer& answer) {
  std::vector<log_line> all;
  std::string_view left = answer.payload;
  while (!left.empty() && all.size() < limits::log_lines) {
    const auto end = std::min(left.find('\n'), left.size());
    const auto one = json::parse(left.substr(0, end), nullptr, false);
    try {
      if (one.is_object())
        all.push_back(line_of(answer.by, one));
    } catch (const std::exception&) { // not a line
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return all;
}

std::vector<log_line> merged(std::vector<log_line> own, int64_t tail,
                             const std::vector<node_answer>& answers) {
  auto lines = std::move(own);
  for (const auto& answer : answers) {
    auto more = lines_of(answer);
    std::move(more.begin(), more.end(), std::back_inserter(lines));
  }
  std::stable_sort(
    lines.begin(), lines.end(),
    [](const log_line& a, const log_line& b) { return a.at < b.at; });
  const auto last = static_cast<size_t>(std::max<int64_t>(tail, 0));
  if (last > 0 && lines.size() > last)
    lines.erase(lines.begin(),
                lines.end() - static_cast<std::ptrdiff_t>(last));
  return lines;
}

} // namespace faas::actors
