// list, describe, sites, version, remove.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"
#include "tools/faas-cli/views.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#ifndef PETREL_VERSION
#define PETREL_VERSION "0"
#endif

namespace faas::cli {
namespace {

using enum option::kind;

constexpr option json_option[] = {{"json", flag, "print JSON"}};

/// Asks and shows: as JSON, or as `view` makes of it.
template <class View>
result<void> show(session& s, const arguments& args, const std::string& path,
                  View view) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  auto answer = gateway.get(path);
  if (!answer)
    return answer.error();
  if (args.has("json"))
    s.out << answer->dump(2, ' ', false, json::error_handler_t::replace)
          << '\n';
  else
    s.out << view(*answer, gateway.target().url);
  return {};
}

result<void> run_list(session& s, const arguments& args) {
  return show(s, args, "/system/functions",
              [&](const json& all, const std::string&) {
                if (!args.has("quiet"))
                  return function_table(all);
                std::string names;
                for (const auto& f : list_in(all, "functions"))
                  names += printable(text_at(f, "name")) + "\n";
                return names;
              });
}

result<void> run_describe(session& s, const arguments& args) {
  return show(s, args, "/system/function/" + url_encode(args.words()[0]),
              function_text);
}

result<void> run_sites(session& s, const arguments& args) {
  auto path = "/system/sites/" + url_encode(args.words()[0]);
  if (args.has("size"))
    path += "?size=" + url_encode(args.get("size"));
  const auto view = [](const json& sites, const std::string&) {
    return site_table(sites);
  };
  if (!args.has("watch"))
    return show(s, args, path, view);
  if (args.has("json"))
    return error{errc::invalid_argument, "--watch shows tables, no JSON",
                 "leave one of them out"};
  while (s.out) {
    if (s.out_is_terminal)
      s.out << "\x1b[H\x1b[2J"; // home, clear
    if (auto done = show(s, args, path, view); !done)
      return done;
    s.out << std::flush;
    if (s.system.interrupted())
      break;
    s.system.sleep(std::chrono::seconds{1});
  }
  return {};
}

result<void> run_remove(session& s, const arguments& args) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  for (const auto& name : args.words()) {
    auto done = gateway.remove(name, args.get("namespace"));
    if (!done)
      return done.error();
    s.out << name << ": removed" << std::endl;
  }
  return {};
}

/// The client's version is known even when there is no gateway.
result<void> run_version(session& s, const arguments& args) {
  json report{{"client", PETREL_VERSION}, {"gateway", nullptr}};
  auto target = find_endpoint(s, args);
  std::string why = target ? "" : target.error().message;
  if (target) {
    gateway_api gateway{s, *target, {std::chrono::seconds{5}}};
    if (auto info = gateway.get("/system/info"))
      report["gateway"] = *info;
    else
      why = info.error().message;
  }
  if (args.has("json")) {
    s.out << report.dump(2) << '\n';
    return {};
  }
  s.out << "faas-cli " << PETREL_VERSION << '\n';
  if (!why.empty()) {
    s.out << "gateway: unknown (" << printable(why) << ")\n";
    return {};
  }
  const auto& info = report["gateway"];
  const auto version = info.value("version", json::object());
  s.out << "gateway " << target->url << ": "
        << printable(
             text_at(info.value("provider", json::object()), "provider"))
        << ' ' << printable(text_at(version, "release")) << '\n';
  return {};
}

constexpr option list_options[] = {
  {"q,quiet", flag, "names only"},
  {"json", flag, "print JSON"},
};

constexpr option sites_options[] = {
  {"size", value, "size n of the event to predict for", "N"},
  {"watch", flag, "again each second, until Ctrl-C"},
  {"json", flag, "print JSON"},
};

constexpr option remove_options[] = {
  {"n,namespace", value, "its namespace", "NAME"},
};

} // namespace

const command list_command{.name = "list",
                           .alias = "ls",
                           .summary = "List functions",
                           .examples = "  faas-cli list\n"
                                       "  faas-cli list --json\n"
                                       "  faas-cli list -q\n",
                           .options = list_options,
                           .asks_gateway = true,
                           .run = run_list};

const command describe_command{.name = "describe",
                               .words = "NAME",
                               .summary = "Show one function and where it runs",
                               .examples = "  faas-cli describe hello\n"
                                           "  faas-cli describe hello --json\n",
                               .options = json_option,
                               .asks_gateway = true,
                               .min_words = 1,
                               .max_words = 1,
                               .run = run_describe};

const command sites_command{
  .name = "sites",
  .words = "NAME",
  .summary = "Show where a function's next event would go, and why",
  .details = "Times are milliseconds as the predictor believes them now.\n",
  .examples = "  faas-cli sites classify\n"
              "  faas-cli sites classify --size 300\n"
              "  faas-cli sites classify --watch\n"
              "  faas-cli sites classify --json\n",
  .options = sites_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_sites};

const command remove_command{.name = "remove",
                             .alias = "rm",
                             .words = "NAME...",
                             .summary = "Remove functions",
                             .examples = "  faas-cli remove hello\n"
                                         "  faas-cli rm hello classify\n",
                             .options = remove_options,
                             .asks_gateway = true,
                             .min_words = 1,
                             .max_words = 100,
                             .run = run_remove};

const command version_command{.name = "version",
                              .summary
                              = "Show the versions of client and gateway",
                              .examples = "  faas-cli version\n"
                                          "  faas-cli version --json\n",
                              .options = json_option,
                              .asks_gateway = true,
                              .run = run_version};

} // namespace faas::cli
