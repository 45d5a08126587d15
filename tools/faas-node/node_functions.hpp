// What runs functions on a node: the hosts and their runtimes.
#pragma once

#include "functions/host/node_hosts.hpp"
#include "tools/faas-node/node_workers.hpp"

namespace faas::node {

/// By the settings, else beside the program.
std::filesystem::path
torch_plugin_path(const config& settings,
                  const std::filesystem::path& program_folder);

/// Threads that run functions in the node's process.
uint32_t executor_threads(const config& settings);

/// Runtimes are made with their first bundle.
std::unique_ptr<host::node_function_hosts>
make_function_hosts(const config& settings, const std::filesystem::path& data,
                    const node_workers& workers,
                    const std::filesystem::path& program_folder);

} // namespace faas::node
