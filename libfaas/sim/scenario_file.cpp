#include "libfaas/sim/scenario_file.hpp"

#include "libfaas/manifest/reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace faas::sim {
namespace {

using strictness = section::strictness;

constexpr std::string_view file_keys[]
  = {"name",  "length",    "warm_up", "gateways", "probe_every",
     "ping_every", "sites", "functions", "events"};
constexpr std::string_view site_keys[]
  = {"tier",   "servers", "slowdown", "rtt", "jitter",
     "mbit",   "cold",    "keep",     "disturbances"};
constexpr std::string_view disturbance_keys[]
  = {"from", "slowdown", "rtt", "bandwidth"};
constexpr std::string_view function_keys[]
  = {"size",  "ms_per_unit",   "ms_fixed",      "bytes_per_unit",
     "noise", "outlier_share", "outlier_factor"};
constexpr std::string_view law_keys[]
  = {"law", "mean", "sigma", "least", "most", "values"};
constexpr std::string_view event_keys[]
  = {"function", "gateway", "kind",  "rate",  "quiet_rate", "busy",
     "quiet",    "swing",   "day",   "times"};

void read_ms(section& keys, std::string_view key, double& out) {
  auto value = from_ms(out);
  keys.read(key, value);
  if (keys.has(key))
    out = to_ms(value);
  if (out < 0)
    keys.fail(key, "must not be negative");
}

void must(section& keys, std::string_view key, bool good, const char* what) {
  if (!good)
    keys.fail(key, what);
}

law read_law(const yaml_node& node, const std::string& path, findings& found) {
  if (node.type == yaml_node::kind::scalar) { // a number: always that
    char* end = nullptr;
    const auto value = std::strtod(node.text.c_str(), &end);
    if (*end != 0 || !std::isfinite(value) || value < 0)
      found.fail(node.line, path, "must be a number, or a mapping with law");
    return law::constant(value);
  }
  section keys{node, path, found};
  std::string what = "constant";
  double mean = 1, sigma = 0, least = 0, most = 1;
  std::vector<double> values;
  keys.read("law", what);
  keys.read("mean", mean);
  keys.read("sigma", sigma);
  keys.read("least", least);
  keys.read("most", most);
  keys.read("values", values);
  keys.finish(law_keys, strictness::unknown_is_error);
  must(keys, "mean", mean > 0, "must be over 0");
  must(keys, "sigma", sigma >= 0 && sigma <= 5, "must be 0 to 5");
  if (what == "constant")
    return law::constant(mean);
  if (what == "exponential")
    return law::exponential(mean);
  if (what == "log_normal")
    return law::log_normal(mean, sigma);
  if (what == "uniform") {
    must(keys, "least", least >= 0 && least <= most, "must be 0 to most");
    return law::uniform(least, most);
  }
  if (what == "measured") {
    const bool good = !values.empty()
                      && std::all_of(values.begin(), values.end(),
                                     [](double v) { return v >= 0; });
    must(keys, "values", good, "must be a list of numbers from 0 on");
    return good ? law::measured(std::move(values)) : law::constant(0);
  }
  keys.fail("law", "must be one of: constant, exponential, log_normal, uniform, "
                   "measured");
  return law::constant(1);
}

/// Steps of the three factors that a site has.
void read_disturbances(const yaml_node& list, const std::string& path,
                       findings& found, site_law& out) {
  if (list.type != yaml_node::kind::sequence)
    return found.fail(list.line, path, "must be a list");
  std::vector<schedule::step> slow, rtt, bandwidth;
  double last = 0;
  for (const auto& item : list.items) {
    section keys{*item, path, found};
    double from = 0;
    read_ms(keys, "from", from);
    must(keys, "from", keys.has("from") && from >= last,
         "is required, and must not be before the step above");
    last = from;
    const auto add = [&](std::string_view key, auto& to, bool inverse) {
      double factor = 0;
      keys.read(key, factor);
      if (!keys.has(key))
        return;
      must(keys, key, factor > 0 && factor <= 1e6, "must be over 0");
      to.push_back({from, inverse ? 1 / factor : factor});
    };
    add("slowdown", slow, false);
    add("rtt", rtt, false);
    add("bandwidth", bandwidth, true);
    keys.finish(disturbance_keys, strictness::unknown_is_error);
  }
  out.disturbance = schedule{std::move(slow)};
  out.link.rtt_factor = schedule{std::move(rtt)};
  out.link.ms_per_byte_factor = schedule{std::move(bandwidth)};
}

site_law read_site(const yaml_node& node, const std::string& name,
                   findings& found) {
  const auto path = "sites." + name;
  section keys{node, path, found};
  site_law made;
  made.name = made.tier = name;
  uint32_t servers = 1;
  double mbit = 0;
  keys.read("tier", made.tier);
  keys.read("servers", servers);
  must(keys, "servers", servers >= 1 && servers <= 4096, "must be 1 to 4096");
  made.servers = servers;
  keys.read("slowdown", made.slowdown);
  must(keys, "slowdown", made.slowdown > 0, "must be over 0");
  read_ms(keys, "rtt", made.link.rtt_ms);
  read_ms(keys, "jitter", made.link.jitter_ms);
  keys.read("mbit", mbit);
  must(keys, "mbit", mbit >= 0, "must not be negative; 0: without limit");
  if (mbit > 0)
    made.link.ms_per_byte = 8 / (mbit * 1000);
  read_ms(keys, "cold", made.cold.load_ms);
  read_ms(keys, "keep", made.cold.keep_ms);
  if (const auto* list = keys.get("disturbances"))
    read_disturbances(*list, path + ".disturbances", found, made);
  keys.finish(site_keys, strictness::unknown_is_error);
  return made;
}

function_law read_function(const yaml_node& node, const std::string& name,
                           findings& found) {
  const auto path = "functions." + name;
  section keys{node, path, found};
  function_law made;
  made.name = name;
  if (const auto* size = keys.get("size"))
    made.size = read_law(*size, path + ".size", found);
  keys.read("ms_per_unit", made.ms_per_unit);
  keys.read("ms_fixed", made.ms_fixed);
  keys.read("bytes_per_unit", made.bytes_per_unit);
  keys.read("noise", made.noise);
  keys.read("outlier_share", made.outlier_share);
  keys.read("outlier_factor", made.outlier_factor);
  keys.finish(function_keys, strictness::unknown_is_error);
  must(keys, "ms_fixed",
       made.ms_fixed >= 0 && made.ms_per_unit >= 0
         && made.ms_fixed + made.ms_per_unit > 0,
       "and ms_per_unit must not be negative, and not both 0");
  must(keys, "bytes_per_unit", made.bytes_per_unit >= 0,
       "must not be negative");
  must(keys, "noise", made.noise >= 0 && made.noise <= 3, "must be 0 to 3");
  must(keys, "outlier_share",
       made.outlier_share >= 0 && made.outlier_share <= 1, "must be 0 to 1");
  return made;
}

std::function<std::unique_ptr<arrivals>()> read_source(section& keys) {
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
  if (kind == "poisson")
    return [rate] { return poisson(rate); };
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
  must(file, "sites", made.sites.size() <= 32, "at most 32");
  read_named(file, "functions", [&](const auto& node, const auto& name) {
    made.functions.push_back(read_function(node, name, found));
  });
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
