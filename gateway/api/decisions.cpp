// Why a site was chosen: decisions of events that this node took.
#include "gateway/api/context.hpp"
#include "gateway/api/decision_json.hpp"
#include "gateway/api/deployment.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"
#include "libfaas/decisions/sampler.hpp"
#include "libfaas/decisions/segment_reader.hpp"
#include "libfaas/ports/decision_book.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faas::api {
namespace {

using decisions::record;

constexpr size_t usual_limit = 20, largest_limit = 1000;
/// Loops hand over what has ended each 100 ms.
constexpr duration settle_time = std::chrono::milliseconds{300};

error log_is_off() {
  return {errc::unavailable, "this node logs no decisions",
          "set decisions.share above 0 and start the node again"};
}

/// A whole number in the query; `normal` when it is not there.
result<uint64_t> number_in(std::string_view query, std::string_view key,
                           uint64_t normal) {
  const auto text = query_value(query, key);
  if (text.empty())
    return normal;
  uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || at != end)
    return error{errc::invalid_argument,
                 std::string{key} + " is no whole number",
                 "ask for example ?" + std::string{key} + "=20"};
  return value;
}

nlohmann::json list_of(const std::vector<record>& all) {
  auto out = nlohmann::json::array();
  for (const auto& one : all)
    out.push_back(decision_json(one));
  return out;
}

/// How far back the files go.
std::string oldest_of(const decision_book& book) {
  const auto files = book.segments();
  if (files.empty())
    return "it keeps no files of them";
  std::string since = "the oldest of its files cannot be read";
  if (const auto bytes = book.segment(files.front().number)) {
    const auto facts
      = decisions::read_log(*bytes, [](const record&) { return false; });
    if (facts && !facts->segments.empty())
      since = "its log goes back to "
              + rfc3339(wall_of(facts->segments.front().created_us));
  }
  return since;
}

/// Which gateways to ask instead.
std::string other_gateways(const std::vector<node_status>& nodes) {
  std::string text;
  for (const auto& node : nodes)
    if (!node.self && !node.address.empty() && node.state == node_state::alive)
      text += (text.empty() ? "" : ", ") + node.name.str() + " (-g http://"
              + node.address + ")";
  return text;
}

/// Why this node cannot tell, and what to do.
error unknown_call(const decision_book& book, const call_id& id,
                   const std::string& others) {
  const auto now = book.status();
  char share[32];
  std::snprintf(share, sizeof share, "%g", now.share);
  if (decisions::place_of(id) >= now.share)
    return {errc::not_found,
            "call " + id.to_string()
              + " is not logged: with decisions.share " + share
              + " it is not in the sample",
            "set decisions.share to 1 and call again"};
  auto what = "this node has no decision of call " + id.to_string();
  what += ": " + oldest_of(book)
          + "; an event that another node took, or that went over "
          "decisions.rate, is not in it";
  return {errc::not_found, std::move(what),
          others.empty() ? "check the id (header X-Call-Id of the answer)"
                         : "ask the node that took the event: " + others};
}

void answer_unknown(const context_ptr& context, const call_id& id,
                    const answer_ptr& answer) {
  context->admin.nodes([=](result<std::vector<node_status>> nodes) {
    const auto others = nodes ? other_gateways(*nodes) : std::string{};
    run_blocking(context, answer, [=] {
      respond(answer, unknown_call(*context->decisions, id, others));
    });
  });
}

/// `by`: the node that took the event; empty: this one.
void answer_attempts(const call_id& id, const std::vector<record>& found,
                     const answer_ptr& answer, const node_name& by = {}) {
  nlohmann::json made{{"call", id.to_string()}, {"attempts", list_of(found)}};
  if (!by.empty())
    made["node"] = by.str();
  answer->respond(json_response(to_text(made)));
}

/// Another node may have taken it.
void ask_others(const context_ptr& context, const call_id& id,
                const answer_ptr& answer) {
  context->admin.decisions_elsewhere(id, [=](result<told_decisions> told) {
    if (told && !told->attempts.empty())
      return answer_attempts(id, told->attempts, answer, told->by);
    answer_unknown(context, id, answer);
  });
}

/// Asks a second time for an event that has only just ended.
void answer_call(const context_ptr& context, const call_id& id,
                 const answer_ptr& answer, bool again) {
  const auto found = context->decisions->find(id);
  if (!found.empty())
    return answer_attempts(id, found, answer);
  if (again)
    return ask_others(context, id, answer);
  if (!context->pool.run_after(settle_time, [=] {
        answer_call(context, id, answer, true);
      }))
    ask_others(context, id, answer);
}

void answer_log(const context_ptr& context, const api_request& request,
                const answer_ptr& answer) {
  const auto number = number_in(request.query, "segment", 0);
  if (!number)
    return respond(answer, number.error());
  run_blocking(context, answer, [context, answer, number = *number] {
    const auto& book = *context->decisions;
    if (number == 0) {
      auto files = nlohmann::json::array();
      for (const auto& one : book.segments())
        files.push_back({{"segment", one.number}, {"bytes", one.bytes}});
      return answer->respond(
        json_response(to_text(log_json(book.status(), std::move(files)))));
    }
    auto bytes = book.segment(number);
    if (!bytes && bytes.error().code == errc::not_found)
      return respond(answer, {errc::not_found,
                              "there is no segment " + std::to_string(number)
                                + " any more",
                              "list them: GET /system/decisions/log"});
    if (!bytes)
      return respond(answer, bytes.error());
    answer->respond({200, "application/octet-stream", {}, std::move(*bytes)});
  });
}

} // namespace

void show_decisions(const context_ptr& context, const api_request& request,
                    answer_ptr answer) {
  if (context->decisions == nullptr)
    return respond(answer, log_is_off());
  const auto limit = number_in(request.query, "limit", usual_limit);
  if (!limit)
    return respond(answer, limit.error());
  const std::string function{
    strip_default_namespace(query_value(request.query, "function"))};
  run_blocking(context, answer, [=, count = *limit] {
    answer->respond(json_response(to_text(list_of(context->decisions->newest(
      function, std::min<uint64_t>(count, largest_limit))))));
  });
}

void show_decision(const context_ptr& context, const api_request& request,
                   std::string_view name, answer_ptr answer) {
  if (context->decisions == nullptr)
    return respond(answer, log_is_off());
  if (name == "log")
    return answer_log(context, request, answer);
  const auto id = call_id::parse(name);
  if (!id)
    return respond(answer, {errc::invalid_argument,
                            "\"" + std::string{name.substr(0, 60)}
                              + "\" is no call id",
                            "it is in the header X-Call-Id of the answer"});
  run_blocking(context, answer, [context, answer, id = *id] {
    answer_call(context, id, answer, false);
  });
}

} // namespace faas::api
