// Deploy, remove, list and describe functions.
#include "gateway/api/context.hpp"
#include "gateway/api/deployment.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"
#include "libfaas/manifest/platform.hpp"
#include "libfaas/ports/bundle_store.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace faas::api {
namespace {

/// Every bundle of the version is here, and stays until it is committed.
result<void> require_bundles(api_context& context, const deployment& wanted) {
  for (const auto& build : wanted.spec.petrel.platforms)
    if (!build.bundle)
      return error{errc::invalid_argument,
                   "a build of petrel.platforms names no bundle",
                   "deploy with faas-cli up, which packs and names them"};
  for (const auto& id : all_bundles(wanted.spec, wanted.bundle)) {
    if (!context.bundles.has(id))
      return error{errc::bad_bundle,
                   "the bundle sha256:" + id.hex() + " is not here",
                   "upload it first: PUT /system/bundles/" + id.hex()};
    context.bundles.touch(id, context.clock.wall());
  }
  return {};
}

void deploy_now(const context_ptr& context, const api_request& request,
                const answer_ptr& answer, bool update) {
  auto wanted = read_deployment(request.body);
  if (!wanted)
    return respond(answer, wanted.error());
  if (auto here = require_bundles(*context, *wanted); !here)
    return respond(answer, here.error());
  deploy_command command;
  command.id = context->id_of(request);
  command.spec = std::move(wanted->spec);
  command.bundle = wanted->bundle;
  command.by = "admin";
  // faas-cli sends PUT first, and POST only after a 404.
  command.when = update ? deploy_command::condition::must_exist
                        : deploy_command::condition::none;
  context->admin.deploy(
    std::move(command), [answer, update](result<command_outcome> outcome) {
      if (!outcome)
        return respond(answer, outcome.error());
      answer->respond(
        json_response(to_text(outcome_json(*outcome)), update ? 200 : 202));
    });
}

} // namespace

void deploy_function(const context_ptr& context, api_request request,
                     answer_ptr answer, bool update) {
  run_blocking(context, answer,
               [context, answer, update, request = std::move(request)] {
                 deploy_now(context, request, answer, update);
               });
}

void remove_function(const context_ptr& context, api_request request,
                     answer_ptr answer) {
  auto name = read_delete(request.body);
  if (!name)
    return respond(answer, name.error());
  remove_command command;
  command.id = context->id_of(request);
  command.function = plain_name(name->str());
  command.by = "admin";
  context->admin.remove(
    std::move(command), [answer](result<command_outcome> outcome) {
      if (!outcome)
        return respond(answer, outcome.error());
      // 204 would be an error to faas-cli.
      answer->respond(json_response(to_text(outcome_json(*outcome)), 202));
    });
}

void list_functions(const context_ptr& context, const api_request& request,
                    answer_ptr answer) {
  if (!is_default_namespace(query_value(request.query, "namespace")))
    return answer->respond(json_response("[]"));
  context->admin.list([answer](result<std::vector<function_status>> all) {
    if (!all)
      return respond(answer, all.error());
    auto out = nlohmann::json::array();
    for (const auto& status : *all)
      out.push_back(status_json(status));
    answer->respond(json_response(to_text(out)));
  });
}

void describe_function(const context_ptr& context, const api_request& request,
                       std::string_view name, answer_ptr answer) {
  if (!is_default_namespace(query_value(request.query, "namespace")))
    return respond(answer, {errc::not_found, "there is no such namespace",
                            "the only one is openfaas-fn"});
  context->admin.describe(
    plain_name(name), [answer](result<function_status> status) {
      if (!status)
        return respond(answer, status.error());
      answer->respond(json_response(to_text(status_json(*status))));
    });
}

void list_versions(const context_ptr& context, std::string_view name,
                   answer_ptr answer) {
  context->admin.versions(
    plain_name(name), [answer](result<std::vector<version_status>> all) {
      if (!all)
        return respond(answer, all.error());
      auto out = nlohmann::json::array();
      for (const auto& version : *all)
        out.push_back(version_json(version));
      answer->respond(json_response(to_text(out)));
    });
}

void roll_back(const context_ptr& context, const api_request& request,
               std::string_view name, answer_ptr answer) {
  rollback_command command;
  command.id = context->id_of(request);
  command.function = plain_name(name);
  command.by = "admin";
  const auto text = query_value(request.query, "version");
  const auto* end = text.data() + text.size();
  if (!text.empty()) {
    const auto [at, failed] = std::from_chars(text.data(), end, command.version);
    if (failed != std::errc{} || at != end || command.version == 0)
      return respond(answer, {errc::invalid_argument,
                              "version is no number from 1 on",
                              "see GET /system/versions/NAME"});
  }
  context->admin.rollback(std::move(command), outcome_answer(answer));
}

void scale_function(const context_ptr& context, const api_request& request,
                    std::string_view name, answer_ptr answer) {
  auto command = read_scale(request.body);
  if (!command)
    return respond(answer, command.error());
  const auto function = plain_name(name);
  if (!command->function.empty()
      && plain_name(command->function.str()) != function)
    return respond(answer,
                   {errc::invalid_argument,
                    "the path names " + function.str()
                      + ", \"serviceName\" another function",
                    "name the same one in both, or leave the latter out"});
  command->id = context->id_of(request);
  command->function = function;
  command->by = "admin";
  context->admin.scale(std::move(*command), outcome_answer(answer));
}

} // namespace faas::api
