// faas-sim: what a scenario would be like, in virtual time.
#include "libfaas/sim/draws.hpp"
#include "libfaas/sim/scenario_file.hpp"
#include "tools/faas-sim/comparison.hpp"
#include "tools/faas-sim/telling.hpp"

#include <cxxopts.hpp>

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

/// `seconds` 0: as long as the file says.
result<scenario> load(const std::string& path, double seconds) {
  const auto text = read(path);
  if (!text)
    return text.error();
  auto world = parse_scenario(*text);
  if (!world)
    return error{world.error().code, path + ":\n" + world.error().message,
                 world.error().next_step};
  if (seconds > 0)
    return in_time(std::move(*world), seconds * 1000);
  return world;
}

/// The words that other programs use: show, draw, play.
int tell(const std::string& what, const scenario& world, uint64_t seed,
         const std::string& policy) {
  if (what == "show")
    print_scenario(std::cout, world);
  else if (what == "draw")
    print_events(std::cout, world, seed);
  else if (const auto done = print_run(std::cout, world, seed, policy); !done)
    return fail(done.error().message, done.error().next_step);
  return 0;
}

int play(const std::string& path, const result<scenario>& world,
         const std::vector<std::string>& policies, uint64_t seed, int seeds) {
  std::vector<std::string> names{"clairvoyant", "informed"};
  names.insert(names.end(), policies.begin(), policies.end());
  const auto all = compare(*world, names, seed, seeds);
  if (!all)
    return fail(all.error().message, all.error().next_step);
  std::cout << "# " << (world->name.empty() ? path : world->name) << "\n\n"
            << seeds << " runs of " << world->length_ms / 1000
            << " s of virtual time, seeds from " << seed << ", "
            << all->front().runs.front().events
            << " events in the first. +- : 95 % interval.\n\n";
  print_table(std::cout, *world, *all);
  return 0;
}

} // namespace

int main(int argc, char** argv) try {
  cxxopts::Options options{"faas-sim",
                           "Plays a scenario in virtual time and compares ways "
                           "to choose a site."};
  options.positional_help("run|show|draw|play FILE");
  options.add_options()("words", "", cxxopts::value<std::vector<std::string>>())(
    "policy", "a policy; may be repeated",
    cxxopts::value<std::vector<std::string>>()->default_value(
      "min-latency,random,round-robin"),
    "NAME")("seeds", "runs, each with another seed",
            cxxopts::value<int>()->default_value("10"), "N")(
    "seed", "the first seed", cxxopts::value<uint64_t>()->default_value("1"),
    "N")("seconds", "the scenario in that much time (0: its own)",
         cxxopts::value<double>()->default_value("0"),
         "S")("help", "this text");
  options.parse_positional({"words"});
  const auto given = options.parse(argc, argv);
  if (given.count("help") != 0) {
    std::cout << options.help();
    return 0;
  }
  const auto words = given.count("words") != 0
                       ? given["words"].as<std::vector<std::string>>()
                       : std::vector<std::string>{};
  const bool known = words.size() == 2
                     && (words[0] == "run" || words[0] == "show"
                         || words[0] == "draw" || words[0] == "play");
  if (!known)
    return fail("say what to do", "faas-sim run FILE; see faas-sim --help");
  const auto seeds = given["seeds"].as<int>();
  if (seeds < 1 || seeds > 10'000)
    return fail("--seeds must be 1 to 10000", "");
  const auto seconds = given["seconds"].as<double>();
  if (!(seconds >= 0 && seconds <= 1e6))
    return fail("--seconds must be 0 to 1000000", "");
  const auto world = load(words[1], seconds);
  if (!world)
    return fail(world.error().message, world.error().next_step);
  const auto policies = given["policy"].as<std::vector<std::string>>();
  const auto seed = given["seed"].as<uint64_t>();
  if (words[0] != "run")
    return tell(words[0], *world, seed, policies.front());
  return play(words[1], world, policies, seed, seeds);
} catch (const std::exception& wrong) { // of the command line
  return fail(wrong.what(), "see faas-sim --help");
}
