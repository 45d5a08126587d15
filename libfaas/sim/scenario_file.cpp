#include "libfaas/sim/scenario_file.hpp"

#include "libfaas/sim/scenario_parts.hpp"
#include "libfaas/sim/variants.hpp"

#include <algorithm>

namespace faas::sim {
namespace {

using strictness = section::strictness;

constexpr std::string_view file_keys[]
  = {"name",  "length",    "warm_up", "gateways", "probe_every",
     "ping_every", "sites", "functions", "events", "drop_late"};
constexpr std::string_view event_keys[]
  = {"function", "gateway", "kind",  "rate",  "quiet_rate", "busy",
     "quiet",    "swing",   "day",   "times", "changes",    "site"};

std::function<std::unique_ptr<arrivals>()> read_source(section& keys) {
  schedule changes;
  if (const auto* list = keys.get("changes"))
    changes = read_steps(*list, "events.changes", "rate", keys.found());
  std::string kind = "poisson";
  on_off_rates rates;
  double rate = 1, swing = 0.5, day = 60'000;
  std::vector<double> times;
  keys.read("kind", kind);
  keys.read("rate", rate);
  keys.read("quiet_rate", rates.quiet);
  read_ms(keys, "busy", rates.busy_ms);
  read_ms(keys, "quiet", rates.quiet_ms);
  keys.read("swing", swing);
  read_ms(keys, "day", day);
  keys.read("times", times);
  rates.busy = rate;
  must(keys, "rate", rate > 0 && rate <= 1e7, "must be over 0, per second");
  must(keys, "swing", swing >= 0 && swing <= 1, "must be 0 to 1");
  must(keys, "day", day > 0, "must be over 0");
  must(keys, "changes", !changes.changes() || kind == "poisson",
       "are for kind poisson only");
  if (kind == "poisson")
    return [rate, changes] {
      return poisson(rate, changes, std::max(1.0, changes.highest()));
    };
  if (kind == "on_off")
    return [rates] { return on_off(rates); };
  if (kind == "daily")
    return [rate, swing, day] { return daily(rate, swing, day); };
  if (kind == "trace") {
    must(keys, "times", std::is_sorted(times.begin(), times.end()),
         "must rise (seconds)");
    for (auto& time : times)
      time *= 1000;
    return [times] { return trace(times); };
  }
  keys.fail("kind", "must be one of: poisson, on_off, daily, trace");
  return [] { return poisson(0); };
}

void read_events(const yaml_node& list, findings& found, scenario& out) {
  if (list.type != yaml_node::kind::sequence || list.items.empty())
    return found.fail(list.line, "events", "must be a list of who sends what");
  for (const auto& item : list.items) {
    section keys{*item, "events", found};
    traffic made;
    std::string function;
    uint32_t gateway = 0;
    keys.read("function", function);
    keys.read("gateway", gateway);
    const auto at = std::find_if(
      out.functions.begin(), out.functions.end(),
      [&](const function_law& one) { return one.name == function; });
    if (function.empty() && out.functions.size() == 1)
      made.function = 0;
    else if (at == out.functions.end())
      keys.fail("function", "\"" + function + "\" is not among functions");
    else
      made.function = static_cast<size_t>(at - out.functions.begin());
    must(keys, "gateway", gateway < out.gateways,
         "must be below gateways; they are counted from 0");
    made.gateway = gateway;
    std::string site;
    keys.read("site", site);
    made.only = std::find_if(out.sites.begin(), out.sites.end(),
                             [&](const site_law& one) {
                               return one.name == site;
                             })
                - out.sites.begin();
    must(keys, "site", site.empty() || made.only < out.sites.size(),
         "is not among sites");
    if (site.empty())
      made.only = traffic::any;
    made.source = read_source(keys);
    keys.finish(event_keys, strictness::unknown_is_error);
    out.events.push_back(std::move(made));
  }
}

template <class Read>
void read_named(section& file, std::string_view key, Read read) {
  const auto* node = file.get(key);
  if (node == nullptr || node->type != yaml_node::kind::map
      || node->entries.empty())
    return file.fail(key, "is required: names, each with its keys");
  for (const auto& one : node->entries)
    read(*one.value, one.key);
}

/// A function that a site has no memory for could never run there.
void check_memory(const scenario& made, findings& found) {
  for (const auto& one : made.functions) {
    const auto key = "functions." + one.name + ".memory";
    for (const auto& site : made.sites)
      if (site.memory_bytes > 0 && one.memory_bytes > site.memory_bytes)
        found.fail(found.lines[key], key,
                   "is more than sites." + site.name + ".memory");
  }
}

scenario read_file(section& file) {
  scenario made;
  uint32_t gateways = 1;
  file.read("name", made.name);
  read_ms(file, "length", made.length_ms);
  read_ms(file, "warm_up", made.warm_up_ms);
  read_ms(file, "probe_every", made.probe_every_ms);
  read_ms(file, "ping_every", made.ping_every_ms);
  file.read("gateways", gateways);
  must(file, "gateways", gateways >= 1 && gateways <= 64, "must be 1 to 64");
  must(file, "length", made.length_ms > made.warm_up_ms,
       "must be longer than warm_up");
  made.gateways = gateways;
  auto& found = file.found();
  read_named(file, "sites", [&](const auto& node, const auto& name) {
    made.sites.push_back(read_site(node, name, found));
  });
  must(file, "sites", made.sites.size() <= 1024, "at most 1024");
  read_named(file, "functions", [&](const auto& node, const auto& name) {
    made.functions.push_back(read_function(node, name, found));
  });
  check_memory(made, found);
  file.read("drop_late", made.drop_late);
  if (const auto wrong = wrong_lighter(made.functions); !wrong.empty())
    file.fail("functions", wrong);
  if (const auto* events = file.get("events"))
    read_events(*events, found, made);
  else
    file.fail("events", "is required: a list of who sends what");
  file.finish(file_keys, strictness::unknown_is_error);
  return made;
}

} // namespace

result<scenario> parse_scenario(std::string_view text) {
  auto tree = parse_yaml(text, {});
  if (!tree)
    return tree.error();
  findings found;
  section file{**tree, "", found};
  auto made = read_file(file);
  if (found.errors.empty())
    return made;
  std::string all;
  for (const auto& one : found.errors)
    all += (all.empty() ? "" : "\n") + one;
  return error{errc::invalid_argument, all, "see docs/simulator.md"};
}

} // namespace faas::sim
