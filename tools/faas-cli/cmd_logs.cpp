#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/views.hpp"

#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

namespace faas::cli {
namespace {

using enum option::kind;

std::string rfc3339(wall_time at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// Prints the lines of a log. A stream that is opened anew begins with lines of
/// the last second again; those are left out.
class log_printer {
public:
  log_printer(session& s, bool as_json) : s_(s), json_(as_json) {}

  /// The next line comes from a new stream, since last().
  void reopened() { again_ = printed_; }

  bool operator()(std::string_view line) {
    const auto parsed = json::parse(line, nullptr, false);
    if (!parsed.is_object())
      return true;
    if (const auto known = again_.find(line); known != again_.end()) {
      again_.erase(known);
      return true;
    }
    const auto time = text_at(parsed, "timestamp");
    if (time != last_)
      printed_.clear();
    last_ = time;
    printed_.emplace(line);
    if (json_)
      s_.out << parsed.dump(-1, ' ', false, json::error_handler_t::replace);
    else
      s_.out << log_text(parsed);
    s_.out << std::endl; // a follower reads along
    return static_cast<bool>(s_.out);
  }

  const std::string& last() const noexcept { return last_; }

private:
  using lines = std::multiset<std::string, std::less<>>;

  session& s_;
  bool json_;
  std::string last_; ///< time of the last line
  lines printed_;    ///< lines of that time
  lines again_;      ///< what a new stream repeats
};

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
