// Join tokens, and nodes whose certificates are taken back.
#include "gateway/api/context.hpp"
#include "libfaas/ports/cluster_authority.hpp"

#include <nlohmann/json.hpp>

namespace faas::api {
namespace {

using nlohmann::json;
constexpr int64_t default_life_s = 3600;

struct wanted_token {
  std::string tier;
  duration life{};
  std::vector<std::string> addresses;
};

error bad(const char* what) {
  return {errc::invalid_argument, what,
          "send {\"tier\": \"edge\", \"expires_s\": 3600, \"addresses\": "
          "[\"host:port\"]}; every key may be left out"};
}

result<wanted_token> read_wanted(const std::string& body) {
  const auto value
    = body.empty() ? json::object() : json::parse(body, nullptr, false);
  if (!value.is_object())
    return bad("the body is no JSON object");
  wanted_token made;
  int64_t life_s = default_life_s;
  for (const auto& [key, field] : value.items()) {
    if (key == "tier" && field.is_string())
      made.tier = field.get<std::string>();
    else if (key == "expires_s" && field.is_number_integer())
      life_s = field.get<int64_t>();
    else if (key == "addresses" && field.is_array())
      for (const auto& one : field) {
        if (!one.is_string())
          return bad("an address is no text");
        made.addresses.push_back(one.get<std::string>());
      }
    else
      return bad("the body has an unknown key or a value of the wrong kind");
  }
  // The authority knows the real limit; this keeps the conversion in range.
  constexpr int64_t a_year_s = 366 * 24 * 3600;
  if (life_s <= 0 || life_s > a_year_s)
    return bad("expires_s is not positive or too long");
  made.life = std::chrono::seconds{life_s};
  return made;
}

error no_authority() {
  return {errc::unavailable, "this node does not have the cluster's CA",
          "ask the controller's node (see faas-cli nodes)"};
}

} // namespace

void make_join_token(const context_ptr& context, api_request request,
                     answer_ptr answer) {
  if (context->authority == nullptr)
    return respond(answer, no_authority());
  auto wanted = read_wanted(request.body);
  if (!wanted)
    return respond(answer, wanted.error());
  run_blocking(context, answer, [context, answer, wanted = *wanted] {
    auto made = context->authority->make_token(wanted.tier, wanted.life,
                                               wanted.addresses);
    if (!made)
      return respond(answer, made.error());
    const auto expires = std::chrono::floor<std::chrono::seconds>(
                           made->expires.time_since_epoch())
                           .count();
    const json out{{"token", made->text},
                   {"expires", expires},
                   {"tier", wanted.tier}};
    auto response = json_response(out.dump(), 201);
    response.headers.push_back({"Cache-Control", "no-store"});
    answer->respond(std::move(response));
  });
}

void revoke_node(const context_ptr& context, std::string_view name,
                 answer_ptr answer) {
  if (context->authority == nullptr)
    return respond(answer, no_authority());
  const node_name node{std::string{name}};
  run_blocking(context, answer, [context, answer, node] {
    if (auto done = context->authority->revoke(node); !done)
      return respond(answer, done.error());
    const json out{{"node", node.str()}, {"revoked", true}};
    answer->respond(json_response(out.dump()));
  });
}

} // namespace faas::api
