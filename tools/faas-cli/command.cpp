#include "tools/faas-cli/command.hpp"

namespace faas::cli {
namespace {

using enum option::kind;

constexpr option gateway_option_list[] = {
  {"g,gateway", value, "address of the gateway", "URL"},
  {"f,yaml", value, "the manifest [stack.yaml, stack.yml]", "FILE"},
  {"token-file", value, "file with the node's admin token", "FILE"},
  {"u,username", value, "user of --password [admin]", "NAME"},
  {"p,password", value, "password or token itself", "TEXT"},
  {"tls-no-verify", flag, "accept any TLS certificate"},
};

constexpr const command* command_list[]
  = {&new_command,    &local_run_command, &pack_command, &deploy_command,
     &up_command,
     &list_command,   &describe_command, &invoke_command, &logs_command,
     &versions_command, &rollback_command, &rollout_command, &traffic_command,
     &alias_command, &bundles_command, &remove_command, &secret_command,
     &nodes_command, &node_command, &export_command, &import_command,
     &sites_command,  &explain_command, &decisions_command, &top_command,
          &version_command};

} // namespace

std::span<const command* const> all_commands() {
  return command_list;
}

std::span<const option> gateway_options() {
  return gateway_option_list;
}

} // namespace faas::cli
