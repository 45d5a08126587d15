// faas-sim: what a scenario would be like, in virtual time.
#include "libfaas/sim/draws.hpp"
#include "libfaas/sim/scenario_file.hpp"
#include "libfaas/whatif/simulated_log.hpp"
#include "tools/faas-sim/comparison.hpp"
#include "tools/faas-sim/log_file.hpp"
#include "tools/faas-sim/options.hpp"
#include "tools/faas-sim/policy_list.hpp"
#include "tools/faas-sim/replay.hpp"
#include "tools/faas-sim/telling.hpp"
#include "tools/faas-sim/what_if.hpp"

#include <algorithm>
#include <array>
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
int tell(const std::string& word, const scenario& world,
         const comparison& what) {
  if (word == "show")
    print_scenario(std::cout, world);
  else if (word == "draw")
    print_events(std::cout, world, what.first_seed);
  else if (const auto done = print_run(std::cout, world, what.first_seed,
                                       what.names.front());
           !done)
    return fail(done.error().message, done.error().next_step);
  return 0;
}

/// play --log
int write_log(const std::string& path, double share, const scenario& world,
              const comparison& what) {
  auto how = options_for(what.names.front(), world);
  if (!how || how->by != chooser::learned || world.gateways != 1)
    return fail("a node's log is of one gateway and of a policy",
                "faas-sim play FILE --policy min-latency --log OUT");
  if (!(share > 0 && share <= 1))
    return fail("--share must be over 0, at most 1", "");
  how->use_seed(what.first_seed);
  const auto log
    = whatif::simulated_log(world, *how, what.names.front(), share);
  if (const auto good = how->check(); !good)
    return fail(good.error().message, good.error().next_step);
  const auto done = write_log_file(path, log);
  return done ? 0 : fail(done.error().message, done.error().next_step);
}

int play(const std::string& path, const scenario& world, comparison what,
         bool as_json) {
  what.names.insert(what.names.begin(), references.begin(), references.end());
  const auto all = compare(world, what);
  if (!all)
    return fail(all.error().message, all.error().next_step);
  if (as_json) {
    print_json(std::cout, world, what, *all);
    return 0;
  }
  std::cout << "# " << (world.name.empty() ? path : world.name) << "\n\n"
            << what.seeds << " runs of " << world.length_ms / 1000
            << " s of virtual time, seeds from " << what.first_seed << ", "
            << all->front().runs.front().events
            << " events in the first. +- : 95 % interval.\n\n";
  print_table(std::cout, world, *all);
  return 0;
}

} // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view{argv[1]} == "replay")
    return replay(argc - 1, argv + 1, std::cout, std::cerr);
  if (argc > 1 && std::string_view{argv[1]} == "what-if")
    return what_if(argc - 1, argv + 1, std::cout, std::cerr);
  cxxopts::Options options{"faas-sim",
                           "Plays a scenario in virtual time and compares ways "
                           "to choose a site."};
  options.positional_help("run|show|draw|play FILE | policies | replay LOG | "
                          "what-if LOG");
  options.add_options()("words", "", cxxopts::value<std::vector<std::string>>())(
    "policy",
    "a policy, or program:COMMAND; may be repeated (min-latency, random and "
    "round-robin)",
    cxxopts::value<std::vector<std::string>>(),
    "NAME")("seeds", "runs, each with another seed",
            cxxopts::value<int>()->default_value("10"), "N")(
    "seed", "the first seed", cxxopts::value<uint64_t>()->default_value("1"),
    "N")("seconds", "the scenario in that much time (0: its own)",
         cxxopts::value<double>()->default_value("0"),
         "S")("json", "all figures, for programs")(
    "answer-ms", "real time that a program: has for an answer",
    cxxopts::value<int>()->default_value("5000"), "MS")(
    "log", "play: writes the decisions as a node's log would have them",
    cxxopts::value<std::string>()->default_value(""), "FILE")(
    "share", "play --log: of the events in the log",
    cxxopts::value<double>()->default_value("1"), "P")(
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
  if (words == std::vector<std::string>{"policies"}) {
    print_policies(std::cout, given.count("json") != 0);
    return 0;
  }
  constexpr std::array known{"run", "show", "draw", "play"};
  if (words.size() != 2
      || std::find(known.begin(), known.end(), words[0]) == known.end())
    return fail("say what to do",
                "faas-sim run FILE, policies, replay LOG or what-if LOG; see "
                "faas-sim --help, faas-sim what-if --help");
  comparison what;
  what.names = all_of(given, "policy", usual_policies());
  what.first_seed = given["seed"].as<uint64_t>();
  what.seeds = given["seeds"].as<int>();
  what.window_ms = given["window"].as<double>();
  const auto seconds = given["seconds"].as<double>();
  if (what.seeds < 1 || what.seeds > 10'000)
    return fail("--seeds must be 1 to 10000", "");
  what.answer_ms = given["answer-ms"].as<int>();
  if (what.answer_ms < 1 || what.answer_ms > 600'000)
    return fail("--answer-ms must be 1 to 600000", "");
  if (!(what.window_ms >= 1))
    return fail("--window must be at least 1", "");
  if (!(seconds >= 0 && seconds <= 1e6))
    return fail("--seconds must be 0 to 1000000", "");
  const auto world = load(words[1], seconds);
  if (!world)
    return fail(world.error().message, world.error().next_step);
  if (const auto log = given["log"].as<std::string>();
      words[0] == "play" && !log.empty())
    return write_log(log, given["share"].as<double>(), *world, what);
  return words[0] == "run"
           ? play(words[1], *world, std::move(what), given.count("json") != 0)
           : tell(words[0], *world, what);
} catch (const std::exception& wrong) { // of the command line
  return fail(wrong.what(), "see faas-sim --help");
}
