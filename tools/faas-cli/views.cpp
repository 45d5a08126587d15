#include "tools/faas-cli/views.hpp"

#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace faas::cli {
namespace {

const json& inner(const json& object, const char* key) {
  static const json nothing;
  return object.is_object() && object.contains(key) ? object[key] : nothing;
}

std::string number_text(const json& object, const char* key) {
  return inner(object, key).is_number() ? short_number(number_at(object, key))
                                        : "";
}

std::string words(const json& list) {
  std::string text;
  for (const auto& item : list)
    text += (text.empty() ? "" : ", ")
            + (item.is_string() ? item.get<std::string>() : item.dump());
  return text;
}

std::string pairs(const json& object) {
  std::string text;
  if (object.is_object())
    for (const auto& [key, value] : object.items())
      text += (text.empty() ? "" : ", ") + key + "="
              + (value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

/// "edge-1, cloud-1 (loading)": nodes of the current version.
std::string node_names(const json& function) {
  std::string text;
  const auto current = version_of(function);
  for (const auto& at : placements_of(function)) {
    if (current && version_of(at) && version_of(at) != current)
      continue;
    const auto state = text_at(at, "state");
    text += (text.empty() ? "" : ", ") + text_at(at, "node");
    if (state != "ready" && !state.empty())
      text += " (" + state + ")";
  }
  return text;
}

/// "12 MiB" of its worker processes; empty where it has none.
std::string memory_text(const json& facts) {
  const auto text = text_at(facts, "memory_bytes");
  uint64_t bytes = 0;
  const auto read
    = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return text.empty() || read.ec != std::errc{}
           ? std::string{}
           : short_bytes(static_cast<double>(bytes));
}

/// "sha256:" and twelve digits of `image`.
std::string digest_of(const json& function) {
  auto image = text_at(function, "image");
  if (image.starts_with("sha256:"))
    image.resize(std::min<size_t>(image.size(), 7 + 12));
  return image;
}

} // namespace

const json& list_in(const json& value, const char* key) {
  static const json none = json::array();
  if (value.is_array())
    return value;
  const auto& list = inner(value, key);
  return list.is_array() ? list : none;
}

const json& placements_of(const json& function) {
  const auto& direct = list_in(inner(function, "placements"), "");
  return direct.empty()
           ? list_in(inner(inner(function, "petrel"), "placements"), "")
           : direct;
}

uint32_t version_of(const json& object) {
  auto version = number_at(object, "version");
  if (version == 0)
    version = number_at(inner(object, "petrel"), "version");
  return version > 0 && version < 4e9 ? static_cast<uint32_t>(version) : 0;
}

std::string shares_text(const json& traffic) {
  std::string text;
  const auto& shares = inner(traffic, "shares");
  if (shares.is_object())
    for (const auto& [version, share] : shares.items())
      text += (text.empty() ? "" : " ") + version + "=" + share.dump() + "%";
  return text;
}

std::string rollout_text(const json& rollout) {
  const auto phase = text_at(rollout, "phase");
  if (phase.empty())
    return {};
  auto text = "version " + std::to_string(version_of(rollout)) + ", " + phase;
  const auto step = number_at(rollout, "step");
  const auto& steps = list_in(inner(rollout, "steps"), "");
  if ((phase == "stepping" || phase == "paused") && step > 0)
    text += ": step " + short_number(step) + " of "
            + std::to_string(steps.size()) + " ("
            + short_number(number_at(rollout, "share")) + "%), "
            + short_number(number_at(rollout, "compared"))
            + " events compared";
  if (const auto reason = text_at(rollout, "reason"); !reason.empty())
    text += ": " + reason;
  return text;
}

std::string traffic_text(const json& traffic) {
  std::string out;
  const auto line = [&](std::string_view label, const std::string& value) {
    if (!value.empty())
      out += std::string{label} + printable(value) + "\n";
  };
  line("Traffic: ", shares_text(traffic));
  line("Rollout: ", rollout_text(inner(traffic, "rollout")));
  line("Aliases: ", pairs(inner(traffic, "aliases")));
  return out;
}

/// "3", or with its share when others have one: "3=95% 4=5%".
std::string version_text(const json& function) {
  const auto& traffic = inner(inner(function, "petrel"), "traffic");
  if (inner(traffic, "shares").size() > 1)
    return shares_text(traffic);
  const auto version = version_of(function);
  return version ? std::to_string(version) : "";
}

std::string function_table(const json& functions) {
  table t{
    {"Function", ">Version", ">Invocations", ">Replicas", "Nodes", "Image"}};
  for (const auto& f : list_in(functions, "functions")) {
    t.row({text_at(f, "name"), version_text(f),
           short_number(number_at(f, "invocationCount")),
           short_number(number_at(f, "availableReplicas")) + "/"
             + short_number(number_at(f, "replicas")),
           node_names(f), digest_of(f)});
  }
  return t.to_string();
}

std::string function_text(const json& f, const std::string& gateway) {
  std::string out;
  const auto line = [&](std::string label, const std::string& value) {
    if (value.empty())
      return;
    label += ":";
    label.resize(14, ' ');
    out += label + printable(value) + "\n";
  };
  const auto name = text_at(f, "name");
  const auto version = version_of(f);
  line("Name", name);
  line("Status", number_at(f, "availableReplicas") > 0 ? "Ready" : "Not Ready");
  line("Version", version ? std::to_string(version) : "");
  line("Image", text_at(f, "image"));
  line("URL", gateway + "/function/" + name);
  line("Replicas", short_number(number_at(f, "availableReplicas")) + " of "
                     + short_number(number_at(f, "replicas")) + " ready");
  line("Invocations", number_text(f, "invocationCount"));
  line("Created", text_at(f, "createdAt"));
  line("Labels", pairs(inner(f, "labels")));
  line("Annotations", pairs(inner(f, "annotations")));
  line("Environment", pairs(inner(f, "envVars")));
  line("Secrets", words(inner(f, "secrets")));
  const auto& petrel = inner(f, "petrel");
  const auto& traffic = inner(petrel, "traffic");
  line("Traffic", shares_text(traffic));
  line("Rollout", rollout_text(inner(traffic, "rollout")));
  line("Aliases", pairs(inner(traffic, "aliases")));
  if (petrel.is_object()) {
    for (const auto& [key, value] : petrel.items())
      if (key != "placements" && key != "version" && key != "traffic")
        line("  " + key, value.is_string()   ? value.get<std::string>()
                         : value.is_array()  ? words(value)
                         : value.is_object() ? pairs(value)
                                             : value.dump());
  }
  const auto& placements = placements_of(f);
  if (placements.empty())
    return out;
  table t{{"Node", ">Version", "State", ">Slots", ">Running", ">Waiting",
           ">Memory", "Reason"}};
  for (const auto& p : placements)
    t.row({text_at(p, "node"), number_text(p, "version"), text_at(p, "state"),
           number_text(p, "slots"), number_text(p, "running"),
           number_text(p, "waiting"), memory_text(inner(p, "facts")),
           text_at(p, "reason")});
  out += "\n" + t.to_string();
  for (const auto& p : placements)
    if (const auto facts = pairs(inner(p, "facts")); !facts.empty())
      out += "\n" + text_at(p, "node") + ": " + facts + "\n";
  return out;
}

std::string version_table(const json& versions) {
  table t{{">Version", "Image", "Created", "By", "Note"}};
  for (const auto& v : list_in(versions, "versions"))
    t.row({number_text(v, "version"), digest_of(v), text_at(v, "createdAt"),
           text_at(v, "by"), flag_at(v, "current") ? "current" : ""});
  return t.to_string();
}

namespace {

/// "12s", "5m", "3h", "2d".
std::string age_text(double seconds) {
  const auto s = static_cast<uint64_t>(std::max(seconds, 0.0));
  if (s < 120)
    return std::to_string(s) + "s";
  if (s < 7200)
    return std::to_string(s / 60) + "m";
  if (s < 172'800)
    return std::to_string(s / 3600) + "h";
  return std::to_string(s / 86'400) + "d";
}

/// "alive", "alive, cordoned"
std::string node_state_text(const json& node) {
  const auto duty = text_at(node, "duty");
  return text_at(node, "state")
         + (duty.empty() || duty == "active" ? "" : ", " + duty);
}

} // namespace

std::string bundle_table(const json& bundles, bool removed_only) {
  table t{{"Digest", ">Size", ">Asked for", "Fate", "Users", "Because"}};
  for (const auto& b : list_in(bundles, "bundles")) {
    if (removed_only && !flag_at(b, "removed"))
      continue;
    t.row({text_at(b, "digest").substr(0, 19),
           short_bytes(number_at(b, "packed") + number_at(b, "unpacked")),
           age_text(number_at(b, "age_s")), text_at(b, "fate"),
           words(list_in(b, "users")), words(list_in(b, "because"))});
  }
  return removed_only && t.rows() == 0 ? std::string{} : t.to_string();
}

std::string node_table(const json& nodes) {
  table t{{"Node", "Tier", "State", "Role", ">Cores", ">RTT ms", ">In flight",
           "Address", "Version", "Labels", "Note"}};
  for (const auto& n : list_in(nodes, "nodes"))
    t.row({text_at(n, "name") + (flag_at(n, "self") ? " *" : ""),
           text_at(n, "tier"), node_state_text(n),
           flag_at(n, "controller") ? "controller"
           : flag_at(n, "standby")  ? "standby"
                                    : "agent",
           number_text(n, "cores"), number_text(n, "rtt_ms"),
           number_text(n, "in_flight"), text_at(n, "address"),
           text_at(n, "version"), pairs(inner(n, "labels")),
           text_at(n, "note")});
  return t.to_string();
}

namespace {

/// "3.2 s"
std::string seconds_text(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::clamp(ms, 0.0, 1e9) / 1000);
  return text;
}

/// "best", or on what it is best where the policy goes by something else.
std::string rank_text(const json& site) {
  const bool best = flag_at(site, "best");
  if (!best && !flag_at(site, "runner_up"))
    return {};
  const std::string rank = best ? "best" : "runner-up";
  // Nodes of releases before do not tell.
  if (!inner(site, "foretold").is_boolean() || flag_at(site, "foretold"))
    return rank;
  return rank + " by prediction; what policy " + text_at(site, "policy")
         + " takes is not foretold";
}

std::string site_note(const json& site) {
  const bool candidate = flag_at(site, "candidate");
  auto note = candidate ? rank_text(site)
                        : "not a candidate: " + text_at(site, "why_not");
  const auto add = [&](const std::string& more) {
    note += (note.empty() ? "" : "; ") + more;
  };
  if (const auto& left = inner(site, "ready_in_ms");
      left.is_number() && candidate)
    add("deploying, ready in " + seconds_text(left.get<double>()));
  if (number_at(site, "unexplained_ms") > 0)
    add("its times are not believed: " + number_text(site, "unexplained_ms")
        + " ms are unexplained");
  return note;
}

/// For a function that could run, but whose policy would have none of it.
std::string refusal_text(const json& sites) {
  std::string policy;
  for (const auto& s : sites) {
    if (flag_at(s, "best"))
      return {};
    if (flag_at(s, "candidate"))
      policy = text_at(s, "policy");
  }
  return policy.empty() ? ""
                        : "Policy " + printable(policy)
                            + " would refuse such an event now.\n";
}

} // namespace

std::string site_table(const json& sites) {
  table t{{"Site", "Tier", ">Total ms", ">Network", ">Queue", ">Service",
           ">Cold", ">Imposed", ">+/-", ">Error", ">Slowdown", ">Chosen",
           ">Done", ">Failed", ">In flight", "Note"}};
  const auto& all = list_in(sites, "sites");
  for (const auto& s : all)
    t.row({text_at(s, "site"), text_at(s, "tier"), number_text(s, "total_ms"),
           number_text(s, "network_ms"), number_text(s, "queue_ms"),
           number_text(s, "service_ms"), number_text(s, "cold_ms"),
           number_text(s, "imposed_ms"), number_text(s, "stddev_ms"),
           number_text(s, "error_ms"), number_text(s, "slowdown"),
           number_text(s, "chosen"), number_text(s, "completed"),
           number_text(s, "failed"), number_text(s, "in_flight"),
           site_note(s)});
  return t.to_string() + refusal_text(all);
}

std::string actor_table(const json& actors) {
  table t{{"Actor", ">Alive", ">Mailbox", ">Messages", ">Restarts"}};
  for (const auto& a : list_in(actors, "actors"))
    t.row({text_at(a, "kind"), number_text(a, "alive"),
           number_text(a, "mailbox"), number_text(a, "messages"),
           number_text(a, "restarts")});
  return t.to_string();
}

std::string log_text(const json& line) {
  auto text = text_at(line, "timestamp") + " " + text_at(line, "instance");
  if (const auto call = text_at(line, "call_id"); !call.empty())
    text += " [" + call + "]";
  return printable(text + " " + text_at(line, "text"));
}

} // namespace faas::cli
