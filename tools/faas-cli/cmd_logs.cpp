#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/log_printer.hpp"

#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

result<void> run_logs(session& s, const arguments& args) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  auto tail = args.number("tail", 100);
  if (!tail)
    return tail.error();
  auto since = args.time("since", duration::zero());
  if (!since)
    return since.error();
  const auto base = "name=" + url_encode(args.words()[0]);
  auto query = base + "&tail=" + std::to_string(*tail);
  if (args.has("since"))
    query += "&since="
             + url_encode(rfc3339(
               s.system.wall()
               - std::chrono::duration_cast<wall_time::duration>(*since)));
  gateway_api gateway{s, *target};
  log_printer print{s, args.has("json")};
  const auto print_line = [&](std::string_view line) { return print(line); };
  if (!args.has("follow"))
    return gateway.logs(query + "&follow=false", std::chrono::seconds{60},
                        print_line);
  // A gateway ends a followed stream from time to time; go on where it ended.
  while (s.out) {
    auto done
      = gateway.logs(query + "&follow=true", duration::zero(), print_line);
    if (!done && done.error().code != errc::outcome_unknown)
      return done.error();
    print.reopened();
    if (!print.last().empty())
      query = base + "&tail=-1&since=" + url_encode(print.last());
    s.system.sleep(std::chrono::milliseconds{200});
  }
  return {};
}

constexpr option logs_options[] = {
  {"follow", flag, "go on with new lines until interrupted"},
  {"tail", value, "last lines to begin with, -1: all kept [100]", "N"},
  {"since", value, "only lines younger than that", "TIME"},
  {"json", flag, "print one JSON object per line"},
};

} // namespace

const command logs_command{.name = "logs",
                           .words = "NAME",
                           .summary = "Show a function's log",
                           .examples = "  faas-cli logs hello\n"
                                       "  faas-cli logs hello --follow\n"
                                       "  faas-cli logs hello --since 5m "
                                       "--tail -1 --json\n",
                           .options = logs_options,
                           .asks_gateway = true,
                           .min_words = 1,
                           .max_words = 1,
                           .run = run_logs};

} // namespace faas::cli
