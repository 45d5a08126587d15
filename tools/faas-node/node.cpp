#include "tools/faas-node/node.hpp"

#include "actors/node_system.hpp"
#include "gateway/auth/admin_token.hpp"
#include "gateway/http/server.hpp"
#include "gateway/mqtt/service.hpp"
#include "gateway/tunnel/tunnel.hpp"
#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/copy/porter.hpp"
#include "registry/decisions/decision_log.hpp"
#include "registry/lease/led_node_book.hpp"
#include "registry/replica/replica_file.hpp"
#include "registry/sqlite/sqlite_catalog.hpp"
#include "registry/sqlite/sqlite_secrets.hpp"
#include "tools/faas-node/memory.hpp"
#include "tools/faas-node/node_functions.hpp"
#include "tools/faas-node/node_secrets.hpp"
#include "tools/faas-node/node_trust.hpp"
#include "tools/faas-node/platform.hpp"
#include "tools/faas-node/redis_store.hpp"
#include "tools/faas-node/version.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>
#include <unistd.h>

namespace faas::node {
namespace {

using namespace std::chrono_literals;

uint64_t system_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

/// Never from node.seed: a restarted node must differ from its former self.
std::string random_boot() {
  random_source random{system_seed()};
  return call_id::make(random).to_string();
}

registry::backup_rules backup_rules_of(const clock_source& clock) {
  registry::backup_rules rules;
  rules.clock = &clock;
  rules.log = [](std::string line) { spdlog::warn("{}", line); };
  return rules;
}

bool parse_port(const std::string& text, uint16_t& to) {
  const auto* last = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), last, to);
  return parsed.ec == std::errc{} && parsed.ptr == last && to != 0;
}

result<actors::node_endpoint> endpoint_of(const std::string& text) {
  const auto colon = text.rfind(':');
  actors::node_endpoint to;
  to.host = text.substr(0, colon);
  if (!parse_port(text.substr(colon + 1), to.port))
    return error{errc::invalid_argument, "\"" + text + "\" is not host:port"};
  return to;
}

std::filesystem::path program_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

} // namespace

std::filesystem::path data_folder(const config& settings) {
  if (!settings.data.empty())
    return settings.data;
  if (const char* base = std::getenv("XDG_DATA_HOME"); base && *base)
    return std::filesystem::path{base} / "petrel";
  if (const char* home = std::getenv("HOME"); home && *home)
    return std::filesystem::path{home} / ".local/share/petrel";
  return "/var/lib/petrel";
}

/// In order of construction; the destructor goes backwards.
struct running_node::parts {
  config settings;
  std::filesystem::path data;
  system_clock_source clock;
  random_source random{0};
  std::unique_ptr<registry::folder_bundle_store> bundles;
  std::shared_ptr<registry::lease_keeper> seat; ///< with others; else null
  std::shared_ptr<catalog_store> catalog;
  std::shared_ptr<secret_store> secrets;
  std::unique_ptr<registry::memory_files> files;
  error no_files;
  std::unique_ptr<auth::admin_token> token;
  node_trust trust;
  std::unique_ptr<registry::led_node_book> led_book; ///< with others
  std::unique_ptr<registry::porter> porter; ///< with the controller only
  std::unique_ptr<registry::replica_file> replica, experience;
  std::unique_ptr<tunnel::node_tunnel> tunnel;
  std::unique_ptr<registry::decision_log> decisions; ///< null: off
  node_workers workers;
  std::unique_ptr<host::node_function_hosts> hosts;
  std::unique_ptr<actors::node_system> system;
  std::unique_ptr<mqtt::mqtt_service> mqtt;
  std::unique_ptr<http::http_server> server;
  bool stopped = false;

  result<void> open_stores();
  result<void> start_tunnel();
  result<void> open_catalog();
  void make_hosts();
  actors::decision_log_config open_decisions();
  wire::hello hello() const;
  result<void> start_system();
  result<void> start_mqtt();
  result<void> read_mqtt_password(mqtt::session_options& to) const;
  result<void> start_server();
};

