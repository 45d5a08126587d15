// Which versions get which events: shares, rollouts, aliases.
#include "gateway/api/context.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faas::api {
namespace {

using nlohmann::json;

/// A version number from 1 on; 0 when it is none.
uint32_t version_in(std::string_view text) noexcept {
  uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc{} && at == end ? number : 0;
}

result<traffic_weights> read_weights(std::string_view body) {
  const error wrong{errc::invalid_argument,
                    "the body must be {\"weights\": {VERSION: PER CENT}}",
                    "for example {\"weights\": {\"3\": 90, \"4\": 10}}"};
  const auto object = json::parse(body, nullptr, false);
  if (!object.is_object() || !object.contains("weights")
      || !object["weights"].is_object())
    return wrong;
  traffic_weights weights;
  for (const auto& [version, weight] : object["weights"].items()) {
    const auto number = version_in(version);
    if (number == 0 || !weight.is_number_unsigned()
        || weight.get<uint64_t>() > 100)
      return wrong;
    weights[number] = weight.get<uint32_t>();
  }
  return weights;
}

} // namespace

void show_traffic(const context_ptr& context, std::string_view name,
                  answer_ptr answer) {
  context->admin.describe(
    plain_name(name), [answer](result<function_status> status) {
      if (!status)
        return respond(answer, status.error());
      answer->respond(json_response(to_text(traffic_json(*status))));
    });
}

void set_traffic(const context_ptr& context, const api_request& request,
                 std::string_view name, answer_ptr answer) {
  auto weights = read_weights(request.body);
  if (!weights)
    return respond(answer, weights.error());
  context->admin.traffic({context->id_of(request), plain_name(name),
                          std::move(*weights), "admin"},
                         outcome_answer(answer));
}

void steer_rollout(const context_ptr& context, const api_request& request,
                   std::string_view name, answer_ptr answer) {
  using action = rollout_command::action;
  const auto text = query_value(request.query, "action");
  auto what = action::abort;
  if (text == "pause")
    what = action::pause;
  else if (text == "resume")
    what = action::resume;
  else if (text != "abort")
    return respond(answer, {errc::invalid_argument,
                            "action must be pause, resume or abort",
                            "POST /system/rollout/NAME?action=abort"});
  context->admin.rollout(
    {context->id_of(request), plain_name(name), what, "admin"},
    outcome_answer(answer));
}

void change_alias(const context_ptr& context, const api_request& request,
                  std::string_view name, answer_ptr answer, bool set) {
  const auto version = version_in(query_value(request.query, "version"));
  if (set && version == 0)
    return respond(answer, {errc::invalid_argument,
                            "version is no number from 1 on",
                            "PUT /system/alias/NAME?alias=prod&version=3"});
  context->admin.alias({context->id_of(request), plain_name(name),
                        query_value(request.query, "alias"),
                        set ? version : 0, "admin"},
                       outcome_answer(answer));
}

} // namespace faas::api
