#include "functions/process/process_runtime.hpp"

#include "functions/process/environment.hpp"
#include "functions/process/fork_call.hpp"
#include "functions/process/http_module.hpp"
#include "functions/process/lambda_process.hpp"
#include "functions/process/python_rules.hpp"
#include "functions/process/worker_process.hpp"
#include "libfaas/manifest/process.hpp"

#include <algorithm>
#include <unistd.h>

namespace faas::process {
namespace {

namespace fs = std::filesystem;

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
  http_settings with;
  with.start = request_for(of, config_.sandboxed);
  with.sockets = config_.sockets;
  with.own_network = config_.sandboxed && !of.spec.petrel.network;
  with.start_timeout = config_.start_timeout;
  with.stop_grace = config_.stop_grace;
  with.rules = config_.restarts;
  with.folders = folders_;
  return load_http_module(of, std::move(with));
}

} // namespace faas::process
