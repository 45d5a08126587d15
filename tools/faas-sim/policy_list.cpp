#include "tools/faas-sim/policy_list.hpp"

#include "libfaas/routing/policies/catalog.hpp"
#include "tools/faas-sim/ablation.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace faas::sim {

void print_policies(std::ostream& out, bool as_json) {
  using json = nlohmann::ordered_json;
  json all = {{"policies", json::array()}, {"ablations", json::array()}};
  for (const auto& one : routing::policy_catalog()) {
    json parameters = json::array();
    for (const auto& of : one.parameters)
      parameters.push_back({{"name", of.name},
                            {"standard", of.standard},
                            {"least", of.least},
                            {"most", of.most},
                            {"what", of.what}});
    all["policies"].push_back({{"name", one.name},
                               {"what", one.what},
                               {"parameters", std::move(parameters)}});
  }
  for (const auto& one : ablations())
    all["ablations"].push_back({{"name", one.name}, {"what", one.what}});
  if (as_json) {
    out << all.dump(2) << '\n';
    return;
  }
  for (const auto& one : all["policies"]) {
    out << one["name"].get<std::string>() << ": "
              << one["what"].get<std::string>() << '\n';
    for (const auto& of : one["parameters"])
      out << "    " << of["name"].get<std::string>() << '='
                << of["standard"] << "  " << of["what"].get<std::string>()
                << " (" << of["least"] << " to " << of["most"] << ")\n";
  }
  out << "\nPOLICY/no-PART leaves a part of the predictor out:\n";
  for (const auto& one : all["ablations"])
    out << "    no-" << one["name"].get<std::string>() << "  "
              << one["what"].get<std::string>() << '\n';
}

} // namespace faas::sim
