// GET /system/logs: a stream of JSON lines.
#include "gateway/api/context.hpp"
#include "gateway/api/deployment.hpp"
#include "gateway/api/log_cursor.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faas::api {
namespace {

constexpr duration poll_every = std::chrono::milliseconds{250};

/// One followed stream. Lives in the callbacks that carry it on; ends when the
/// client leaves, the time is over, or the pool is full or stopped.
struct log_stream {
  log_stream(context_ptr c, answer_ptr a, log_query query)
    : context(std::move(c)), answer(std::move(a)), cursor(std::move(query)) {}

  context_ptr context;
  answer_ptr answer;
  log_cursor cursor;
  bool follow = false;
  bool begun = false;
  time_point until{};
  std::string instance; ///< only this node's lines, when not empty
};
using stream_ptr = std::shared_ptr<log_stream>;

void poll(const stream_ptr& stream);

std::string lines_text(log_stream& stream, std::vector<log_line> lines) {
  std::string text;
  for (const auto& line : stream.cursor.fresh(std::move(lines)))
    if (stream.instance.empty() || line.instance == stream.instance)
      text += to_text(log_json(line)) + "\n";
  return text;
}

void take(const stream_ptr& stream, result<std::vector<log_line>> lines) {
  if (!lines && !stream->begun)
    return respond(stream->answer, lines.error());
  if (!std::exchange(stream->begun, true))
    stream->answer->begin({200, "application/x-ndjson", {}, {}});
  // A failed poll of a stream that has begun: the next one may succeed.
  if (lines)
    if (auto text = lines_text(*stream, std::move(*lines)); !text.empty())
      stream->answer->write(std::move(text));
  const auto go_on = stream->follow && stream->answer->write({})
                     && stream->context->clock.now() < stream->until;
  if (!go_on || !stream->context->pool.run_after(poll_every, [stream] {
        poll(stream);
      }))
    stream->answer->end();
}

void poll(const stream_ptr& stream) {
  stream->context->admin.logs(stream->cursor.next(),
                              [stream](result<std::vector<log_line>> lines) {
                                take(stream, std::move(lines));
                              });
}

result<log_query> read_query(std::string_view text) {
  log_query query;
  query.function = function_name{
    std::string{strip_default_namespace(query_value(text, "name"))}};
  if (query.function.empty())
    return error{errc::invalid_argument, "name is missing",
                 "ask for example /system/logs?name=hello"};
  const auto tail = query_value(text, "tail");
  if (!tail.empty()) {
    const auto [end, failed]
      = std::from_chars(tail.data(), tail.data() + tail.size(), query.tail);
    if (failed != std::errc{} || end != tail.data() + tail.size())
      return error{errc::invalid_argument, "tail is no number",
                   "ask for example tail=10, or -1 for all"};
  }
  const auto since = query_value(text, "since");
  if (!since.empty()) {
    const auto when = parse_rfc3339(since);
    if (!when)
      return error{errc::invalid_argument, "since is no RFC 3339 time",
                   "ask for example since=2026-01-02T03:04:05Z"};
    query.since = *when;
  }
  return query;
}

} // namespace

void show_logs(const context_ptr& context, const api_request& request,
               answer_ptr answer) {
  auto query = read_query(request.query);
  if (!query) // OpenFaaS answers 422 to what it cannot parse
    return answer->respond(error_response(query.error(), 422));
  auto stream = std::make_shared<log_stream>(context, std::move(answer),
                                             std::move(*query));
  const auto follow = query_value(request.query, "follow");
  stream->follow = follow == "true" || follow == "1";
  stream->instance = query_value(request.query, "instance");
  stream->until = context->clock.now() + context->log_follow;
  poll(stream);
}

} // namespace faas::api
