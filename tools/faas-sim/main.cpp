// faas-sim: what a scenario would be like, in virtual time.
#include "libfaas/routing/policies/catalog.hpp"
#include "libfaas/sim/scenario_file.hpp"
#include "tools/faas-sim/ablation.hpp"
#include "tools/faas-sim/comparison.hpp"
#include "tools/faas-sim/replay.hpp"

// Parameters of policies have commas.
#define CXXOPTS_VECTOR_DELIMITER ' '
#include <cxxopts.hpp>

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace faas;
using namespace faas::sim;

/// Larger files are no scenarios.
constexpr std::streamsize most_bytes = 16 << 20;

int fail(const std::string& what, const std::string& next) {
  std::cerr << "faas-sim: " << what << '\n';
  if (!next.empty())
    std::cerr << "  " << next << '\n';
  return 2;
}

result<std::string> read(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string text(static_cast<size_t>(most_bytes) + 1, '\0');
  if (!in)
    return error{errc::not_found, "cannot read " + path,
                 "name a scenario file"};
  in.read(text.data(), most_bytes + 1);
  text.resize(static_cast<size_t>(in.gcount()));
  if (in.gcount() > most_bytes)
    return error{errc::too_large, path + " is larger than 16 MiB", ""};
  return text;
}

int play(const std::string& path, comparison what, bool as_json) {
  const auto text = read(path);
  if (!text)
    return fail(text.error().message, text.error().next_step);
  const auto world = parse_scenario(*text);
  if (!world)
    return fail(path + ":\n" + world.error().message,
                world.error().next_step);
  what.names.insert(what.names.begin(), {"clairvoyant", "informed"});
  const auto all = compare(*world, what);
  if (!all)
    return fail(all.error().message, all.error().next_step);
  if (as_json) {
    print_json(std::cout, *world, what, *all);
    return 0;
  }
  std::cout << "# " << (world->name.empty() ? path : world->name) << "\n\n"
            << what.seeds << " runs of " << world->length_ms / 1000
            << " s of virtual time, seeds from " << what.first_seed << ", "
            << all->front().runs.front().events
            << " events in the first. +- : 95 % interval.\n\n";
  print_table(std::cout, *world, *all);
  return 0;
}

/// All policies with their parameters, and what can be left out.
int show_policies(bool as_json) {
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
                               {"on_nodes", one.on_nodes},
                               {"parameters", std::move(parameters)}});
  }
  for (const auto& one : ablations())
    all["ablations"].push_back({{"name", one.name}, {"what", one.what}});
  if (as_json) {
    std::cout << all.dump(2) << '\n';
    return 0;
  }
  for (const auto& one : all["policies"]) {
    std::cout << one["name"].get<std::string>() << ": "
              << one["what"].get<std::string>()
              << (one["on_nodes"] ? "" : " (simulator only)") << '\n';
    for (const auto& of : one["parameters"])
      std::cout << "    " << of["name"].get<std::string>() << '='
                << of["standard"] << "  " << of["what"].get<std::string>()
                << " (" << of["least"] << " to " << of["most"] << ")\n";
  }
  std::cout << "\nPOLICY/no-PART leaves a part of the predictor out:\n";
  for (const auto& one : all["ablations"])
    std::cout << "    no-" << one["name"].get<std::string>() << "  "
              << one["what"].get<std::string>() << '\n';
  return 0;
}

} // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view{argv[1]} == "replay")
    return replay(argc - 1, argv + 1, std::cout, std::cerr);
  cxxopts::Options options{"faas-sim",
                           "Plays a scenario in virtual time and compares ways "
                           "to choose a site."};
  options.positional_help("run FILE | policies | replay LOG");
  options.add_options()("words", "", cxxopts::value<std::vector<std::string>>())(
    "policy", "a policy; may be repeated",
    cxxopts::value<std::vector<std::string>>()->default_value(
      "min-latency random round-robin"),
    "NAME")("seeds", "runs, each with another seed",
            cxxopts::value<int>()->default_value("10"), "N")(
    "seed", "the first seed", cxxopts::value<uint64_t>()->default_value("1"),
    "N")("json", "all figures, for programs")(
    "window", "length of the means over time in --json, ms",
    cxxopts::value<double>()->default_value("1000"), "MS")("help",
                                                           "this text");
  options.parse_positional({"words"});
  const auto given = options.parse(argc, argv);
  if (given.count("help") != 0) {
    std::cout << options.help();
    return 0;
  }
  const auto words = given.count("words") != 0
                       ? given["words"].as<std::vector<std::string>>()
                       : std::vector<std::string>{};
  if (words == std::vector<std::string>{"policies"})
    return show_policies(given.count("json") != 0);
  if (words.size() != 2 || words[0] != "run")
    return fail("say what to do",
                "faas-sim run FILE, faas-sim policies or faas-sim replay LOG; "
                "see faas-sim --help, faas-sim replay --help");
  const auto seeds = given["seeds"].as<int>();
  if (seeds < 1 || seeds > 10'000)
    return fail("--seeds must be 1 to 10000", "");
  comparison what;
  what.names = given["policy"].as<std::vector<std::string>>();
  what.first_seed = given["seed"].as<uint64_t>();
  what.seeds = seeds;
  what.window_ms = given["window"].as<double>();
  if (!(what.window_ms >= 1))
    return fail("--window must be at least 1", "");
  return play(words[1], std::move(what), given.count("json") != 0);
} catch (const std::exception& wrong) { // of the command line
  return fail(wrong.what(), "see faas-sim --help");
}
