#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/table.hpp"

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using enum option::kind;

/// More does not fit any gateway of ours.
constexpr size_t max_input = limits::body_bytes;

result<std::string> read_input(session& s) {
  if (s.in_is_terminal)
    s.err << "Reading the body from the terminal; end it with Ctrl-D."
          << std::endl;
  std::string body;
  char buffer[16 * 1024];
  while (s.in.read(buffer, sizeof buffer), s.in.gcount() > 0) {
    body.append(buffer, static_cast<size_t>(s.in.gcount()));
    if (body.size() > max_input)
      return {errc::too_large,
              "the body has more than " + std::to_string(max_input) + " bytes"};
  }
  return body;
}

result<std::string> body_of(session& s, const arguments& args) {
  if (!args.has("data"))
    return args.get("method") == "GET" ? result<std::string>{std::string{}}
                                       : read_input(s);
  auto data = args.get("data");
  if (data == "@-")
    return read_input(s);
  if (data.starts_with('@'))
    return read_file(s.system.working_folder() / data.substr(1), max_input);
  return data;
}

result<http_request> request_of(session& s, const arguments& args,
                                const endpoint& target) {
  http_request out;
  out.method = args.has("method") ? args.get("method") : "POST";
  if (out.method.empty()
      || out.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
           != std::string::npos)
    return {errc::invalid_argument,
            "--method \"" + out.method.substr(0, 20)
              + "\" must be GET, POST, PUT, PATCH or DELETE"};
  // A path may follow the name: hello/a/b.
  const auto& word = args.words()[0];
  const auto slash = std::min(word.find('/'), word.size());
  out.url = target.url + "/function/" + url_encode(word.substr(0, slash))
            + word.substr(slash);
  std::string query;
  for (const auto& pair : args.all("query"))
    query += (query.empty() ? "?" : "&") + pair;
  out.url += query;
  auto timeout = args.time("timeout", std::chrono::seconds{60});
  if (!timeout)
    return timeout.error();
  out.timeout = *timeout;
  bool typed = false;
  for (const auto& line : args.all("header")) {
    auto header = parse_header(line);
    if (!header)
      return header.error();
    http_response probe{.status = 0, .headers = {*header}, .body = {}};
    typed |= !probe.header("Content-Type").empty();
    out.headers.push_back(std::move(*header));
  }
  if (!typed)
    out.headers.emplace_back("Content-Type", args.has("content-type")
                                               ? args.get("content-type")
                                               : "text/plain");
  if (args.has("auth") && !target.authorization.empty())
    out.headers.emplace_back("Authorization", target.authorization);
  return out;
}

void show_details(session& s, const http_response& answer) {
  s.err << "Status " << answer.status << " in "
        << short_number(to_ms(answer.took)) << " ms";
  if (const auto site = answer.header("X-Faas-Site"); !site.empty())
    s.err << " at " << printable(site);
  s.err << '\n';
  for (const auto& [name, value] : answer.headers)
    s.err << "  " << printable(name) << ": " << printable(value) << '\n';
}

result<void> run_invoke(session& s, const arguments& args) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  auto request = request_of(s, args, *target);
  if (!request)
    return request.error();
  auto body = body_of(s, args);
  if (!body)
    return body.error();
  request->body = std::move(*body);
  request->on_data = [&](std::string_view part) { // as it comes
    s.out << part << std::flush;
    return bool(s.out);
  };
  auto answer = s.http.send(*request); // never repeated: it may have run
  if (!answer && answer.error().code == errc::unavailable)
    return error{errc::unavailable,
                 "no gateway at " + target->url + ": " + answer.error().message,
                 "start one with `faas-node --dev`, or name it with -g"};
  if (!answer)
    return error{answer.error().code, answer.error().message,
                 answer.error().code == errc::outcome_unknown
                   ? "the function may have run"
                   : "give it longer with --timeout"};
  s.call_id = answer->header("X-Call-Id");
  if (args.has("verbose"))
    show_details(s, *answer);
  if (answer->status < 400) {
    s.out << answer->body;
    return {};
  }
  // Petrel's own errors are told on stderr; a function's body is output.
  const bool ours = !answer->header("X-OpenFaaS-Internal").empty();
  if (!ours)
    s.out << answer->body;
  auto failure = error_of(*answer);
  if (!ours)
    failure.message = "the function answered " + std::to_string(answer->status);
  return failure;
}

constexpr option invoke_options[] = {
  {"d,data", value, "the body, @FILE, or @- [standard input]", "TEXT"},
  {"H,header", list, "a header, may be repeated", "'NAME: VALUE'"},
  {"m,method", value, "HTTP method [POST]", "METHOD"},
  {"query", list, "part of the query, may be repeated", "KEY=VALUE"},
  {"content-type", value, "type of the body [text/plain]", "TYPE"},
  {"timeout", value, "how long to wait [60s]", "TIME"},
  {"auth", flag, "send the credential to the function"},
  {"v,verbose", flag, "show status, site, times and headers"},
};

} // namespace

const command invoke_command{
  .name = "invoke",
  .words = "NAME[/PATH]",
  .summary = "Call a function; its answer goes to standard output",
  .details = "A call is never repeated. The exit code tells how it ended\n"
             "(`faas-cli help exit-codes`).\n",
  .examples = "  faas-cli invoke hello -d Ada -v\n"
              "  echo Ada | faas-cli invoke hello\n"
              "  faas-cli invoke classify -d @images.bin --content-type "
              "application/octet-stream\n"
              "  faas-cli invoke echo/a/b -m GET --query n=3 -H 'X-A: b'\n",
  .options = invoke_options,
  .asks_gateway = true,
  .min_words = 1,
  .max_words = 1,
  .run = run_invoke};

} // namespace faas::cli