result<void> running_node::parts::open_stores() {
  data = data_folder(settings);
  std::error_code failed;
  std::filesystem::create_directories(data, failed);
  if (failed)
    return error{errc::unavailable,
                 "cannot make the data folder " + data.string() + ": "
                   + failed.message(),
                 "set node.data to a folder that this user may write"};
  std::filesystem::permissions(data, std::filesystem::perms::owner_all,
                               failed);
  auto trusted = open_trust(data, settings, clock);
  if (!trusted)
    return trusted.error();
  trust = std::move(*trusted);
  registry::folder_bundle_options for_bundles;
  for_bundles.root = data / "bundles";
  for_bundles.reserve_bytes = settings.bundle_reserve_mib * limits::mib;
  auto store = registry::folder_bundle_store::open(std::move(for_bundles));
  if (!store)
    return store.error();
  bundles = std::move(*store);
  if (settings.controller) {
    if (auto opened = open_catalog(); !opened)
      return opened;
    porter = std::make_unique<registry::porter>(registry::porter_options{
      trust.store.get(),
      settings.redis.empty() ? data / "trust" : std::filesystem::path{},
      system_seed()});
  }
  auto in_memory = open_secret_files(settings, data, no_files);
  if (!in_memory)
    return in_memory.error();
  files = std::move(*in_memory);
  auto made = auth::admin_token::load_or_create(data / "admin-token");
  if (!made)
    return made.error();
  token = std::make_unique<auth::admin_token>(std::move(*made));
  return {};
}

result<void> running_node::parts::start_tunnel() {
  tunnel::tunnel_config made;
  made.listen = settings.link_listen;
  made.address = settings.link_address;
  made.port = settings.link_port;
  made.identity = trust.identity;
  made.revoked = trust.revoked;
  made.seed = random.next();
  tunnel::tunnel_deps deps{
    clock, trust.authority.get(),
    [this](const trust::node_identity& renewed) {
      return trust.files->save(renewed);
    },
    [](std::string line) { spdlog::info("{}", line); },
    [this](const trust::taken_serials& taken) {
      return trust.files->save_revoked(taken);
    }};
  auto started = tunnel::node_tunnel::start(std::move(made), std::move(deps));
  if (!started)
    return started.error();
  tunnel = std::move(*started);
  if (trust.authority && tunnel->port() != 0)
    trust.authority->listens_at(addresses_of(settings, tunnel->port()));
  return {};
}

result<void> running_node::parts::open_catalog() {
  if (!settings.redis.empty()) {
    auto opened = open_redis_store(settings, data, clock);
    if (!opened)
      return opened.error();
    seat = std::move(opened->seat);
    catalog = std::move(opened->catalog);
    secrets = std::move(opened->secrets);
    return {};
  }
  registry::sqlite_catalog_options options;
  options.file = data / "catalog.db";
  options.backups = backup_rules_of(clock);
  // Never from node.seed: a new store must not have the history of an old one.
  random_source unique{system_seed()};
  auto opened = registry::sqlite_catalog::open(std::move(options), unique);
  if (!opened)
    return opened.error();
  catalog = std::move(*opened);
  registry::sqlite_secrets_options for_secrets;
  for_secrets.file = data / "secrets.db";
  for_secrets.backups = backup_rules_of(clock);
  auto kept = registry::sqlite_secrets::open(std::move(for_secrets), unique);
  if (!kept)
    return kept.error();
  secrets = std::move(*kept);
  return {};
}

void running_node::parts::make_hosts() {
  workers = find_workers(settings, program_folder());
  hosts = make_function_hosts(settings, data, workers, program_folder());
}

/// Every loop gets its part of the bound.
actors::decision_log_config running_node::parts::open_decisions() {
  if (settings.decisions_share <= 0)
    return {};
  registry::decision_log_options made;
  made.folder = data / "decisions";
  made.max_bytes = settings.decisions_bytes;
  made.share = settings.decisions_share;
  made.per_second = settings.decisions_per_second;
  made.node = settings.name;
  made.software = std::string{software_version};
  made.clock = &clock;
  made.warn = [](std::string line) { spdlog::warn("{}", line); };
  decisions = std::make_unique<registry::decision_log>(std::move(made));
  return {decisions.get(), settings.decisions_share,
          static_cast<double>(settings.decisions_per_second)
            / settings.gateway_loops};
}

