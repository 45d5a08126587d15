// explain, decisions: the gateway's log of decisions.
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/decision_text.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/views.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <fstream>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

constexpr option explain_options[] = {{"json", flag, "print JSON"}};

constexpr option decisions_options[] = {
  {"limit", value, "so many at most [20]", "N"},
  {"export", value, "write the whole log to a file", "FILE"},
  {"json", flag, "print JSON"},
};

template <class View>
result<void> show(session& s, const arguments& args, gateway_api& gateway,
                  const std::string& path, View view) {
  auto answer = gateway.get(path);
  if (!answer)
    return answer.error();
  if (args.has("json"))
    s.out << answer->dump(2, ' ', false, json::error_handler_t::replace)
          << '\n';
  else
    s.out << view(*answer);
  return {};
}

result<void> run_explain(session& s, const arguments& args) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  return show(s, args, gateway,
              "/system/decisions/" + url_encode(args.words()[0]),
              decision_text);
}

/// One file of the gateway's log; empty when it has just gone.
result<std::string> segment(gateway_api& gateway, uint64_t number) {
  http_request get;
  get.url = gateway.target().url + "/system/decisions/log?segment="
            + std::to_string(number);
  if (!gateway.target().authorization.empty())
    get.headers.emplace_back("Authorization", gateway.target().authorization);
  auto answer = gateway.call(std::move(get), true);
  if (answer)
    return std::move(answer->body);
  if (answer.error().code == errc::not_found)
    return std::string{};
  return answer.error();
}

result<void> export_log(session& s, const arguments& args,
                        gateway_api& gateway) {
  auto log = gateway.get("/system/decisions/log");
  if (!log)
    return log.error();
  const auto file = s.system.working_folder() / args.get("export");
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  uint64_t bytes = 0, segments = 0;
  for (const auto& one : list_in(*log, "segments")) {
    auto part = segment(gateway,
                        static_cast<uint64_t>(number_at(one, "segment")));
    if (!part)
      return part.error();
    out << *part;
    bytes += part->size();
    segments += !part->empty();
  }
  if (!out.flush())
    return error{errc::storage_full, "cannot write " + file.string(),
                 "name a file that can be written"};
  if (args.has("json"))
    s.out << json{{"file", file.string()},
                  {"segments", segments},
                  {"bytes", bytes}}
               .dump(2)
          << '\n';
  else
    s.out << file.string() << ": " << segments << " segments, " << bytes
          << " bytes\n";
  return {};
}

result<void> run_decisions(session& s, const arguments& args) {
  std::string path = "/system/decisions";
  if (!args.words().empty())
    path += "?function=" + url_encode(args.words()[0]);
  if (args.has("limit")) {
    const auto text = args.get("limit");
    uint32_t limit = 0;
    const auto* end = text.data() + text.size();
    if (const auto [at, failed] = std::from_chars(text.data(), end, limit);
        failed != std::errc{} || at != end || limit == 0)
      return error{errc::invalid_argument,
                   "--limit must be a whole number from 1"};
    path += (path.find('?') == path.npos ? "?limit=" : "&limit=") + text;
  }
  if (args.has("export") && !args.words().empty())
    return error{errc::invalid_argument, "--export writes all functions' log",
                 "leave the name out"};
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target};
  if (args.has("export"))
    return export_log(s, args, gateway);
  return show(s, args, gateway, path, decision_table);
}

} // namespace

const command explain_command{
  .name = "explain",
  .words = "CALL_ID",
  .summary = "Show why an event went where it went, and what it took",
  .details = "The id is in the header X-Call-Id of each answer. Ask the "
             "gateway that took the event.\n",
  .examples = "  faas-cli explain 6f2d1c1e-7f64-4c44-9a39-5b6e6f0a2b11\n"
              "  faas-cli explain 6f2d1c1e-7f64-4c44-9a39-5b6e6f0a2b11 "
              "--json\n",
  .options = explain_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_explain};

const command decisions_command{
  .name = "decisions",
  .words = "[NAME]",
  .summary = "Show the newest decisions of a gateway, or get its log",
  .details = "With --export the log is written to a file, for faas-sim "
             "replay.\n",
  .examples = "  faas-cli decisions classify --limit 50\n"
              "  faas-cli decisions --export today.dlog\n",
  .options = decisions_options,
  .asks_gateway = true,
  .max_words = 1,
  .run = run_decisions};

} // namespace faas::cli
