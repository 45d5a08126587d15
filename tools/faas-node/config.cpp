#include "tools/faas-node/config.hpp"

#include "libfaas/core/id.hpp"
#include "libfaas/manifest/platform.hpp"
#include "libfaas/routing/site_costs.hpp"
#include "libfaas/trust/token.hpp"
#include "registry/redis/redis_catalog.hpp"

#include <charconv>

namespace faas::node {
namespace {

result<void> wrong(std::string_view allowed, const std::string& got) {
  return error{errc::invalid_argument,
               "\"" + got + "\" is not allowed, expected "
                 + std::string{allowed}};
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from <= text.size() && !text.empty()) {
    const auto comma = std::min(text.find(',', from), text.size());
    auto part = text.substr(from, comma - from);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty())
      parts.push_back(std::move(part));
    from = comma + 1;
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts)
    text += (text.empty() ? "" : ",") + part;
  return text;
}

property text(std::string_view key, std::string_view doc,
              std::string config::* field, std::string default_text) {
  property made{key, "text", "", doc, "", std::move(default_text), {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    to.*field = value;
    return {};
  };
  made.get = [field](const config& from) { return from.*field; };
  return made;
}

property flag(std::string_view key, std::string_view doc, bool config::* field) {
  property made{key, "yes/no", "", doc, "true or false",
                config{}.*field ? "true" : "false", {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    if (value != "true" && value != "false")
      return wrong("true or false", value);
    to.*field = value == "true";
    return {};
  };
  made.get = [field](const config& from) {
    return std::string{from.*field ? "true" : "false"};
  };
  return made;
}

template <class Number>
property number(std::string_view key, std::string_view unit,
                std::string_view doc, Number config::* field, uint64_t low,
                uint64_t high, std::string_view range) {
  property made{key, "number", unit, doc, range,
                std::to_string(config{}.*field), {}, {}};
  made.set = [=](config& to, const std::string& value) -> result<void> {
    uint64_t read = 0;
    const auto* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, read);
    if (parsed.ec != std::errc{} || parsed.ptr != end || read < low
        || read > high)
      return wrong("a whole number " + std::string{range}, value);
    to.*field = static_cast<Number>(read);
    return {};
  };
  made.get = [field](const config& from) {
    return std::to_string(from.*field);
  };
  return made;
}

/// Between 0 and 1.
property share(std::string_view key, std::string_view doc,
               double config::* field) {
  const auto shown = [](double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    return std::string{text, end.ptr};
  };
  property made{key, "number", "", doc, "0 to 1", shown(config{}.*field),
                {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    double read = 0;
    const auto* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, read);
    if (parsed.ec != std::errc{} || parsed.ptr != end
        || !(read >= 0 && read <= 1))
      return wrong("a number 0 to 1", value);
    to.*field = read;
    return {};
  };
  made.get = [=](const config& from) { return shown(from.*field); };
  return made;
}

property list(std::string_view key, std::string_view doc,
              std::vector<std::string> config::* field) {
  property made{key, "list", "", doc, "comma separated", "", {}, {}};
  made.set = [field](config& to, const std::string& value) -> result<void> {
    to.*field = split(value);
    return {};
  };
  made.get = [field](const config& from) { return joined(from.*field); };
  return made;
}

property label_map() {
  property made{"node.labels",        "list", "",
                "Labels that functions may ask for.", "key=value, comma "
                                                      "separated",
                "", {}, {}};
  made.set = [](config& to, const std::string& value) -> result<void> {
    to.labels.clear();
    for (const auto& part : split(value)) {
      const auto equals = part.find('=');
      if (equals == 0 || equals == std::string::npos)
        return wrong("key=value pairs", part);
      to.labels[part.substr(0, equals)] = part.substr(equals + 1);
    }
    return {};
  };
  made.get = [](const config& from) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : from.labels)
      parts.push_back(key + "=" + value);
    return joined(parts);
  };
  return made;
}

