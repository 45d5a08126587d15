#include "tools/faas-node/node_functions.hpp"

#include "functions/native/native_runtime.hpp"
#include "functions/plugin/plugin_adapter.hpp"
#include "functions/process/process_runtime.hpp"

#include <spdlog/spdlog.h>

#include <thread>

namespace faas::node {
namespace {

using runtime_result = result<std::unique_ptr<function_runtime>>;

uint32_t cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

host::node_hosts_config hosts_config(const config& settings,
                                     const node_workers& workers) {
  host::node_hosts_config made;
  made.node = node_name{settings.name};
  made.threads = executor_threads(settings);
  made.gateway_loops = settings.gateway_loops + 1; // and one for links
  made.trust.trust_all = settings.trust_all;
  for (const auto& hex : settings.trust)
    if (const auto id = digest::parse(hex))
      made.trust.digests.insert(*id);
  made.waiting_threads = settings.waiting_threads;
  made.inquire_after = std::chrono::seconds{settings.inquire_after_s};
  made.trust.accept_unsandboxed = settings.accept_unsandboxed;
  made.trust.unsandboxed = workers.unsandboxed;
  made.log = [](std::string line) { spdlog::warn("{}", line); };
  return made;
}

runtime_result make_native() {
  return std::unique_ptr<function_runtime>{
    std::make_unique<native::native_runtime>()};
}

runtime_result make_isolated(const isolated::isolated_config& with) {
  return std::unique_ptr<function_runtime>{
    std::make_unique<isolated::isolated_runtime>(with)};
}

runtime_result make_process(const process::runtime_config& with) {
  return std::unique_ptr<function_runtime>{
    std::make_unique<process::process_runtime>(with)};
}

runtime_result make_torch(const std::filesystem::path& plugin,
                          const plugin_options& options) {
  auto loaded = load_plugin(plugin, options);
  if (!loaded)
    return loaded.error();
  return std::unique_ptr<function_runtime>{
    std::make_unique<plugin_adapter>(std::move(*loaded))};
}

plugin_options torch_options(const config& settings) {
  plugin_options made;
  made.threads_per_call = static_cast<int32_t>(settings.torch_threads);
  made.kept_models_bytes = uint64_t{settings.model_cache_mib} << 20;
  made.all_threads
    = settings.torch_all_threads != 0 ? settings.torch_all_threads : cores();
  return made;
}

} // namespace

uint32_t executor_threads(const config& settings) {
  return settings.executors != 0 ? settings.executors : cores();
}

std::filesystem::path
torch_plugin_path(const config& settings,
                  const std::filesystem::path& program_folder) {
  if (!settings.torch_plugin.empty())
    return settings.torch_plugin;
  return plugin_path("torch", program_folder);
}

std::unique_ptr<host::node_function_hosts>
make_function_hosts(const config& settings, const std::filesystem::path& data,
                    const node_workers& workers,
                    const std::filesystem::path& program_folder) {
  auto hosts = std::make_unique<host::node_function_hosts>(
    hosts_config(settings, workers));
  process::runtime_config programs;
  programs.sockets = data / "run";
  programs.sandboxed = workers.unsandboxed.empty();
  programs.python_waiting = settings.python_waiting;
  programs.log = [](std::string line) { spdlog::warn("{}", line); };
  hosts->add_runtime(runtime_kind::native, make_native);
  hosts->add_worker_runtime(
    runtime_kind::native,
    [with = workers.config] { return make_isolated(with); });
  hosts->add_worker_runtime(runtime_kind::process,
                            [programs] { return make_process(programs); });
  hosts->add_runtime(runtime_kind::torch,
                     [plugin = torch_plugin_path(settings, program_folder),
                      options = torch_options(settings)] {
                       return make_torch(plugin, options);
                     });
  return hosts;
}

} // namespace faas::node
