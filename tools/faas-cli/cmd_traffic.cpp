// rollout, traffic, alias.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/views.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using namespace std::chrono_literals;
using enum option::kind;

constexpr duration poll = 1s;

void print(session& s, const arguments& args, const json& answer,
           const std::string& text) {
  if (args.has("json"))
    s.out << answer.dump(2, ' ', false, json::error_handler_t::replace)
          << '\n';
  else
    s.out << text;
}

std::optional<uint32_t> number_in(std::string_view text) {
  uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || at != end)
    return std::nullopt;
  return number;
}

std::string traffic_path(const std::string& name) {
  return "/system/traffic/" + url_encode(name);
}

// -- rollout ------------------------------------------------------------------

bool ended(const json& rollout) {
  const auto phase = text_at(rollout, "phase");
  return phase == "promoted" || phase == "rolled-back" || phase == "aborted";
}

/// Until it ends: one line (or object) per change.
result<void> watch(session& s, const arguments& args, gateway_api& gateway,
                   const std::string& name) {
  auto timeout = args.time("timeout", 1h);
  if (!timeout)
    return timeout.error();
  const auto deadline = s.system.now() + *timeout;
  std::string told;
  while (true) {
    auto now = gateway.get("/system/rollout/" + url_encode(name));
    if (!now)
      return now.error();
    const auto rollout = now->value("rollout", json{});
    const auto text = rollout_text(rollout);
    if (text.empty())
      return error{errc::not_found, name + " has had no rollout",
                   "deploy one: faas-cli deploy --canary 5,25,50"};
    if (text != std::exchange(told, text)) {
      s.out << (args.has("json") ? now->dump() : text) << std::endl;
    }
    if (text_at(rollout, "phase") == "promoted")
      return {};
    if (ended(rollout))
      return error{errc::function_failed, name + ": " + text,
                   "version " + std::to_string(version_of(*now))
                     + " serves; see faas-cli logs " + name};
    if (s.system.now() + poll > deadline)
      return error{errc::deadline_exceeded, name + ": " + text,
                   "it goes on; give it longer with --timeout"};
    s.system.sleep(poll);
  }
}

result<void> run_rollout(session& s, const arguments& args) {
  const auto& action = args.words()[0];
  const auto& name = args.words()[1];
  const bool steer
    = action == "pause" || action == "resume" || action == "abort";
  if (!steer && action != "status")
    return error{errc::invalid_argument,
                 "\"" + action + "\" is nothing to do with a rollout",
                 "status, pause, resume or abort"};
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  const auto path = "/system/rollout/" + url_encode(name);
  if (action == "status" && args.has("watch"))
    return watch(s, args, gateway, name);
  if (!steer) {
    auto now = gateway.get(path);
    if (!now)
      return now.error();
    const auto text = rollout_text(now->value("rollout", json{}));
    print(s, args, *now,
          (text.empty() ? name + " has had no rollout\n" : "")
            + traffic_text(*now));
    return {};
  }
  auto outcome
    = gateway.change("POST", path + "?action=" + action, json::object());
  if (!outcome)
    return outcome.error();
  print(s, args, *outcome,
        name + ": rollout of version " + std::to_string(version_of(*outcome))
          + (action == "pause"    ? " paused"
             : action == "resume" ? " resumed"
                                  : " aborted")
          + (flag_at(*outcome, "unchanged") ? " already\n" : "\n"));
  return {};
}

constexpr option rollout_options[] = {
  {"watch", flag, "follow it until it ends"},
  {"timeout", value, "how long to watch [1h]", "TIME"},
  {"json", flag, "print JSON"},
};

// -- traffic ------------------------------------------------------------------

/// "3=90" or "3=90%".
result<json> weights_given(const arguments& args) {
  auto weights = json::object();
  for (size_t i = 1; i < args.words().size(); ++i) {
    const auto& word = args.words()[i];
    const auto equals = word.find('=');
    auto share = equals == word.npos ? "" : word.substr(equals + 1);
    if (share.ends_with('%'))
      share.pop_back();
    const auto version = number_in(word.substr(0, equals));
    const auto weight = number_in(share);
    if (!version || !weight || *weight > 100)
      return error{errc::invalid_argument,
                   "\"" + word + "\" is no share of a version",
                   "for example: faas-cli traffic " + args.words()[0]
                     + " 3=90 4=10"};
    weights[std::to_string(*version)] = *weight;
  }
  return weights;
}

