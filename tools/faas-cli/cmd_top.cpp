#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/top.hpp"

#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {
namespace {

using namespace std::chrono_literals;

std::string local_time(wall_time at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S", &parts);
  return text;
}

/// One round of questions.
struct sample {
  json nodes, functions, actors;
  std::vector<double> rates;
  std::vector<std::pair<std::string, json>> sites;
};

result<sample> ask(session& s, gateway_api& gateway, rate_meter& meter) {
  sample out;
  const std::pair<const char*, json*> questions[]
    = {{"/system/nodes", &out.nodes},
       {"/system/functions", &out.functions},
       {"/system/actors", &out.actors}};
  for (const auto& [path, answer] : questions) {
    auto got = gateway.get(path);
    if (!got)
      return got.error();
    *answer = std::move(*got);
  }
  out.rates = meter.update(out.functions, s.system.now());
  for (const auto& name : busiest(out.functions, out.rates)) {
    // A function removed in between is no reason to stop.
    auto got = gateway.get("/system/sites/" + url_encode(name));
    if (got)
      out.sites.emplace_back(name, std::move(*got));
  }
  return out;
}

json as_json(const sample& now) {
  json sites = json::object();
  for (const auto& [name, list] : now.sites)
    sites[name] = list;
  return {{"nodes", now.nodes},
          {"functions", now.functions},
          {"actors", now.actors},
          {"sites", std::move(sites)}};
}

result<void> run_top(session& s, const arguments& args) {
  auto target = find_endpoint(s, args);
  if (!target)
    return target.error();
  gateway_api gateway{s, *target, {5s}};
  rate_meter meter;
  const bool once = args.has("once") || args.has("json");
  while (s.out) {
    auto now = ask(s, gateway, meter);
    if (!now)
      return now.error();
    if (args.has("json")) {
      s.out << as_json(*now).dump(2, ' ', false, json::error_handler_t::replace)
            << '\n';
      return {};
    }
    auto text = render_top({target->url, local_time(s.system.wall()),
                            now->nodes, now->functions, now->rates,
                            std::move(now->sites), now->actors});
    if (!once && s.out_is_terminal)
      s.out << "\x1b[H\x1b[2J"; // home, clear
    s.out << text << std::flush;
    if (once)
      return {};
    s.system.sleep(1s);
  }
  return {};
}

constexpr option top_options[] = {
  {"once", option::kind::flag, "show one picture and end"},
  {"json", option::kind::flag, "one picture as JSON"},
};

} // namespace

const command top_command{
  .name = "top",
  .summary = "Show nodes, functions, sites and actors live",
  .details = "Refreshes each second; end it with Ctrl-C.\n",
  .examples = "  faas-cli top\n"
              "  faas-cli top --once\n"
              "  faas-cli top --json\n",
  .options = top_options,
  .asks_gateway = true,
  .run = run_top};

} // namespace faas::cli
