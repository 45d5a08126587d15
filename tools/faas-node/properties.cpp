// The table of a node's properties, in the order of the reference.
#include "registry/redis/redis_catalog.hpp"
#include "tools/faas-node/property_kinds.hpp"

namespace faas::node {
namespace {

using namespace kinds;

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

/// Of the node and its gateway.
std::vector<property> about_node() {
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
  };
}

/// Of other nodes.
std::vector<property> about_links() {
  return {
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
  };
}

/// Of what runs functions.
std::vector<property> about_functions() {
  return {
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
  };
}

/// Of bundles and models.
std::vector<property> about_bundles() {
  return {
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
  };
}

/// Of brokers, catalogs and keys.
std::vector<property> about_stores() {
  return {
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
  };
}

/// Of dumps, the log of decisions and the end.
std::vector<property> about_decisions() {
  return {
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

std::vector<property> declare() {
  std::vector<property> all;
  for (const auto part : {about_node, about_links, about_functions,
                          about_bundles, about_stores, about_decisions})
    for (auto& one : part())
      all.push_back(std::move(one));
  return all;
}

} // namespace

const std::vector<property>& properties() {
  static const std::vector<property> all = declare();
  return all;
}

} // namespace faas::node
