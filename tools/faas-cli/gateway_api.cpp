#include "tools/faas-cli/gateway_api.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace faas::cli {
namespace {

using namespace std::chrono_literals;

constexpr int max_tries = 4;
constexpr duration longest_pause = 5s;
/// A large model over a thin line; a stalled upload ends earlier by itself.
constexpr duration upload_timeout = 1h;
/// A registry without its bundles.
constexpr size_t longest_copy = size_t{256} << 20;

errc code_of_status(int status) noexcept {
  switch (status) {
  case 400:
  case 405:
    return errc::invalid_argument;
  case 401:
    return errc::unauthorized;
  case 403:
    return errc::forbidden;
  case 404:
    return errc::not_found;
  case 409:
    return errc::conflict;
  case 413:
    return errc::too_large;
  case 422:
    return errc::bad_bundle;
  case 429:
    return errc::overloaded;
  case 502:
    return errc::outcome_unknown;
  case 503:
    return errc::unavailable;
  case 408:
  case 504:
    return errc::deadline_exceeded;
  case 507:
    return errc::storage_full;
  default:
    return errc::function_failed;
  }
}

std::string first_line(std::string_view text) {
  text = text.substr(0, std::min<size_t>(text.find('\n'), 400));
  return std::string{text};
}

result<json> parse(const http_response& answer) {
  auto value = json::parse(answer.body, nullptr, false);
  if (value.is_discarded())
    return {errc::internal, "the gateway's answer is not JSON",
            "is this really a gateway? It began with: "
              + first_line(answer.body).substr(0, 60)};
  return value;
}

} // namespace

std::string text_at(const json& object, const char* key) {
  if (!object.is_object())
    return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string{};
}

