#include "gateway/api/api.hpp"

#include "gateway/api/context.hpp"
#include "gateway/auth/credentials.hpp"

#include <charconv>
#include <random>

namespace faas::api {
namespace {

constexpr size_t helper_threads = 2;
constexpr size_t max_waiting = 256;
/// A deployment is a manifest's worth of JSON.
constexpr size_t max_body = 4 * limits::manifest_bytes;
/// A copy of a registry without its bundles; its reader bounds it as well.
constexpr size_t max_copy = 257 * limits::mib;

uint64_t content_length(const api_request& head) {
  uint64_t length = 0;
  if (const auto* text = find_header(head.headers, "content-length"))
    std::from_chars(text->data(), text->data() + text->size(), length);
  return length;
}

/// What OpenFaaS has and Petrel does not have yet.
api_response not_implemented(endpoint to) {
  switch (to) {
  case endpoint::async_function:
    return error_response({errc::unavailable,
                           "asynchronous calls need the durable queue, which "
                           "this version does not have yet",
                           "call POST /function/NAME"},
                          501);
  default:
    return error_response({errc::unavailable,
                           "this part of the OpenFaaS API is not there",
                           "see the gateway's documentation"},
                          501);
  }
}

class api final : public gateway_api {
public:
  api(settings options)
    : is_admin_(std::move(options.is_admin)),
      context_(std::shared_ptr<api_context>(
        new api_context{options.admin,
                        options.bundles,
                        options.clock,
                        std::move(options.metrics),
                        std::move(options.version),
                        options.log_follow,
                        options.authority,
                        options.porter,
                        options.decisions,
                        {helper_threads, max_waiting},
                        {},
                        random_source{std::random_device{}()}})) {}

  admission admit(const api_request& head, const answer_ptr& answer) override {
    admission decided;
    const auto found = find_route(head.method, head.path);
    if (found.needs_admin && !is_admin(auth::presented_token(head.headers))) {
      decided.response = {401,
                          "text/plain; charset=utf-8",
                          {{"WWW-Authenticate", "Basic realm=\"Restricted\""}},
                          "invalid credentials\n"};
    } else if (found.to == endpoint::unknown) {
      decided.response
        = error_response({errc::not_found, "there is nothing at " + head.path,
                          "functions are at /function/NAME"});
    } else if (found.to == endpoint::wrong_method) {
      decided.response = error_response(
        {errc::invalid_argument, head.method + " is not for " + head.path,
         "use " + found.allow},
        405);
      decided.response.headers.push_back({"Allow", found.allow});
    } else if (is_missing(found.to)) {
      decided.response = not_implemented(found.to);
    } else {
      admit_body(head, found, answer, decided);
    }
    decided.refusal = decided.stream || decided.max_body != 0
                        ? uint16_t{0}
                        : decided.response.status;
    return decided;
  }

  void handle(api_request request, answer_ptr answer) override {
    const auto path = request.path;
    const auto found = find_route(request.method, path);
    switch (found.to) {
    case endpoint::health:
      return answer->respond({200, "text/plain; charset=utf-8", {}, "OK\n"});
    case endpoint::ready:
      return show_ready(context_, answer);
    case endpoint::metrics:
      return show_metrics(context_, answer);
    case endpoint::list_functions:
      return list_functions(context_, request, answer);
    case endpoint::create_function:
      return deploy_function(context_, std::move(request), answer, false);
    case endpoint::update_function:
      return deploy_function(context_, std::move(request), answer, true);
    case endpoint::delete_function:
      return remove_function(context_, std::move(request), answer);
    case endpoint::describe_function:
      return describe_function(context_, request, found.name, answer);
    case endpoint::list_versions:
      return list_versions(context_, found.name, answer);
    case endpoint::roll_back:
      return roll_back(context_, request, found.name, answer);
    case endpoint::scale_function:
      return scale_function(context_, request, found.name, answer);
    case endpoint::show_traffic:
      return show_traffic(context_, found.name, answer);
    case endpoint::set_traffic:
      return set_traffic(context_, request, found.name, answer);
    case endpoint::steer_rollout:
      return steer_rollout(context_, request, found.name, answer);
    case endpoint::set_alias:
      return change_alias(context_, request, found.name, answer, true);
    case endpoint::remove_alias:
      return change_alias(context_, request, found.name, answer, false);
    case endpoint::list_secrets:
      return list_secrets(context_, request, answer);
    case endpoint::create_secret:
      return put_secret(context_, std::move(request), answer, false);
    case endpoint::update_secret:
      return put_secret(context_, std::move(request), answer, true);
    case endpoint::remove_secret:
      return remove_secret(context_, request, answer);
    case endpoint::namespaces:
      return answer->respond(json_response("[\"openfaas-fn\"]"));
    case endpoint::logs:
      return show_logs(context_, request, answer);
    case endpoint::info:
      return show_info(context_, answer);
    case endpoint::has_bundle:
      return has_bundle(context_, found.name, answer);
    case endpoint::get_bundle:
      return get_bundle(context_, request, found.name, answer);
    case endpoint::export_registry:
      return export_registry(context_, std::move(request), answer);
    case endpoint::missing_bundles:
      return missing_bundles(context_, request, answer);
    case endpoint::list_bundles:
      return list_bundles(context_, answer);
    case endpoint::collect_bundles:
      return collect_bundles(context_, request, answer);
    case endpoint::nodes:
      return show_nodes(context_, answer);
    case endpoint::make_token:
      return make_join_token(context_, std::move(request), answer);
    case endpoint::revoke_node:
      return revoke_node(context_, found.name, answer);
    case endpoint::steer_node:
      return steer_node(context_, request, found.name, answer);
    case endpoint::sites:
      return show_sites(context_, request, found.name, answer);
    case endpoint::decisions:
      return show_decisions(context_, request, answer);
    case endpoint::decision:
      return show_decision(context_, request, found.name, answer);
    case endpoint::actors:
      return show_actors(context_, answer);
    default: // admit() has answered all others
      return;
    }
  }

  void stop() override { context_->pool.stop(); }

private:
  bool is_admin(const std::string& token) const {
    return is_admin_ && is_admin_(token);
  }

  static bool is_missing(endpoint to) noexcept {
    using enum endpoint;
    return to == async_function || to == alert || to == one_namespace;
  }

  void admit_body(const api_request& head, const route& found,
                  const answer_ptr& answer, admission& decided) {
    const auto is_chunk = found.to == endpoint::patch_bundle;
    const auto is_upload = is_chunk || found.to == endpoint::put_bundle;
    const auto is_copy = found.to == endpoint::import_registry;
    const auto limit = is_upload ? limits::bundle_bytes
                       : is_copy ? max_copy
                                 : max_body;
    if (content_length(head) > limit)
      decided.response
        = error_response({errc::too_large,
                          "the body is larger than the " + std::to_string(limit)
                            + " bytes allowed here",
                          "send less"});
    else if (is_upload)
      decided.stream = (is_chunk ? patch_bundle : put_bundle)(
        context_, head, found.name, answer, decided.response);
    else if (is_copy)
      decided.stream = import_registry(context_, head, answer,
                                       decided.response);
    else
      decided.max_body = limit;
  }

  std::function<bool(std::string_view)> is_admin_;
  context_ptr context_;
};

} // namespace

std::unique_ptr<gateway_api> make_api(settings options) {
  return std::make_unique<api>(std::move(options));
}

} // namespace faas::api
