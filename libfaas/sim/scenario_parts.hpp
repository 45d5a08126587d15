// Parts of a scenario file; for scenario_file.cpp only.
#pragma once

#include "libfaas/manifest/reader.hpp"
#include "libfaas/sim/scenario.hpp"

namespace faas::sim {

void read_ms(section& keys, std::string_view key, double& out);
void must(section& keys, std::string_view key, bool good, const char* what);
site_law read_site(const yaml_node& node, const std::string& name,
                   findings& found);
function_law read_function(const yaml_node& node, const std::string& name,
                           findings& found);
/// Steps of one factor; a list of {from, KEY}.
schedule read_steps(const yaml_node& list, const std::string& path,
                    std::string_view key, findings& found);

} // namespace faas::sim
