#include "functions/process/process_runtime.hpp"

#include "functions/process/environment.hpp"
#include "functions/process/fork_call.hpp"
#include "functions/process/http_call.hpp"
#include "functions/process/lambda_process.hpp"
#include "functions/process/python_rules.hpp"
#include "functions/process/worker_process.hpp"
#include "libfaas/manifest/process.hpp"

#include <algorithm>
#include <unistd.h>

namespace faas::process {
namespace {

namespace fs = std::filesystem;

/// sun_path without its zero byte.
constexpr size_t longest_socket_path = 107;

/// Removed with what is in it.
class own_folder {
public:
  explicit own_folder(fs::path path) : path_(std::move(path)) {}
  ~own_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  own_folder(const own_folder&) = delete;
  own_folder& operator=(const own_folder&) = delete;
  const fs::path& path() const noexcept { return path_; }

private:
  fs::path path_;
};

class http_module final : public function_module {
public:
  http_module(std::unique_ptr<own_folder> folder,
              std::shared_ptr<program> running, http_instance::settings how)
    : folder_(std::move(folder)), program_(std::move(running)), how_(how) {}

  result<std::unique_ptr<function_instance>> create_instance() override {
    return std::unique_ptr<function_instance>{
      std::make_unique<http_instance>(program_, how_)};
  }
  string_map facts() const override { return program_->facts(); }

private:
  std::unique_ptr<own_folder> folder_; ///< outlives the program
  std::shared_ptr<program> program_;
  http_instance::settings how_;
};

class fork_instance final : public function_instance {
public:
  explicit fork_instance(std::shared_ptr<const fork_config> config)
    : config_(std::move(config)) {}
  reply invoke(const invocation& event,
               invocation_context& context) noexcept override {
    try {
      return run_forked(*config_, event, context);
    } catch (const std::exception& failed) { // out of memory
      return reply::failure(
        {errc::internal, failed.what(), "see the node's log"});
    }
  }

private:
  std::shared_ptr<const fork_config> config_;
};

class fork_module final : public function_module {
public:
  explicit fork_module(fork_config config)
    : config_(std::make_shared<const fork_config>(std::move(config))) {}
  result<std::unique_ptr<function_instance>> create_instance() override {
    return std::unique_ptr<function_instance>{
      std::make_unique<fork_instance>(config_)};
  }
  string_map facts() const override {
    return {{"protocol", "fork"}, {"program", config_->name}};
  }

private:
  std::shared_ptr<const fork_config> config_;
};

/// Protocols worker and lambda.
class pooled_module final : public function_module {
public:
  pooled_module(std::shared_ptr<process_pool> pool, std::string zygote)
    : pool_(std::move(pool)), zygote_(std::move(zygote)) {}
  result<std::unique_ptr<function_instance>> create_instance() override {
    return pool_->make_instance();
  }
  string_map facts() const override {
    auto all = pool_->facts();
    if (!zygote_.empty())
      all["zygote"] = zygote_;
    return all;
  }

private:
  std::shared_ptr<process_pool> pool_;
  std::string zygote_; ///< whether one is used
};

std::unique_ptr<function_module> pooled(const load_request& of,
                                        const restart_rules& rules,
                                        process_pool::starter start,
                                        std::string zygote = {}) {
  pool_config config;
  config.name = of.version.function.str();
  config.protocol = name(of.spec.petrel.process.protocol);
  config.rules = rules;
  config.events = of.events;
  return std::make_unique<pooled_module>(
    std::make_shared<process_pool>(std::move(config), std::move(start)),
    std::move(zygote));
}

child::spawn_request request_for(const load_request& from, bool sandboxed) {
  child::spawn_request request;
  request.argv = command_of(from.spec);
  request.env = base_environment(from);
  std::error_code ignored;
  request.folder = fs::absolute(from.folder, ignored);
  if (sandboxed)
    request.sandbox = plan_for(from);
  return request;
}

std::string variable(const string_map& of, const std::string& name) {
  const auto found = of.find(name);
  return found == of.end() ? std::string{} : found->second;
}

/// The port that the environment names, as of-watchdog reads it, or the usual
/// one where the program has the network for itself.
result<uint16_t> choose_port(const string_map& environment, bool own_network) {
  for (const auto key : {"http_upstream_url", "upstream_url"}) {
    const auto url = variable(environment, key);
    if (url.empty())
      continue;
    if (const auto port = port_of_url(url); port != 0)
      return port;
    return error{errc::bad_bundle,
                 std::string{key} + " " + url + " is no address of this program",
                 "write for example http://127.0.0.1:5000"};
  }
  if (own_network)
    return usual_port;
  return free_port();
}

result<std::unique_ptr<own_folder>> make_folder(const fs::path& parent,
                                                uint64_t number) {
  std::error_code failed;
  auto made = std::make_unique<own_folder>(
    fs::absolute(parent, failed) / ("p" + std::to_string(number)));
  if ((made->path() / "http").string().size() > longest_socket_path)
    return error{errc::unavailable,
                 "the path of the program's socket would be too long: "
                   + made->path().string() + "/http",
                 "give the node a shorter node.data, or use petrel.listen: "
                 "port"};
  fs::remove_all(made->path(), failed); // of a former process
  fs::create_directories(made->path(), failed);
  if (!failed)
    fs::permissions(made->path(), fs::perms::owner_all, failed);
  if (failed)
    return error{errc::unavailable,
                 made->path().string() + ": " + failed.message(),
                 "let the node write there"};
  return made;
}

} // namespace

sandbox::plan plan_for(const load_request& from) {
  sandbox::plan plan;
  std::error_code ignored;
  plan.bundle = fs::absolute(from.folder, ignored);
  if (from.secrets)
    plan.secrets = from.secrets->folder();
  if (const auto bytes = memory_limit(from.spec))
    plan.memory_bytes = *bytes;
  if (const auto cpus = cpu_limit(from.spec))
    plan.cpus = *cpus;
  plan.network = from.spec.petrel.network;
  return plan;
}

result<fs::path> find_program(const std::vector<std::string>& command,
                              const fs::path& folder,
                              const string_map& environment) {
  const auto& program = command.front();
  if (program.find('/') != std::string::npos) {
    const auto path = folder / program;
    if (::access(path.c_str(), X_OK) == 0)
      return path;
    return error{errc::bad_bundle,
            "no program " + program + " that may be executed",
            "put it into the function's folder with mode 0755 and name it in "
            "petrel.command"};
  }
  auto rest = variable(environment, "PATH");
  for (std::string_view all = rest; !all.empty();) {
    const auto part = all.substr(0, all.find(':'));
    all.remove_prefix(std::min(all.size(), part.size() + 1));
    const auto path = (part.empty() ? folder : folder / part) / program;
    if (::access(path.c_str(), X_OK) == 0)
      return path;
  }
  return error{errc::bad_bundle,
          "no program " + program + " on this node (PATH " + rest + ")",
          "install it, or ship it in the bundle and name it with its folder: ./"
            + program};
}

process_runtime::process_runtime(runtime_config config)
  : config_(std::move(config)) {
  if (config_.python_waiting == 0 || !config_.sandboxed)
    return;
  const auto python
    = find_program({"python3"}, "/", {{"PATH", std::string{usual_path}}});
  if (!python)
    return;
  zygote::pool_config made;
  made.python = *python;
  made.waiting = config_.python_waiting;
  made.log = config_.log;
  zygote_ = std::make_shared<zygote::pool>(std::move(made));
}

/// Lets it come from the zygote where that makes no difference to it. Whether,
/// in words; empty: no zygote is wanted on this node.
std::string process_runtime::use_zygote(child::spawn_request& start) const {
  if (!zygote_)
    return {};
  const auto found = find_program(start.argv, start.folder, start.env);
  const auto why = why_not_forked(start, found ? *found : fs::path{},
                                  zygote_->python());
  if (!why.empty())
    return "no: " + why;
  zygote_->want();
  start.forks = [from = zygote_] { return from->take(); };
  return "yes";
}

result<std::unique_ptr<function_module>>
process_runtime::load(const load_request& request) {
  const auto command = command_of(request.spec);
  if (command.empty() || command.front().empty())
    return error{errc::bad_bundle, "the manifest names no program",
                 "say which in petrel.command"};
  if (auto there
      = find_program(command, request.folder, base_environment(request));
      !there)
    return there.error();
  switch (request.spec.petrel.process.protocol) {
  case process_protocol::fork:
    return load_fork(request);
  case process_protocol::worker:
    return load_worker(request);
  case process_protocol::lambda:
    return load_lambda(request);
  case process_protocol::http:
    break;
  }
  return load_http(request);
}

result<std::unique_ptr<function_module>>
process_runtime::load_worker(const load_request& of) {
  worker::process_config config;
  config.name = of.version.function.str();
  config.start = request_for(of, config_.sandboxed);
  config.areas = static_cast<uint16_t>(
    std::min<uint32_t>(of.spec.petrel.concurrency, worker::most_areas));
  config.max_body = of.spec.petrel.max_body_bytes;
  config.start_timeout = config_.start_timeout;
  config.stop_grace = config_.stop_grace;
  config.events = of.events;
  auto zygote = use_zygote(config.start);
  return pooled(of, config_.restarts,
                [config] { return worker::worker_process::start(config); },
                std::move(zygote));
}

result<std::unique_ptr<function_module>>
process_runtime::load_lambda(const load_request& of) {
  lambda::process_config config;
  config.name = of.version.function.str();
  config.start = request_for(of, config_.sandboxed);
  config.start.env.merge(lambda_environment(of));
  config.who = {config.name, of.version.version};
  config.own_network = config_.sandboxed && !of.spec.petrel.network;
  config.port = lambda_port;
  config.max_body = of.spec.petrel.max_body_bytes;
  config.start_timeout = config_.start_timeout;
  config.stop_grace = config_.stop_grace;
  config.events = of.events;
  return pooled(of, config_.restarts,
                [config] { return lambda::lambda_process::start(config); });
}

result<std::unique_ptr<function_module>>
process_runtime::load_fork(const load_request& of) {
  fork_config config;
  config.start = request_for(of, config_.sandboxed);
  config.name = config.start.argv.front();
  config.content_type = variable(of.spec.environment, "content_type");
  config.max_body = of.spec.petrel.max_body_bytes;
  return std::unique_ptr<function_module>{
    std::make_unique<fork_module>(std::move(config))};
}

result<std::unique_ptr<function_module>>
process_runtime::load_http(const load_request& of) {
  const auto& what = of.spec.petrel;
  program_config config;
  config.name = of.version.function.str();
  config.start = request_for(of, config_.sandboxed);
  config.ready = what.process.ready;
  config.start_timeout = config_.start_timeout;
  config.stop_grace = config_.stop_grace;
  config.rules = config_.restarts;
  config.events = of.events;
  std::unique_ptr<own_folder> folder;
  if (what.process.listen == process_listen::unix_socket) {
    auto made = make_folder(config_.sockets, ++folders_);
    if (!made)
      return made.error();
    folder = std::move(*made);
    config.socket = folder->path() / "http";
    config.start.env["PETREL_SOCKET"] = config.socket.string();
    if (config.start.sandbox)
      config.start.sandbox->writable.push_back(folder->path());
  } else {
    auto port = choose_port(config.start.env,
                            config_.sandboxed && !what.network);
    if (!port)
      return port.error();
    config.port = *port;
    config.start.env["PORT"] = std::to_string(*port);
  }
  auto running = program::start(std::move(config));
  if (!running)
    return running.error();
  return std::unique_ptr<function_module>{std::make_unique<http_module>(
    std::move(folder), std::shared_ptr<program>{std::move(*running)},
    http_instance::settings{what.max_body_bytes, what.idempotent})};
}

} // namespace faas::process