/// Shown without its password: such a dump cannot be read back as it was.
property redis_url() {
  auto made = text(
    "registry.redis",
    "Redis server that keeps the catalog: redis://[user[:password]@]host:port"
    "/db, rediss:// for TLS, sentinel://host:port,.../master, or the path of "
    "its unix socket; empty: an SQLite file in node.data. See operations.md.",
    &config::redis, "");
  made.get = [](const config& from) {
    return registry::redis::without_password(from.redis);
  };
  return made;
}

std::vector<property> declare() {
  return {
    text("node.name", "Name of the node, unique in its cluster.",
         &config::name, "host name"),
    text("node.tier", "Tier: device, edge, cloud, gpu, or any label.",
         &config::tier, "edge"),
    label_map(),
    text("node.cluster",
         "Name of the cluster that a first node makes; a node that joined has "
         "the name of its cluster.",
         &config::cluster, "petrel"),
    text("node.data", "Folder of catalog, bundles and admin token.",
         &config::data, "$XDG_DATA_HOME/petrel"),
    flag("node.controller",
         "Whether this node has the controller and the catalog. Exactly one "
         "node of a cluster has; with registry.redis several, of which one "
         "leads.",
         &config::controller),
    text("gateway.address",
         "Address of the HTTP gateway. Loopback only: it speaks plain HTTP.",
         &config::gateway_address, "127.0.0.1"),
    number("gateway.port", "", "Port of the HTTP gateway; 0: any free one.",
           &config::gateway_port, 0, 65535, "0 to 65535"),
    number("gateway.loops", "threads", "Event loops of the gateway.",
           &config::gateway_loops, 1, 64, "1 to 64"),
    flag("link.listen", "Whether other nodes may connect to this one.",
         &config::link_listen),
    text("link.address",
         "IP address on which other nodes reach this one (TLS 1.3 with "
         "certificates); 0.0.0.0: all.",
         &config::link_address, "127.0.0.1"),
    number("link.port", "", "Port for other nodes; 0: any free one.",
           &config::link_port, 0, 65535, "0 to 65535"),
    list("link.advertise",
         "Where nodes that join shall dial, as host:port; empty: link.address "
         "and link.port.",
         &config::advertise),
    list("link.join",
         "Nodes to connect to, as host:port; empty: those that the join token "
         "named.",
         &config::join),
    number("link.protocol", "",
           "Newest protocol between nodes that this one speaks. Lower it only "
           "to try out how a cluster of mixed versions does.",
           &config::link_protocol, wire::min_protocol, wire::max_protocol,
           "1 to 2"),
    number("functions.executors", "threads",
           "Threads that run functions; 0: one per core.", &config::executors,
           0, 1024, "0 to 1024"),
    number("actors.threads", "threads", "Threads of the actor scheduler.",
           &config::scheduler_threads, 1, 64, "1 to 64"),
    flag("functions.trust_all",
         "Trust every native bundle to run inside the node's process. A "
         "trusted function can take its node down.",
         &config::trust_all),
    list("functions.trust",
         "SHA-256 digests of native bundles that may run inside the node's "
         "process.",
         &config::trust),
    number("functions.waiting_threads", "threads",
           "Threads that wait for functions in worker processes (mode "
           "isolated): how many of their events run at once.",
           &config::waiting_threads, 1, 1024, "1 to 1024"),
    number("functions.python_waiting", "processes",
           "Python processes that wait for a function (protocol worker, in a "
           "sandbox): forks of one interpreter, so that an instance starts in "
           "milliseconds; 0: each starts an interpreter of its own.",
           &config::python_waiting, 0, 64, "0 to 64"),
    number("functions.inquire", "s",
           "A version that has been out of memory for so long is loaded once, "
           "to see how long that takes and whether it still can; at most 2 % "
           "of the time. 0: never.",
           &config::inquire_after_s, 0, 86'400, "0 to 86400"),
    flag("functions.cpu_probes",
         "Measure how slow this node's processor is when no events tell it, for "
         "all who send it events. Turn it off where functions' times are not "
         "the processor's: those of other devices or services.",
         &config::cpu_probes),
    flag("functions.accept_unsandboxed",
         "Run bundles that nobody vouches for in worker processes also "
         "where this machine cannot sandbox them. Such a function can read "
         "and signal what the node's user can.",
         &config::accept_unsandboxed),
    text("functions.worker", "Path of the program faas-worker.",
         &config::worker, "next to the program"),
    number("bundles.quota", "MiB",
           "Room for bundles on the controller's node, packed and unpacked. "
           "When an upload does not fit, bundles that nothing needs are "
           "removed, then those of older versions; 0: no limit.",
           &config::bundle_quota_mib, 0, 1u << 30, "0 to 1073741824"),
    number("bundles.cache", "MiB",
           "Room for bundles on any other node, packed and unpacked. What is "
           "cheapest to get again and used least goes first, never what the "
           "node runs; 0: no limit.",
           &config::bundle_cache_mib, 0, 1u << 30, "0 to 1073741824"),
    number("bundles.reserve", "MiB",
           "Disk space that bundles leave free.",
           &config::bundle_reserve_mib, 0, 1u << 30, "0 to 1073741824"),
    text("torch.plugin", "Path of the torch plug-in.", &config::torch_plugin,
         "next to the program"),
    number("torch.threads", "threads", "Threads of one inference.",
           &config::torch_threads, 1, 64, "1 to 64"),
    number("torch.all_threads", "threads",
           "Threads of all inferences at once, on the CPU; 0: one per core. "
           "Those that would need more wait for their turn.",
           &config::torch_all_threads, 0, 1024, "0 to 1024"),
    number("torch.cache", "MiB",
           "Models that stay in memory when no version uses them, by the size "
           "of their files and together with those in use. What is asked for "
           "least and loaded fastest goes first; 0: none stay.",
           &config::model_cache_mib, 0, 1u << 20, "0 to 1048576"),
    text("mqtt.broker", "MQTT broker as host:port; empty: no MQTT.",
         &config::mqtt_broker, ""),
    text("mqtt.client", "Client id at the broker; the broker keeps its "
                        "messages while the node is away.",
         &config::mqtt_client, "petrel-NAME"),
    text("mqtt.user", "User name at the broker.", &config::mqtt_user, ""),
    text("mqtt.password_file", "File with the password at the broker.",
         &config::mqtt_password_file, ""),
    redis_url(),
    text("registry.redis_prefix",
         "Begins all keys in Redis; clusters that share a server differ in it.",
         &config::redis_prefix, config{}.redis_prefix),
    text("registry.redis_password_file", "File with the password for Redis.",
         &config::redis_password_file, ""),
    text("registry.redis_ca_file",
         "PEM file with the CA of Redis's certificate, for rediss:// and "
         "sentinel+tls://.",
         &config::redis_ca_file, "what this machine trusts"),
    text("registry.redis_cert_file",
         "PEM file with this node's certificate for Redis.",
         &config::redis_cert_file, ""),
    text("registry.redis_key_file",
         "PEM file with the key of that certificate.", &config::redis_key_file,
         ""),
    number("registry.wait_replicas", "replicas",
           "Replicas of Redis that must have a change before it is "
           "acknowledged.",
           &config::wait_replicas, 0, 16, "0 to 16"),
    text("registry.key_file",
         "File with the cluster key, by which controllers that share a Redis "
         "seal the cluster's CA there; the first one makes it, the others get "
         "a copy.",
         &config::key_file, "cluster-key in node.data"),
    text("node.secrets_folder",
         "Folder in memory (tmpfs) for the files with secrets; empty: "
         "$XDG_RUNTIME_DIR if it is in memory, else /dev/shm.",
         &config::secrets_folder, ""),
    text("registry.secret_key_file",
         "File with the key that seals secrets (64 hex digits, mode 0600), on "
         "nodes with the controller. Made at the first start when this is "
         "empty.",
         &config::secret_key_file, "secret-key in node.data"),
    flag("node.core_dumps",
         "Whether the node may leave core dumps and be looked into by "
         "debuggers. Both could show secrets.",
         &config::core_dumps),
    share("decisions.share",
          "Share of the events whose site decision is logged, for faas-cli "
          "explain and faas-sim replay; which ones, their call ids tell, so "
          "all nodes log the same. 0: none. See decisions.md.",
          &config::decisions_share),
    number("decisions.rate", "per second",
           "Decisions logged at most; above it the share is lowered. 0: no "
           "bound.",
           &config::decisions_per_second, 0, 1'000'000, "0 to 1000000"),
    number("decisions.max_bytes", "bytes",
           "Room for the log of decisions in node.data/decisions, the oldest "
           "removed first; 0: the newest ones in memory only.",
           &config::decisions_bytes, 0, uint64_t{1} << 40,
           "0 to 1099511627776"),
    number("node.shutdown_grace", "seconds",
           "Time that events in flight get at shutdown.",
           &config::shutdown_grace_s, 0, 3600, "0 to 3600"),
    number("node.seed", "", "Seed of all random choices; 0: from the system.",
           &config::seed, 0, ~uint64_t{0}, "of 64 bits"),
  };
}

} // namespace

