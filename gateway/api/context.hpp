// What the handlers of the management API share, and how they answer.
#pragma once

#include "gateway/api/exchange.hpp"
#include "gateway/api/routes.hpp"
#include "gateway/api/worker_pool.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/ports/admin_port.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace faas {
class bundle_store;
class cluster_authority;
class decision_book;
class metrics_source;
class registry_porter;
} // namespace faas

namespace faas::api {

using answer_ptr = std::shared_ptr<exchange>;

/// Built once; lives as long as any handler's callback through shared_ptr.
struct api_context {
  admin_port& admin;
  bundle_store& bundles;
  const clock_source& clock;
  std::vector<const metrics_source*> metrics;
  std::string version;
  duration log_follow{};
  cluster_authority* authority = nullptr; ///< null: on another node
  registry_porter* porter = nullptr;      ///< null: likewise
  decision_book* decisions = nullptr;     ///< null: they are not logged
  worker_pool pool; ///< for what may block
  std::mutex mutex; ///< random
  random_source random;

  /// The client's X-Request-Id, else a new one.
  request_id id_of(const api_request& request);
};
using context_ptr = std::shared_ptr<api_context>;

/// The error as JSON with its HTTP status; Retry-After when overloaded.
api_response error_response(const error& what);
/// The same with another status.
api_response error_response(const error& what, uint16_t status);
api_response json_response(std::string body, uint16_t status = 200);
void respond(const answer_ptr& answer, const error& what);

/// A command's answer: its outcome with status 202, or the error.
reply_to<command_outcome> outcome_answer(answer_ptr answer);

/// Runs on a helper thread; answers 429 when too much waits already.
void run_blocking(const context_ptr& context, const answer_ptr& answer,
                  std::function<void()> task);

// Handlers; each answers exactly once. On a loop; none blocks.
void deploy_function(const context_ptr&, api_request, answer_ptr, bool update);
void remove_function(const context_ptr&, api_request, answer_ptr);
void list_functions(const context_ptr&, const api_request&, answer_ptr);
void describe_function(const context_ptr&, const api_request&,
                       std::string_view name, answer_ptr);
void list_versions(const context_ptr&, std::string_view name, answer_ptr);
void roll_back(const context_ptr&, const api_request&, std::string_view name,
               answer_ptr);
void scale_function(const context_ptr&, const api_request&,
                    std::string_view name, answer_ptr);
void show_traffic(const context_ptr&, std::string_view name, answer_ptr);
void set_traffic(const context_ptr&, const api_request&, std::string_view name,
                 answer_ptr);
void steer_rollout(const context_ptr&, const api_request&,
                   std::string_view name, answer_ptr);
void change_alias(const context_ptr&, const api_request&, std::string_view name,
                  answer_ptr, bool set);
void list_secrets(const context_ptr&, const api_request&, answer_ptr);
void put_secret(const context_ptr&, api_request, answer_ptr, bool update);
void remove_secret(const context_ptr&, const api_request&, answer_ptr);
void make_join_token(const context_ptr&, api_request, answer_ptr);
void revoke_node(const context_ptr&, std::string_view name, answer_ptr);
void show_nodes(const context_ptr&, answer_ptr);
void steer_node(const context_ptr&, const api_request&, std::string_view name,
                answer_ptr);
void show_sites(const context_ptr&, const api_request&, std::string_view name,
                answer_ptr);
void show_decisions(const context_ptr&, const api_request&, answer_ptr);
/// One event's, by call id; "log": the files, or one with ?segment=.
void show_decision(const context_ptr&, const api_request&,
                   std::string_view name, answer_ptr);
void show_actors(const context_ptr&, answer_ptr);
void show_ready(const context_ptr&, answer_ptr);
void show_metrics(const context_ptr&, answer_ptr);
void show_info(const context_ptr&, answer_ptr);
void show_logs(const context_ptr&, const api_request&, answer_ptr);
void has_bundle(const context_ptr&, std::string_view name, answer_ptr);
/// Part of its bytes, from the query's `offset` on.
void get_bundle(const context_ptr&, const api_request&, std::string_view name,
                answer_ptr);
void missing_bundles(const context_ptr&, const api_request&, answer_ptr);
void list_bundles(const context_ptr&, answer_ptr);
void collect_bundles(const context_ptr&, const api_request&, answer_ptr);
void export_registry(const context_ptr&, api_request, answer_ptr);
/// Where the pieces of a copy go; null when this node keeps no registry (then
/// `refusal` says so).
std::shared_ptr<body_stream> import_registry(const context_ptr&,
                                             const api_request& head,
                                             answer_ptr,
                                             api_response& refusal);
/// Where the pieces of an upload go; null when the request is malformed (then
/// `refusal` says so).
std::shared_ptr<body_stream> put_bundle(const context_ptr&,
                                        const api_request& head,
                                        std::string_view name, answer_ptr,
                                        api_response& refusal);
/// Likewise for one chunk of an upload.
std::shared_ptr<body_stream> patch_bundle(const context_ptr&,
                                          const api_request& head,
                                          std::string_view name, answer_ptr,
                                          api_response& refusal);

} // namespace faas::api
