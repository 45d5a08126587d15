// What the node knows: nodes, sites, actors, readiness, metrics, version.
#include "gateway/api/context.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/prometheus_text.hpp"
#include "gateway/api/query_string.hpp"
#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

#include <sys/utsname.h>

namespace faas::api {
namespace {

/// Answers a list query: one JSON object per item.
template <class T>
reply_to<std::vector<T>> list_answer(answer_ptr answer,
                                     nlohmann::json (*view)(const T&)) {
  return [answer = std::move(answer), view](result<std::vector<T>> items) {
    if (!items)
      return respond(answer, items.error());
    auto out = nlohmann::json::array();
    for (const auto& item : *items)
      out.push_back(view(item));
    answer->respond(json_response(to_text(out)));
  };
}

} // namespace

void show_nodes(const context_ptr& context, answer_ptr answer) {
  context->admin.nodes(list_answer(std::move(answer), node_json));
}

void steer_node(const context_ptr& context, const api_request& request,
                std::string_view name, answer_ptr answer) {
  using what = node_command::what;
  const auto wanted = query_value(request.query, "action");
  node_command command;
  command.node = node_name{std::string{name}};
  command.force = query_value(request.query, "force") == "true";
  bool known = false;
  for (const auto one :
       {what::cordon, what::uncordon, what::drain, what::remove})
    if (wanted == faas::name(one)) {
      command.wanted = one;
      known = true;
    }
  if (!known || !valid_function_name(name))
    return respond(answer,
                   {errc::invalid_argument,
                    known ? "that is no name of a node"
                          : "there is no such action for a node",
                    "ask for ?action=cordon, uncordon, drain or remove"});
  context->admin.steer_node(
    std::move(command), [answer](result<node_standing> now) {
      if (!now)
        return respond(answer, now.error());
      answer->respond(json_response(to_text(standing_json(*now))));
    });
}

void show_actors(const context_ptr& context, answer_ptr answer) {
  context->admin.actors(list_answer(std::move(answer), actor_json));
}

void show_sites(const context_ptr& context, const api_request& request,
                std::string_view name, answer_ptr answer) {
  double size = 0;
  const auto text = query_value(request.query, "size");
  if (!text.empty()) {
    const auto [end, failed]
      = std::from_chars(text.data(), text.data() + text.size(), size);
    if (failed != std::errc{} || end != text.data() + text.size()
        || !std::isfinite(size) || size < 0)
      return respond(answer, {errc::invalid_argument, "size is no number >= 0",
                              "ask for example ?size=38"});
  }
  context->admin.sites(
    function_name{std::string{strip_default_namespace(name)}}, size,
    list_answer(std::move(answer), site_json));
}

void show_ready(const context_ptr& context, answer_ptr answer) {
  const auto state = context->admin.ready();
  nlohmann::json out{{"ready", state.reasons.empty()},
                     {"reasons", state.reasons}};
  answer->respond(
    json_response(to_text(out), state.reasons.empty() ? 200 : 503));
}

void show_metrics(const context_ptr& context, answer_ptr answer) {
  run_blocking(context, answer, [context, answer] {
    std::vector<metric_family> all;
    for (const auto* source : context->metrics) {
      auto families = source->collect();
      std::move(families.begin(), families.end(), std::back_inserter(all));
    }
    answer->respond(
      {200, std::string{prometheus_content_type}, {}, prometheus_text(all)});
  });
}

void show_info(const context_ptr& context, answer_ptr answer) {
  utsname machine{};
  ::uname(&machine);
  // faas-cli reads through both version objects without looking for null.
  const nlohmann::json version{{"release", context->version},
                               {"sha", context->version},
                               {"commit_message", "Petrel"}};
  answer->respond(json_response(to_text({{"provider",
                                          {{"provider", "petrel"},
                                           {"orchestration", "petrel"},
                                           {"version", version}}},
                                         {"version", version},
                                         {"arch", machine.machine}})));
}

} // namespace faas::api
