#include "libfaas/sim/scenario_parts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

namespace faas::sim {
namespace {

using strictness = section::strictness;

constexpr std::string_view site_keys[]
  = {"tier", "servers", "slowdown", "rtt",    "jitter", "loss",  "mbit",
     "mbit_back", "cold", "keep",    "memory",   "repeat", "absent", "batch",
     "disturbances", "price", "idle_watts", "busy_watts"};
constexpr std::string_view batch_keys[] = {"max", "window", "base", "item"};
constexpr std::string_view disturbance_keys[]
  = {"from", "slowdown", "rtt", "bandwidth"};
constexpr std::string_view function_keys[]
  = {"size",  "ms_per_unit",   "ms_fixed",      "bytes_per_unit",
     "noise", "memoryless", "outlier_share", "outlier_factor", "memory", "cold",
     "deadline", "lighter", "reply_bytes_per_unit", "told"};
constexpr std::string_view law_keys[]
  = {"law", "mean", "sigma", "least", "most", "values"};
constexpr std::string_view absence_keys[]
  = {"from", "until", "crash", "deploy"};

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
                       double period, findings& found, site_law& out) {
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
    must(keys, "from", period == 0 || from < period,
         "must be within the time after which it repeats");
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
  out.disturbance = schedule{std::move(slow), period};
  out.link.rtt_factor = schedule{std::move(rtt), period};
  out.link.ms_per_byte_factor = schedule{std::move(bandwidth), period};
}

/// Times in which the site is gone.
void read_absences(const yaml_node& list, const std::string& path,
                   findings& found, site_law& out) {
  if (list.type != yaml_node::kind::sequence)
    return found.fail(list.line, path, "must be a list");
  double last = 0;
  for (const auto& item : list.items) {
    section keys{*item, path, found};
    absence made;
    made.until = std::numeric_limits<double>::infinity();
    read_ms(keys, "from", made.from);
    must(keys, "from", made.from >= last, "must not be before the one above");
    if (keys.has("until"))
      read_ms(keys, "until", made.until = 0);
    must(keys, "until", made.until > made.from, "must be after from");
    keys.read("crash", made.crash);
    read_ms(keys, "deploy", made.deploy_ms);
    must(keys, "deploy", !keys.has("deploy") || keys.has("until"),
         "is for a site that comes: it needs until");
    keys.finish(absence_keys, strictness::unknown_is_error);
    last = made.until;
    out.absent.push_back(made);
  }
}

batch_law read_batch(const yaml_node& node, const std::string& path,
                     findings& found) {
  section keys{node, path, found};
  batch_law made;
  uint32_t most = 0;
  keys.read("max", most);
  must(keys, "max", most >= 1 && most <= 4096,
       "is required: items in a batch, 1 to 4096");
  made.most = most;
  read_ms(keys, "window", made.window_ms);
  must(keys, "window", made.window_ms <= 1000, "must be at most 1s");
  for (auto [key, out] : {std::pair{"base", &made.base_ms},
                          std::pair{"item", &made.item_ms}})
    if (keys.has(key))
      read_ms(keys, key, out->emplace(0));
  must(keys, "base",
       made.base_ms.value_or(1) + made.item_ms.value_or(1) > 0,
       "and item must not both be 0");
  keys.finish(batch_keys, strictness::unknown_is_error);
  return made;
}

double read_memory(section& keys) {
  uint64_t bytes = 0;
  keys.read_bytes("memory", bytes);
  must(keys, "memory", !keys.has("memory") || bytes > 0, "must be over 0");
  return static_cast<double>(bytes);
}

} // namespace

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

schedule read_steps(const yaml_node& list, const std::string& path,
                    std::string_view key, findings& found) {
  std::vector<schedule::step> all;
  if (list.type != yaml_node::kind::sequence)
    found.fail(list.line, path, "must be a list");
  const std::string_view known[] = {"from", key};
  for (const auto& item : list.items) {
    section keys{*item, path, found};
    schedule::step one;
    read_ms(keys, "from", one.from);
    keys.read(key, one.factor);
    must(keys, "from", all.empty() || one.from >= all.back().from,
         "must not be before the step above");
    must(keys, key, one.factor > 0 && one.factor <= 1e6, "must be over 0");
    keys.finish(known, strictness::unknown_is_error);
    all.push_back(one);
  }
  return schedule{std::move(all)};
}