result<void> run_traffic(session& s, const arguments& args) {
  const auto& name = args.words()[0];
  auto weights = weights_given(args);
  if (!weights)
    return weights.error();
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  if (!weights->empty())
    if (auto outcome = gateway.change("POST", traffic_path(name),
                                      {{"weights", *weights}});
        !outcome)
      return outcome.error();
  auto now = gateway.get(traffic_path(name));
  if (!now)
    return now.error();
  print(s, args, *now, traffic_text(*now));
  return {};
}

constexpr option json_option[] = {{"json", flag, "print JSON"}};

// -- alias --------------------------------------------------------------------

result<void> change_alias(session& s, const arguments& args,
                          gateway_api& gateway, const std::string& name) {
  const auto& words = args.words();
  const bool set = words[1] == "set";
  const auto word = words.size() > 2 ? words[2] : std::string{};
  const auto equals = word.find('=');
  const auto alias = word.substr(0, equals);
  const auto version
    = equals == word.npos ? std::nullopt : number_in(word.substr(equals + 1));
  if (alias.empty() || (set && !version) || (!set && equals != word.npos))
    return error{errc::invalid_argument,
                 set ? "alias set needs ALIAS=VERSION"
                     : "alias remove needs ALIAS",
                 "for example: faas-cli alias " + name
                   + (set ? " set prod=3" : " remove prod")};
  auto path
    = "/system/alias/" + url_encode(name) + "?alias=" + url_encode(alias);
  if (set)
    path += "&version=" + std::to_string(*version);
  auto outcome
    = gateway.change(set ? "PUT" : "DELETE", path, json::object());
  if (!outcome)
    return outcome.error();
  print(s, args, *outcome,
        name + ":" + alias
          + (set ? " is version " + std::to_string(*version) : " is removed")
          + "\n");
  return {};
}

result<void> run_alias(session& s, const arguments& args) {
  const auto& name = args.words()[0];
  const auto action
    = args.words().size() > 1 ? args.words()[1] : std::string{"list"};
  if (action != "list" && action != "set" && action != "remove")
    return error{errc::invalid_argument,
                 "\"" + action + "\" is nothing to do with an alias",
                 "list, set ALIAS=VERSION or remove ALIAS"};
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  if (action != "list")
    return change_alias(s, args, gateway, name);
  auto now = gateway.get("/system/alias/" + url_encode(name));
  if (!now)
    return now.error();
  const auto aliases = now->value("aliases", json::object());
  std::string text;
  if (aliases.is_object())
    for (const auto& [alias, version] : aliases.items())
      text += alias + "=" + version.dump() + "\n";
  print(s, args, aliases, text);
  return {};
}

} // namespace

const command rollout_command{
  .name = "rollout",
  .words = "status|pause|resume|abort NAME",
  .summary = "Show or steer how a new version comes in",
  .details = "A version deployed with --canary (or `rollout` in the manifest) "
             "goes from step\n"
             "to step by itself when it does as well as the version in service "
             "at the same\n"
             "sites, and is rolled back by itself when it does not. --watch "
             "ends with 0 when\n"
             "it is promoted and with 1 when it is not.\n",
  .examples = "  faas-cli rollout status hello --watch\n"
              "  faas-cli rollout pause hello\n"
              "  faas-cli rollout abort hello\n",
  .options = rollout_options,
  .asks_gateway = true,
  .min_words = 2,
  .max_words = 2,
  .run = run_rollout};

const command traffic_command{
  .name = "traffic",
  .words = "NAME [VERSION=PERCENT...]",
  .summary = "Show or set the versions' shares of the events",
  .details = "The shares add up to 100; only versions that are kept. One that "
             "does not run yet\n"
             "is warmed up first and gets its share when it is ready.\n",
  .examples = "  faas-cli traffic hello\n"
              "  faas-cli traffic hello 3=90 4=10\n",
  .options = json_option,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 20,
  .run = run_traffic};

const command alias_command{
  .name = "alias",
  .words = "NAME [list|set ALIAS=VERSION|remove ALIAS]",
  .summary = "Name versions: calls to NAME:ALIAS reach them",
  .details = "The version of an alias runs beside the one in service.\n",
  .examples = "  faas-cli alias hello set prod=3\n"
              "  faas-cli invoke hello:prod\n"
              "  faas-cli alias hello list\n"
              "  faas-cli alias hello remove prod\n",
  .options = json_option,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 3,
  .run = run_alias};

} // namespace faas::cli