const std::vector<property>& properties() {
  static const std::vector<property> all = declare();
  return all;
}

result<void> validate(const config& checked) {
  if (!checked.name.empty() && !valid_function_name(checked.name))
    return error{errc::invalid_argument,
                 "node.name \"" + checked.name
                   + "\" must be lower-case letters, digits and dashes, at "
                     "most 63"};
  if (checked.gateway_address != "127.0.0.1" && checked.gateway_address != "::1"
      && checked.gateway_address != "localhost")
    return error{errc::invalid_argument,
                 "gateway.address " + checked.gateway_address
                   + " is refused: the gateway speaks plain HTTP, so it stays "
                     "on loopback",
                 "use 127.0.0.1, with a TLS proxy of your own in front"};
  if (!valid_function_name(checked.cluster))
    return error{errc::invalid_argument,
                 "node.cluster \"" + checked.cluster
                   + "\" must be lower-case letters, digits and dashes, at "
                     "most 63"};
  for (const auto& [key, value] : checked.labels)
    if (key.starts_with(own_label_prefix))
      return error{errc::invalid_argument,
                   "node.labels \"" + key + "\": labels that begin with "
                     + std::string{own_label_prefix}
                     + " are the node's own"};
  if (const auto costs = routing::costs_in(checked.labels);
      !costs.wrong.empty())
    return error{errc::invalid_argument,
                 "node.labels: " + costs.wrong.front(),
                 "say for example price_per_s=0.0004,idle_watts=5,"
                 "busy_watts=20: no unit, and busy_watts not below idle_watts"};
  for (const auto& to : checked.join)
    if (!trust::valid_address(to))
      return error{errc::invalid_argument,
                   "link.join \"" + to + "\" is not host:port"};
  for (const auto& at : checked.advertise)
    if (!trust::valid_address(at))
      return error{errc::invalid_argument,
                   "link.advertise \"" + at + "\" is not host:port"};
  for (const auto& hex : checked.trust)
    if (!digest::parse(hex))
      return error{errc::invalid_argument,
                   "functions.trust \"" + hex + "\" is no SHA-256 digest",
                   "faas-cli pack prints it"};
  if (!checked.redis.empty())
    if (auto read = registry::redis::parse_address(checked.redis); !read)
      return error{errc::invalid_argument,
                   "registry.redis: " + read.error().message,
                   read.error().next_step};
  if (checked.redis_cert_file.empty() != checked.redis_key_file.empty())
    return error{errc::invalid_argument,
                 "registry.redis_cert_file and registry.redis_key_file belong "
                 "together",
                 "give both or none"};
  if (auto ok = registry::check_redis_prefix(checked.redis_prefix); !ok)
    return error{errc::invalid_argument,
                 "registry.redis_prefix: " + ok.error().message,
                 ok.error().next_step};
  return {};
}

} // namespace faas::node