/// What it says of itself to others.
wire::hello running_node::parts::hello() const {
  wire::hello made;
  made.node = node_name{settings.name};
  made.boot = boot_id{random_boot()};
  made.software = std::string{software_version};
  made.tier = settings.tier;
  made.cores = std::thread::hardware_concurrency();
  made.memory = memory_here();
  made.executors = executor_threads(settings);
  made.labels = settings.labels;
  made.labels.merge(platform_labels(this_machine()));
  made.torch = std::filesystem::exists(
    torch_plugin_path(settings, program_folder()));
  made.runtimes = {"native", "process"};
  if (made.torch)
    made.runtimes.push_back("torch");
  made.max_protocol = settings.link_protocol;
  made.controller = settings.controller;
  made.cluster = settings.cluster;
  made.address = settings.gateway_address + ":"
                      + std::to_string(settings.gateway_port);
  if (tunnel->port() != 0)
    made.links = addresses_of(settings, tunnel->port());
  return made;
}

result<void> running_node::parts::start_system() {
  actors::node_system_config made;
  made.self = hello();
  made.scheduler_threads = settings.scheduler_threads;
  made.cpu_probes = settings.cpu_probes;
  made.peers = tunnel.get();
  made.bulk = &tunnel->bulk();
  for (const auto& text : settings.join) {
    auto to = endpoint_of(text);
    if (!to)
      return to.error();
    made.join.push_back(std::move(*to));
  }
  made.bundles = bundles.get();
  made.bundle_rules.quota = settings.bundle_quota_mib * limits::mib;
  made.bundle_cache_bytes = settings.bundle_cache_mib * limits::mib;
  made.hosts = hosts.get();
  made.catalog = catalog;
  made.seat = seat.get();
  made.nodes = trust.authority.get();
  if (seat && trust.authority) {
    led_book
      = std::make_unique<registry::led_node_book>(seat, *trust.authority);
    made.nodes = led_book.get();
  }
  if (!settings.controller) {
    replica = std::make_unique<registry::replica_file>(data / "replica");
    made.replica = replica.get();
  }
  experience = std::make_unique<registry::replica_file>(data / "experience");
  made.experience = experience.get();
  made.secrets = secrets;
  made.sealer = [this](bool has_secrets) {
    return open_sealer(settings, data, clock, has_secrets);
  };
  made.files = files.get();
  made.no_files = no_files;
  made.decisions = open_decisions();
  made.decided = decisions.get();
  made.clock = &clock;
  made.seed = random.next();
  made.log = [](std::string line) { spdlog::info("{}", line); };
  made.on_fault = [](std::string what) {
    spdlog::critical("{}; this is a defect, stopping", what);
    ::kill(::getpid(), SIGTERM);
  };
  auto started = actors::node_system::start(std::move(made));
  if (!started)
    return started.error();
  system = std::move(*started);
  return {};
}

result<void> running_node::parts::start_mqtt() {
  if (settings.mqtt_broker.empty())
    return {};
  const auto colon = settings.mqtt_broker.rfind(':');
  uint16_t port = 1883;
  if (colon != std::string::npos
      && !parse_port(settings.mqtt_broker.substr(colon + 1), port))
    return error{errc::invalid_argument,
                 "mqtt.broker \"" + settings.mqtt_broker
                   + "\" is not host:port"};
  mqtt::bridge_options made;
  made.broker.host = settings.mqtt_broker.substr(0, colon);
  made.broker.port = port;
  made.broker.session.client_id = settings.mqtt_client.empty()
                                    ? "petrel-" + settings.name
                                    : settings.mqtt_client;
  if (auto done = read_mqtt_password(made.broker.session); !done)
    return done;
  auto started = mqtt::mqtt_service::start(
    std::move(made),
    {system->events(), clock, random.next(),
     [](std::string line) { spdlog::info("{}", line); }});
  if (!started)
    return started.error();
  mqtt = std::move(*started);
  return {};
}

