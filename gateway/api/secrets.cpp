// Secrets: values come in, names go out. No answer and no error repeats what
// came in as a value.
#include "gateway/api/context.hpp"
#include "gateway/api/deployment.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/auth/credentials.hpp"

#include <nlohmann/json.hpp>

namespace faas::api {
namespace {

using nlohmann::json;

error bad(std::string what) {
  return {errc::invalid_argument, std::move(what),
          "send {\"name\": NAME, \"value\": TEXT} or, for any bytes, "
          "{\"name\": NAME, \"rawValue\": BASE64}"};
}

/// A parsed body whose texts are overwritten at the end.
class wiped_json {
public:
  explicit wiped_json(const std::string& body)
    : value_(json::parse(body, nullptr, false)) {}
  ~wiped_json() {
    if (value_.is_object())
      for (auto& [key, field] : value_.items())
        if (field.is_string())
          wipe(field.get_ref<std::string&>());
  }
  wiped_json(const wiped_json&) = delete;
  wiped_json& operator=(const wiped_json&) = delete;

  bool is_object() const noexcept { return value_.is_object(); }
  /// The text at that key; null when there is none or it is no text.
  std::string* text(const char* key) {
    const auto found = value_.find(key);
    return found != value_.end() && found->is_string()
             ? &found->get_ref<std::string&>()
             : nullptr;
  }
  bool has(const char* key) const {
    const auto found = value_.find(key);
    return found != value_.end() && !found->is_null();
  }

private:
  json value_;
};

/// OpenFaaS: rawValue counts when value is empty.
result<secret_text> value_in(wiped_json& body) {
  for (const auto* key : {"value", "rawValue"})
    if (body.has(key) && body.text(key) == nullptr)
      return bad(std::string{key} + " is no text");
  if (auto* text = body.text("value"); text && !text->empty())
    return secret_text::take(*text);
  auto* raw = body.text("rawValue");
  if (raw == nullptr)
    return secret_text{};
  auto bytes = auth::decode_base64(*raw);
  if (!bytes)
    return bad("rawValue is no base64");
  return secret_text::take(*bytes);
}

result<secret_name> name_in(wiped_json& body) {
  if (!body.is_object())
    return bad("the body is no JSON object");
  const auto* name = body.text("name");
  if (name == nullptr)
    return bad("the body has no name");
  const auto* name_space = body.text("namespace");
  if (name_space && !is_default_namespace(*name_space))
    return error{errc::not_found, "there is no such namespace",
                 "the only one is openfaas-fn"};
  return secret_name{*name};
}

void put_now(const context_ptr& context, api_request& request,
             const answer_ptr& answer, bool update) {
  wiped_json body{request.body};
  wipe(request.body);
  auto name = name_in(body);
  if (!name)
    return respond(answer, name.error());
  auto value = value_in(body);
  if (!value)
    return respond(answer, value.error());
  using condition = put_secret_command::condition;
  put_secret_command command{
    context->id_of(request), std::move(*name), std::move(*value),
    update ? condition::must_exist : condition::must_not_exist, "admin"};
  const auto shown = command.name.str();
  context->admin.put_secret(
    std::move(command), [answer, shown, update](result<secret_outcome> done) {
      if (!done)
        return respond(answer, done.error());
      const json out{{"name", shown},
                     {"namespace", default_namespace},
                     {"version", done->version},
                     {"unchanged", done->unchanged},
                     {"repeated", done->repeated}};
      answer->respond(json_response(out.dump(), update ? 200 : 201));
    });
}

json secret_json(const secret_status& secret) {
  auto users = json::array();
  for (const auto& user : secret.users)
    users.push_back(user.str());
  return {{"name", secret.name.str()},
          {"namespace", default_namespace},
          {"petrel",
           {{"version", secret.version},
            {"createdAt", rfc3339(secret.created)},
            {"changedAt", rfc3339(secret.changed)},
            {"by", secret.by},
            {"users", std::move(users)}}}};
}

} // namespace

void put_secret(const context_ptr& context, api_request request,
                answer_ptr answer, bool update) {
  // A task must be copyable; there is one request all the same.
  auto kept = std::make_shared<api_request>(std::move(request));
  run_blocking(context, answer, [context, answer, update, kept] {
    put_now(context, *kept, answer, update);
  });
}

void list_secrets(const context_ptr& context, const api_request& request,
                  answer_ptr answer) {
  if (!is_default_namespace(query_value(request.query, "namespace")))
    return answer->respond(json_response("[]"));
  context->admin.secrets([answer](result<std::vector<secret_status>> all) {
    if (!all)
      return respond(answer, all.error());
    auto out = json::array();
    for (const auto& secret : *all)
      out.push_back(secret_json(secret));
    answer->respond(json_response(
      out.dump(-1, ' ', false, json::error_handler_t::replace)));
  });
}

void remove_secret(const context_ptr& context, const api_request& request,
                   answer_ptr answer) {
  wiped_json body{request.body};
  auto name = name_in(body);
  if (!name)
    return respond(answer, name.error());
  const auto shown = name->str();
  context->admin.remove_secret(
    {context->id_of(request), std::move(*name), "admin"},
    [answer, shown](result<secret_outcome> done) {
      if (!done)
        return respond(answer, done.error());
      // 204 would be an error to faas-cli.
      const json out{{"name", shown}, {"repeated", done->repeated}};
      answer->respond(json_response(out.dump()));
    });
}

} // namespace faas::api
