// The commands of faas-cli.
#pragma once

#include "tools/faas-cli/arguments.hpp"
#include "tools/faas-cli/machine.hpp"

namespace faas::cli {

/// One command as it is declared: help and parsing come from this.
struct command {
  std::string_view name;
  std::string_view alias = {}; ///< may be empty
  std::string_view words = {}; ///< "NAME", "[NAME...]", for the usage line
  std::string_view summary;
  std::string_view details = {}; ///< may be empty
  std::string_view examples = {};
  std::span<const option> options = {};
  bool asks_gateway = false; ///< takes the options of a gateway as well
  size_t min_words = 0;
  size_t max_words = 0;
  result<void> (*run)(session&, const arguments&) = nullptr;
};

extern const command new_command, pack_command, deploy_command, up_command,
  list_command, describe_command, invoke_command, logs_command, remove_command,
  version_command, versions_command, rollback_command, rollout_command,
  traffic_command, alias_command, bundles_command, nodes_command, node_command,
  secret_command, export_command, import_command, sites_command,
  explain_command, decisions_command,
  top_command, local_run_command;

/// In the order of the help text.
std::span<const command* const> all_commands();

/// Options that every command with a gateway has.
std::span<const option> gateway_options();

} // namespace faas::cli
