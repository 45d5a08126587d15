#include "gateway/api/context.hpp"

#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

namespace faas::api {
namespace {

/// Longest id a client may choose; it is stored with the command.
constexpr size_t max_request_id = 128;

} // namespace

request_id api_context::id_of(const api_request& request) {
  if (const auto* given = find_header(request.headers, "x-request-id");
      given && !given->empty() && given->size() <= max_request_id)
    return request_id{*given};
  const auto guard = std::lock_guard{mutex};
  return request_id{call_id::make(random).to_string()};
}

api_response error_response(const error& what, uint16_t status) {
  api_response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = to_text({{"error",
                            {{"code", name(what.code)},
                             {"message", what.message},
                             {"next", what.next_step}}}})
                  + "\n";
  if (what.code == errc::overloaded)
    response.headers.push_back({"Retry-After", "1"});
  return response;
}

api_response error_response(const error& what) {
  return error_response(what, http_status(what.code));
}

api_response json_response(std::string body, uint16_t status) {
  return {status, "application/json", {}, std::move(body) + "\n"};
}

void respond(const answer_ptr& answer, const error& what) {
  answer->respond(error_response(what));
}

reply_to<command_outcome> outcome_answer(answer_ptr answer) {
  return [answer = std::move(answer)](result<command_outcome> outcome) {
    if (!outcome)
      return respond(answer, outcome.error());
    answer->respond(json_response(to_text(outcome_json(*outcome)), 202));
  };
}

void run_blocking(const context_ptr& context, const answer_ptr& answer,
                  std::function<void()> task) {
  if (!context->pool.run(std::move(task)))
    respond(answer, {errc::overloaded, "too many management requests wait",
                     "repeat after the time in Retry-After"});
}

} // namespace faas::api