double number_at(const json& object, const char* key) {
  if (!object.is_object())
    return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

bool flag_at(const json& object, const char* key) {
  if (!object.is_object())
    return false;
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::optional<duration> retry_pause(int tried, bool repeatable,
                                    const result<http_response>& outcome) {
  if (!repeatable || tried >= max_tries)
    return std::nullopt;
  const duration backoff = 50ms * (1 << (tried - 1));
  if (!outcome)
    return outcome.error().code == errc::outcome_unknown
             ? std::optional{backoff}
             : std::nullopt;
  if (outcome->status != 429 && outcome->status != 503)
    return std::nullopt;
  const auto header = outcome->header("Retry-After");
  if (header.empty())
    return outcome->status == 429 ? std::optional{backoff} : std::nullopt;
  const auto wanted = parse_duration(header);
  if (!wanted || *wanted > longest_pause)
    return std::nullopt;
  return std::max(*wanted, backoff);
}

error error_of(const http_response& answer) {
  const auto body = json::parse(answer.body, nullptr, false);
  const auto status = std::to_string(answer.status);
  if (body.is_object() && body.contains("error")) {
    const auto& inner = body["error"];
    auto code = errc_from_name(text_at(inner, "code"));
    if (code == errc::ok)
      code = errc::internal;
    if (inner.is_object())
      return {code, text_at(inner, "message"), text_at(inner, "next")};
  }
  const auto text = first_line(answer.body);
  return {code_of_status(answer.status), text.empty()
                                           ? "the gateway answered " + status
                                           : text + " (status " + status + ")"};
}

gateway_api::gateway_api(session& s, endpoint target, api_options options)
  : session_(s), target_(std::move(target)), options_(options) {}

http_request gateway_api::request(std::string method,
                                  const std::string& path) const {
  http_request out;
  out.method = std::move(method);
  out.url = target_.url + path;
  out.timeout = options_.timeout;
  if (!target_.authorization.empty())
    out.headers.emplace_back("Authorization", target_.authorization);
  return out;
}

/// Adds what to do next where the gateway or libcurl cannot know it.
error gateway_api::explain(const error& failure) const {
  auto out = failure;
  if (!out.next_step.empty())
    return out;
  if (out.code == errc::unauthorized) {
    out.next_step
      = target_.token_source.empty()
          ? "name the node's admin token: --token-file FILE or "
            "PETREL_TOKEN_FILE (the node prints where it is)"
          : "the credential of " + target_.token_source
              + " is not this gateway's; name another with --token-file";
  }
  return out;
}

result<http_response> gateway_api::call(http_request request, bool repeatable) {
  const auto deadline = session_.system.now() + request.timeout;
  for (int tried = 1;; ++tried) {
    session_.call_id.clear();
    auto answer = session_.http.send(request);
    if (answer)
      session_.call_id = answer->header("X-Call-Id");
    if (answer && answer->status < 400)
      return answer;
    const auto pause = retry_pause(tried, repeatable, answer);
    if (pause && session_.system.now() + *pause < deadline) {
      session_.system.sleep(*pause);
      continue;
    }
    if (answer)
      return explain(error_of(*answer));
    auto failure = answer.error();
    if (failure.code == errc::unavailable)
      return error{failure.code,
                   "no gateway at " + target_.url + ": " + failure.message,
                   "start one with `faas-node --dev`, or name it with -g"};
    if (failure.code == errc::outcome_unknown)
      failure.message
        = "the connection to " + target_.url + " broke: " + failure.message;
    if (failure.code == errc::deadline_exceeded && failure.next_step.empty())
      failure.next_step = "give it longer with --timeout";
    return failure;
  }
}

result<json> gateway_api::get(const std::string& path) {
  auto answer = call(request("GET", path), true);
  if (!answer)
    return answer.error();
  return parse(*answer);
}

result<json> gateway_api::post(const std::string& path, const json& body) {
  auto answer = send_json("POST", path, body);
  if (!answer)
    return answer.error();
  return parse(*answer);
}

result<json> gateway_api::describe(const std::string& name) {
  return get("/system/function/" + url_encode(name));
}

result<bool> gateway_api::has_bundle(const digest& id) {
  auto answer = call(request("HEAD", "/system/bundles/" + id.hex()), true);
  if (answer)
    return true;
  if (answer.error().code == errc::not_found)
    return false;
  return answer.error();
}

result<std::vector<missing_bundle>>
gateway_api::missing(const std::vector<digest>& ids) {
  json asked{{"bundles", json::array()}};
  for (const auto& id : ids)
    asked["bundles"].push_back("sha256:" + id.hex());
  auto answer = post("/system/bundles/missing", asked);
  std::vector<missing_bundle> out;
  if (answer) {
    const auto list = answer->is_object() ? answer->value("missing", json{})
                                          : json{};
    for (const auto& one : list)
      if (auto id = digest::parse(text_at(one, "digest")))
        out.push_back(
          {*id, static_cast<uint64_t>(number_at(one, "offset")), true});
    return out;
  }
  if (answer.error().code != errc::not_found
      && answer.error().code != errc::invalid_argument)
    return answer.error();
  for (const auto& id : ids) { // an older gateway
    auto there = has_bundle(id);
    if (!there)
      return there.error();
    if (!*there)
      out.push_back({id, 0, false});
  }
  return out;
}

result<void>
gateway_api::upload_chunk(const digest& id, uint64_t offset, uint64_t total,
                          std::string bytes,
                          std::function<void(uint64_t, uint64_t)> progress) {
  auto patch = request("PATCH", "/system/bundles/" + id.hex());
  patch.timeout = upload_timeout;
  patch.headers.emplace_back("Content-Type", "application/octet-stream");
  patch.headers.emplace_back("Upload-Offset", std::to_string(offset));
  patch.headers.emplace_back("Upload-Length", std::to_string(total));
  patch.body = std::move(bytes);
  patch.on_progress = std::move(progress);
  auto answer = call(std::move(patch), false);
  if (!answer)
    return answer.error();
  return {};
}

result<void>
gateway_api::upload(const digest& id, const std::filesystem::path& file,
                    std::function<void(uint64_t, uint64_t)> progress) {
  auto put = request("PUT", "/system/bundles/" + id.hex());
  put.body_file = file;
  put.timeout = upload_timeout;
  put.headers.emplace_back("Content-Type", "application/octet-stream");
  put.on_progress = std::move(progress);
  auto answer = call(std::move(put), true); // addressed by content
  if (!answer)
    return answer.error();
  return {};
}

result<http_response> gateway_api::send_json(const char* method,
                                             const std::string& path,
                                             const json& body) {
  auto out = request(method, path);
  out.headers.emplace_back("Content-Type", "application/json");
  // The same id on each try: a repetition has no second effect.
  out.headers.emplace_back("X-Request-Id", session_.system.unique_id());
  out.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return call(std::move(out), true);
}

result<json> gateway_api::deploy(const json& deployment, bool& created) {
  created = false;
  auto answer = send_json("PUT", "/system/functions", deployment);
  if (!answer && answer.error().code == errc::not_found) {
    created = true;
    answer = send_json("POST", "/system/functions", deployment);
  }
  if (!answer)
    return answer.error();
  auto value = json::parse(answer->body, nullptr, false);
  return value.is_discarded() ? json{} : value;
}

result<void> gateway_api::remove(const std::string& name,
                                 const std::string& name_space) {
  json body{{"functionName", name}};
  if (!name_space.empty())
    body["namespace"] = name_space;
  auto answer = send_json("DELETE", "/system/functions", body);
  if (!answer)
    return answer.error();
  return {};
}

result<json> gateway_api::rollback(const std::string& name, uint32_t version) {
  auto path = "/system/rollback/" + url_encode(name);
  if (version != 0)
    path += "?version=" + std::to_string(version);
  return change("POST", path, json::object());
}

result<json> gateway_api::change(const char* method, const std::string& path,
                                 const json& body) {
  auto answer = send_json(method, path, body);
  if (!answer)
    return answer.error();
  return parse(*answer);
}

result<std::string> gateway_api::export_registry(const json& key) {
  auto post = request("POST", "/system/registry/export");
  post.timeout = upload_timeout;
  post.headers.emplace_back("Content-Type", "application/json");
  post.body = key.dump();
  std::string text;
  post.on_data = [&](std::string_view part) {
    text += part;
    return text.size() <= longest_copy;
  };
  auto answer = call(std::move(post), false);
  if (!answer)
    return answer.error();
  return text;
}

result<json> gateway_api::import_registry(const std::string& query,
                                          std::string body) {
  auto put = request("PUT", "/system/registry" + query);
  put.timeout = upload_timeout;
  put.headers.emplace_back("Content-Type", "application/x-ndjson");
  put.headers.emplace_back("X-Request-Id", session_.system.unique_id());
  put.body = std::move(body);
  auto answer = call(std::move(put), true);
  if (!answer)
    return answer.error();
  return parse(*answer);
}

result<std::string> gateway_api::bundle_part(const digest& id,
                                             uint64_t offset) {
  auto answer = call(request("GET", "/system/bundles/" + id.hex()
                                      + "?offset=" + std::to_string(offset)),
                     true);
  if (!answer)
    return answer.error();
  return std::move(answer->body);
}

result<void>
gateway_api::logs(const std::string& query, duration timeout,
                  const std::function<bool(std::string_view)>& line) {
  auto get = request("GET", "/system/logs?" + query);
  get.timeout = timeout;
  std::string rest;
  get.on_data = [&](std::string_view part) {
    rest += part;
    size_t start = 0;
    for (auto end = rest.find('\n'); end != std::string::npos;
         end = rest.find('\n', start)) {
      if (end > start
          && !line(std::string_view{rest}.substr(start, end - start)))
        return false;
      start = end + 1;
    }
    rest.erase(0, start);
    return rest.size() < 1024 * 1024; // no gateway writes such a line
  };
  auto answer = call(std::move(get), false);
  if (!answer && answer.error().code != errc::cancelled)
    return answer.error();
  if (!rest.empty())
    line(rest);
  return {};
}

} // namespace faas::cli
