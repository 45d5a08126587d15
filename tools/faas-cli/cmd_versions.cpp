// versions, rollback.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/deployer.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

result<void> run_versions(session& s, const arguments& args) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  auto all = gateway.get("/system/versions/" + url_encode(args.words()[0]));
  if (!all)
    return all.error();
  if (args.has("json"))
    s.out << all->dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  else
    s.out << version_table(*all);
  return {};
}

result<uint32_t> version_given(const arguments& args) {
  const auto text = args.get("to");
  uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, number);
  if (!text.empty() && (failed != std::errc{} || at != end || number == 0))
    return error{errc::invalid_argument,
                 "\"" + text + "\" is no version number",
                 "`faas-cli versions " + args.words()[0] + "` lists them"};
  return number;
}

result<void> run_rollback(session& s, const arguments& args) {
  const auto& name = args.words()[0];
  const auto version = version_given(args);
  if (!version)
    return version.error();
  auto timeout = args.time("timeout", std::chrono::seconds{60});
  if (!timeout)
    return timeout.error();
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  auto outcome = gateway.rollback(name, *version);
  if (!outcome)
    return outcome.error();
  const auto now = version_of(*outcome);
  if (!args.has("no-wait")) {
    auto end = wait_until_ready(s, gateway, name, now, *timeout);
    if (!end)
      return end.error();
    if (end->at == progress::stage::failed)
      return {errc::function_failed,
              "version " + std::to_string(now) + " of " + name
                + " does not start: " + end->what,
              "the version that had the traffic keeps it; `faas-cli versions "
                + name + "` lists others"};
  }
  if (args.has("json"))
    s.out << outcome->dump(2) << '\n';
  else
    s.out << name << ": "
          << (flag_at(*outcome, "unchanged") ? "already at version "
                                             : "back at version ")
          << now << '\n';
  return {};
}

constexpr option json_option[] = {{"json", flag, "print JSON"}};

constexpr option rollback_options[] = {
  {"to", value, "version [the one before the current]", "N"},
  {"no-wait", flag, "do not wait until a node is ready"},
  {"timeout", value, "how long to wait [60s]", "TIME"},
  {"json", flag, "print JSON"},
};

} // namespace

const command versions_command{.name = "versions",
                               .words = "NAME",
                               .summary = "List the versions that are kept",
                               .examples = "  faas-cli versions hello\n"
                                           "  faas-cli versions hello --json\n",
                               .options = json_option,
                               .asks_gateway = true,
                               .min_words = 1,
                               .max_words = 1,
                               .run = run_versions};

const command rollback_command{
  .name = "rollback",
  .words = "NAME",
  .summary = "Give the traffic back to an earlier version",
  .details = "The version is warmed up first; until it is ready the present one "
             "serves.\n",
  .examples = "  faas-cli rollback hello\n"
              "  faas-cli rollback hello --to 3\n",
  .options = rollback_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_rollback};

} // namespace faas::cli
