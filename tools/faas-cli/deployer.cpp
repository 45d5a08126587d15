#include "tools/faas-cli/deployer.hpp"

#include "tools/faas-cli/function_bar.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/uploader.hpp"
#include "tools/faas-cli/views.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using namespace std::chrono_literals;

/// The first polls come fast: a small function is ready in milliseconds.
constexpr duration first_poll = 20ms;
constexpr duration longest_poll = 500ms;

template <class T>
void put(json& out, const char* key, const T& value) {
  if (!value.empty())
    out[key] = value;
}

void show_logs(session& s, gateway_api& gateway, const std::string& name) {
  auto shown = false;
  const auto done
    = gateway.logs("name=" + url_encode(name) + "&tail=10&follow=false", 5s,
                   [&](std::string_view line) {
                     const auto parsed = json::parse(line, nullptr, false);
                     if (!parsed.is_object())
                       return true;
                     if (!shown)
                       s.err << "Last log lines of " << name << ":\n";
                     shown = true;
                     s.err << "  " << log_text(parsed) << '\n';
                     return true;
                   });
  (void)done; // the failure itself is told anyway
}

} // namespace

result<progress>
wait_until_ready(session& s, gateway_api& gateway, const std::string& name,
                 uint32_t version, duration timeout,
                 const std::function<void(const progress&)>& seen) {
  const auto deadline = s.system.now() + timeout;
  auto pause = first_poll;
  progress last;
  while (true) {
    auto status = gateway.describe(name);
    // A controller that has not heard of it yet is no failure.
    if (!status && status.error().code != errc::not_found)
      return status.error();
    if (status)
      last = progress_of(*status, version);
    if (seen)
      seen(last);
    if (last.at != progress::stage::waiting)
      return last;
    if (s.system.now() + pause > deadline)
      return {errc::deadline_exceeded,
              name + " is not ready yet"
                + (last.what.empty() ? "" : ": " + last.what),
              "`faas-cli describe " + name + "` shows how far it is"};
    s.system.sleep(pause);
    pause = std::min(longest_poll, pause * 3 / 2);
  }
}

json deployment_json(const function_spec& spec, const string_map& environment,
                     const digest& bundle) {
  json out{{"service", spec.name.str()}, {"image", "sha256:" + bundle.hex()}};
  put(out, "namespace", spec.name_space);
  put(out, "envProcess", spec.fprocess);
  put(out, "envVars", environment);
  put(out, "constraints", spec.constraints);
  put(out, "secrets", spec.secrets);
  put(out, "labels", spec.labels);
  put(out, "annotations", spec.annotations);
  put(out, "limits", spec.limits);
  put(out, "requests", spec.requests);
  if (spec.readonly_root_filesystem)
    out["readOnlyRootFilesystem"] = true;
  const auto whole = json::parse(to_json(spec), nullptr, false);
  out["petrel"] = whole.contains("petrel") ? whole["petrel"] : json::object();
  return out;
}

progress progress_of(const json& status, uint32_t version) {
  progress out;
  size_t hopeful = 0, lost = 0;
  for (const auto& at : placements_of(status)) {
    if (version && version_of(at) && version_of(at) != version)
      continue;
    const auto state = text_at(at, "state");
    const auto node = text_at(at, "node");
    if (state == "ready") {
      out.nodes.push_back(node);
      ++out.ended;
      continue;
    }
    const bool failed = state == "failed" || state == "quarantined";
    ++(failed ? lost : hopeful);
    auto part = state + " on " + node;
    const auto reason = text_at(at, "reason");
    if (!reason.empty())
      part += ": " + reason;
    if (!reason.starts_with("not a candidate")) {
      out.others.push_back(node + ": " + state
                           + (reason.empty() ? "" : ": " + reason));
      out.ended += failed ? 1 : 0;
    }
    out.what += (out.what.empty() ? "" : "; ") + part;
  }
  if (!out.nodes.empty())
    out.at = progress::stage::ready;
  else if (lost > 0 && hopeful == 0)
    out.at = progress::stage::failed;
  else if (placements_of(status).empty() && !status.contains("petrel")
           && number_at(status, "availableReplicas") > 0)
    out.at = progress::stage::ready; // a gateway that knows no placements
  if (out.what.empty() && out.at == progress::stage::waiting)
    out.what = "no node has been chosen for it";
  return out;
}

result<deployed> deploy_function(session& s, gateway_api& gateway,
                                 const function_spec& spec,
                                 const string_map& environment,
                                 const std::vector<bundle_file>& bundles,
                                 const deploy_options& options) {
  const auto& name = spec.name.str();
  deployed out;
  auto uploaded = upload_missing(s, gateway, name, bundles);
  if (!uploaded)
    return uploaded.error();
  out.uploaded = *uploaded;
  auto answer = gateway.deploy(deployment_json(spec, environment, bundles.front().id),
                               out.created);
  if (!answer)
    return answer.error();
  out.version = version_of(*answer);
  out.unchanged = flag_at(*answer, "unchanged");
  if (!options.wait)
    return out;
  function_bar bar{s, name};
  auto end = wait_until_ready(s, gateway, name, out.version, options.timeout,
                              [&](const progress& now) { bar.waiting(now); });
  bar.wipe();
  if (!end)
    return end.error();
  if (end->at == progress::stage::failed) {
    show_logs(s, gateway, name);
    return {errc::function_failed, name + " was deployed but " + end->what,
            "`faas-cli logs " + name
              + "` shows more; the version before it, "
                "if any, keeps serving"};
  }
  out.nodes = std::move(end->nodes);
  out.others = std::move(end->others);
  return out;
}

} // namespace faas::cli
