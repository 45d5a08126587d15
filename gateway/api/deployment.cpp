#include "gateway/api/deployment.hpp"

#include "gateway/api/names.hpp"
#include "gateway/api/views.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>

namespace faas::api {
namespace {

using nlohmann::json;

/// FunctionDeployment's key and the key of the spec's own JSON.
struct key_pair {
  const char* theirs;
  const char* ours;
};
constexpr key_pair same_meaning[] = {
  {"service", "name"},
  {"image", "image"},
  {"namespace", "namespace"},
  {"envProcess", "fprocess"},
  {"envVars", "environment"},
  {"constraints", "constraints"},
  {"secrets", "secrets"},
  {"labels", "labels"},
  {"annotations", "annotations"},
  {"limits", "limits"},
  {"requests", "requests"},
  {"readOnlyRootFilesystem", "readonly_root_filesystem"},
  {"petrel", "petrel"},
};

error invalid(std::string message, std::string next = {}) {
  return {errc::invalid_argument, std::move(message), std::move(next)};
}

result<json> parse_object(std::string_view text,
                          const char* next
                          = "see the OpenFaaS REST API: POST "
                            "/system/functions") {
  auto object = json::parse(text, nullptr, false);
  if (!object.is_object())
    return invalid("the body is not a JSON object", next);
  return object;
}

result<digest> digest_of(const json& object) {
  const auto image = object.find("image");
  if (image == object.end() || !image->is_string())
    return invalid("\"image\" is missing",
                   "name a bundle: \"image\": \"sha256:DIGEST\"");
  const auto& text = image->get_ref<const std::string&>();
  if (!text.starts_with("sha256:"))
    return invalid("\"image\" names \"" + text
                     + "\", but Petrel runs bundles, not container images",
                   "pack and deploy with faas-cli up, which sends "
                   "\"image\": \"sha256:DIGEST\"");
  auto id = digest::parse(text);
  if (!id)
    return invalid("\"image\": " + id.error().message);
  return *id;
}

json placement_json(const placement_status& at) {
  return {{"node", at.node.str()},   {"version", at.version},
          {"state", name(at.state)}, {"reason", at.reason},
          {"slots", at.slots},       {"running", at.running},
          {"waiting", at.waiting},   {"facts", at.facts}};
}

} // namespace

bool is_default_namespace(std::string_view name) noexcept {
  return name.empty() || name == default_namespace;
}

result<deployment> read_deployment(std::string_view text) {
  auto object = parse_object(text);
  if (!object)
    return object.error();
  const auto service = object->find("service");
  if (service == object->end() || !service->is_string())
    return invalid("\"service\" is missing", "it is the function's name");
  auto bundle = digest_of(*object);
  if (!bundle)
    return bundle.error();
  auto ours = json::object();
  for (const auto& key : same_meaning)
    if (const auto value = object->find(key.theirs);
        value != object->end() && !value->is_null())
      ours[key.ours] = *value;
  const auto text_of_ours
    = ours.dump(-1, ' ', false, json::error_handler_t::replace);
  auto spec = spec_from_json(text_of_ours);
  if (!spec)
    return spec.error();
  if (!is_default_namespace(spec->name_space))
    return invalid("there is no namespace \"" + spec->name_space + "\"",
                   "leave it out; the only one is openfaas-fn");
  return deployment{std::move(*spec), *bundle};
}

result<function_name> read_delete(std::string_view text) {
  auto object = parse_object(text);
  if (!object)
    return object.error();
  const auto name = object->value("functionName", json{});
  const auto name_space = object->value("namespace", json{});
  if (!name.is_string())
    return invalid("\"functionName\" is missing");
  if (name_space.is_string()
      && !is_default_namespace(name_space.get_ref<const std::string&>()))
    return error{errc::not_found, "there is no such namespace",
                 "the only one is openfaas-fn"};
  return function_name{name.get<std::string>()};
}

result<scale_command> read_scale(std::string_view text) {
  const auto how = R"(for example {"serviceName": "NAME", "replicas": 2})";
  auto object = parse_object(text, how);
  if (!object)
    return object.error();
  const auto name = object->find("serviceName");
  const auto replicas = object->find("replicas");
  const auto name_space = object->value("namespace", json{});
  if (name != object->end() && !name->is_string())
    return invalid("\"serviceName\" is no text", how);
  if (replicas == object->end() || !replicas->is_number_unsigned())
    return invalid("\"replicas\" must be a whole number from 0 on", how);
  if (name_space.is_string()
      && !is_default_namespace(name_space.get_ref<const std::string&>()))
    return error{errc::not_found, "there is no such namespace",
                 "the only one is openfaas-fn"};
  scale_command command;
  if (name != object->end())
    command.function = function_name{name->get<std::string>()};
  command.least = static_cast<uint32_t>(std::min<uint64_t>(
    replicas->get<uint64_t>(), std::numeric_limits<uint32_t>::max()));
  return command;
}

json status_json(const function_status& status) {
  const auto ours = json::parse(to_json(status.spec), nullptr, false);
  auto out = json::object();
  for (const auto& key : same_meaning)
    if (const auto value = ours.find(key.ours); value != ours.end())
      out[key.theirs] = *value;
  out.erase("service");
  out["name"] = status.spec.name.str();
  out["image"] = "sha256:" + status.bundle.hex();
  if (!out.contains("namespace"))
    out["namespace"] = default_namespace;
  out["invocationCount"] = status.invocations;
  out["replicas"] = status.replicas();
  out["availableReplicas"] = status.available();
  if (status.created > wall_time{})
    out["createdAt"] = rfc3339(status.created);
  auto& petrel = out["petrel"];
  if (!petrel.is_object())
    petrel = json::object();
  petrel["version"] = status.version;
  petrel["traffic"] = traffic_json(status);
  if (status.least)
    petrel["asked"] = {{"least", *status.least}};
  if (!status.held.empty())
    petrel["held"] = status.held;
  petrel["placements"] = json::array();
  for (const auto& at : status.placements)
    petrel["placements"].push_back(placement_json(at));
  return out;
}

std::string rfc3339(wall_time when) {
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

std::optional<wall_time> parse_rfc3339(std::string_view text) {
  const std::string copy{text};
  std::tm parts{};
  int used = 0;
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year,
                  &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min,
                  &parts.tm_sec, &used)
      != 6)
    return std::nullopt;
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1
      || parts.tm_mday > 31 || parts.tm_hour > 23 || parts.tm_min > 59
      || parts.tm_sec > 60)
    return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  auto rest = std::string_view{copy}.substr(static_cast<size_t>(used));
  double fraction = 0;
  if (rest.starts_with('.')) {
    double unit = 0.1;
    rest.remove_prefix(1);
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      fraction += unit * (rest[0] - '0');
      unit /= 10;
      rest.remove_prefix(1);
    }
  }
  int hours = 0, minutes = 0;
  char sign = '+';
  if (rest != "Z" && rest != "z") {
    if (rest.size() != 6
        || std::sscanf(rest.data(), "%c%2d:%2d", &sign, &hours, &minutes) != 3
        || (sign != '+' && sign != '-'))
      return std::nullopt;
  }
  const auto offset = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return std::chrono::system_clock::from_time_t(timegm(&parts) - offset)
         + std::chrono::duration_cast<wall_time::duration>(
           std::chrono::duration<double>(fraction));
}

} // namespace faas::api