result<void>
running_node::parts::read_mqtt_password(mqtt::session_options& to) const {
  if (settings.mqtt_user.empty())
    return {};
  to.username = settings.mqtt_user;
  if (settings.mqtt_password_file.empty())
    return {};
  std::ifstream in{settings.mqtt_password_file};
  std::string password;
  if (!std::getline(in, password))
    return error{errc::unavailable,
                 "cannot read mqtt.password_file "
                   + settings.mqtt_password_file};
  to.password = password;
  return {};
}

result<void> running_node::parts::start_server() {
  http::server_config made;
  made.address = settings.gateway_address;
  made.port = settings.gateway_port;
  made.loops = settings.gateway_loops;
  made.node = settings.name;
  made.version = std::string{software_version};
  http::server_deps deps{
    system->events(), system->admin(), *bundles, clock,
    [this](std::string_view presented) { return token->matches(presented); },
    system->metrics(), trust.authority.get(), porter.get(),
    decisions.get()};
  if (decisions)
    deps.metrics.push_back(decisions.get());
  deps.metrics.push_back(&tunnel->metrics());
  if (mqtt)
    deps.metrics.push_back(&mqtt->metrics());
  auto started = http::http_server::start(std::move(made), std::move(deps));
  if (!started)
    return started.error();
  server = std::move(*started);
  return {};
}

result<std::unique_ptr<running_node>> running_node::start(config settings) {
  auto all = std::make_unique<parts>();
  all->random
    = random_source{settings.seed != 0 ? settings.seed : system_seed()};
  all->settings = std::move(settings);
  if (auto done = all->open_stores(); !done)
    return done.error();
  all->make_hosts();
  if (auto done = all->start_tunnel(); !done)
    return done.error();
  if (auto done = all->start_system(); !done)
    return done.error();
  if (auto done = all->start_mqtt(); !done)
    return done.error();
  if (auto done = all->start_server(); !done)
    return done.error();
  return std::unique_ptr<running_node>{new running_node(std::move(all))};
}

running_node::running_node(std::unique_ptr<parts> all)
  : parts_(std::move(all)) {}

running_node::~running_node() {
  stop();
}

bool running_node::stop() {
  if (std::exchange(parts_->stopped, true))
    return true;
  // One grace period for all; what has none left gets a moment to end.
  const auto end = parts_->clock.now()
                   + std::chrono::seconds{parts_->settings.shutdown_grace_s};
  const auto left = [&] {
    return std::max<duration>(end - parts_->clock.now(), 500ms);
  };
  if (parts_->seat)
    parts_->seat->resign(); // another leads while this one drains
  if (parts_->mqtt)
    parts_->mqtt->stop(left());
  parts_->server->stop(left());
  const bool clean = parts_->system->stop(left());
  parts_->hosts->stop(1s);
  parts_->server.reset();
  parts_->mqtt.reset();
  parts_->system.reset();
  parts_->tunnel->stop();
  return clean;
}

uint16_t running_node::gateway_port() const {
  return parts_->server->port();
}

uint16_t running_node::link_port() const {
  return parts_->tunnel->port();
}

std::string running_node::banner() const {
  const auto& settings = parts_->settings;
  std::string text = "petrel " + std::string{software_version} + ", node "
                     + settings.name + ", tier " + settings.tier + "\n";
  text += "  gateway   http://" + settings.gateway_address + ":"
          + std::to_string(gateway_port()) + "\n";
  if (link_port() != 0)
    text += "  links     " + settings.link_address + ":"
            + std::to_string(link_port()) + "\n";
  text += "  cluster   " + settings.cluster + "\n";
  text += "  data      " + parts_->data.string() + "\n";
  text += "  token     " + (parts_->data / "admin-token").string() + "\n";
  text += "  threads   " + std::to_string(settings.gateway_loops)
          + " gateway, " + std::to_string(settings.scheduler_threads)
          + " actors, " + std::to_string(parts_->hosts->threads().executors)
          + " executors\n";
  text += parts_->workers.banner(settings.accept_unsandboxed);
  if (settings.trust_all)
    text += "  trust     every native bundle runs inside this process and can "
            "take it down\n";
  return text;
}

} // namespace faas::node