namespace {

void read_costs(section& keys, routing::site_costs& out) {
  keys.read("price", out.price_per_s);
  keys.read("idle_watts", out.idle_watts);
  out.busy_watts = out.idle_watts;
  keys.read("busy_watts", out.busy_watts);
  must(keys, "price", std::isfinite(out.price_per_s) && out.price_per_s >= 0,
       "must not be negative (per second of an event's work)");
  must(keys, "busy_watts", sound(out),
       "and idle_watts must not be negative, and busy not below idle");
}

/// A time, or a law of milliseconds.
law read_deadline(section& keys, const yaml_node& node,
                  const std::string& path) {
  if (node.type != yaml_node::kind::scalar)
    return read_law(node, path, keys.found());
  double ms = 0;
  read_ms(keys, "deadline", ms);
  return law::constant(ms);
}

} // namespace

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
  keys.read("loss", made.link.loss);
  must(keys, "loss", made.link.loss >= 0 && made.link.loss < 1,
       "must be 0 to 1, and not 1");
  keys.read("mbit", mbit);
  must(keys, "mbit", mbit >= 0, "must not be negative; 0: without limit");
  made.link.ms_per_byte = mbit > 0 ? 8 / (mbit * 1000) : 0;
  double back = 0;
  keys.read("mbit_back", back);
  must(keys, "mbit_back", back >= 0, "must not be negative; 0: without limit");
  made.link.back_ms_per_byte = back > 0 ? 8 / (back * 1000) : 0;
  read_ms(keys, "cold", made.cold.load_ms);
  read_ms(keys, "keep", made.cold.keep_ms);
  made.memory_bytes = read_memory(keys);
  if (const auto* batch = keys.get("batch"))
    made.batch = read_batch(*batch, path + ".batch", found);
  read_costs(keys, made.costs);
  double period = 0;
  read_ms(keys, "repeat", period);
  if (const auto* list = keys.get("disturbances"))
    read_disturbances(*list, path + ".disturbances", period, found, made);
  if (const auto* list = keys.get("absent"))
    read_absences(*list, path + ".absent", found, made);
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
  keys.read("told", made.told);
  keys.read("bytes_per_unit", made.bytes_per_unit);
  keys.read("reply_bytes_per_unit", made.reply_bytes_per_unit);
  keys.read("noise", made.noise);
  keys.read("memoryless", made.memoryless);
  keys.read("outlier_share", made.outlier_share);
  keys.read("outlier_factor", made.outlier_factor);
  made.memory_bytes = read_memory(keys);
  if (keys.has("cold"))
    read_ms(keys, "cold", made.cold_ms.emplace(0));
  if (const auto* deadline = keys.get("deadline"))
    made.deadline_ms = read_deadline(keys, *deadline, path + ".deadline");
  keys.read("lighter", made.lighter);
  keys.finish(function_keys, strictness::unknown_is_error);
  must(keys, "ms_fixed",
       made.ms_fixed >= 0 && made.ms_per_unit >= 0
         && made.ms_fixed + made.ms_per_unit > 0,
       "and ms_per_unit must not be negative, and not both 0");
  must(keys, "bytes_per_unit", made.bytes_per_unit >= 0,
       "must not be negative");
  must(keys, "reply_bytes_per_unit", made.reply_bytes_per_unit >= 0,
       "must not be negative");
  must(keys, "noise", made.noise >= 0 && made.noise <= 3, "must be 0 to 3");
  must(keys, "outlier_share",
       made.outlier_share >= 0 && made.outlier_share <= 1, "must be 0 to 1");
  return made;
}

} // namespace faas::sim
