// Plays drawn batches and prints where each one went.
#include "tools/stoic-draws/player.hpp"

#include <cxxopts.hpp>

#include <iostream>
#include <iterator>
#include <stdexcept>

namespace {

using namespace faas;

int fail(const error& why) {
  std::cerr << "stoic-draws: " << why.message
            << (why.next_step.empty() ? "" : "\n  " + why.next_step) << "\n";
  return 2;
}

int play(const stoic::player_options& base) {
  const std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
  const auto worlds = stoic::parse_draws(text);
  if (!worlds)
    return fail(worlds.error());
  for (const auto& world : *worlds) {
    auto options = base;
    options.seed = static_cast<uint64_t>(world.number);
    auto player = stoic::draw_player::make(options);
    if (!player)
      return fail(player.error());
    for (const auto& batch : world.batches) {
      if (batch.part == stoic::draw_part::deploy) {
        player->deploy(batch);
        continue;
      }
      const auto site = player->play(batch);
      if (batch.part == stoic::draw_part::main)
        std::cout << world.number << "," << stoic::draw_sites[site] << "\n";
    }
  }
  return 0;
}

/// Leaves a part of the predictor out.
void leave_out(const std::string& part, routing::predictor_config& of) {
  if (part == "tiers")
    of.tiers = false;
  else if (part == "one-by-one") // first events are fitted together instead
    of.service.fit_first = true;
  else if (!part.empty())
    throw std::invalid_argument("--without is tiers or one-by-one");
}

} // namespace

int main(int argc, char** argv) {
  cxxopts::Options words{"stoic-draws",
                         "Plays drawn batches (standard input, a table) through "
                         "the predictor and a policy;\nprints world and site "
                         "of each one of part main. README.md has the columns."};
  words.add_options()("policy", "as in a manifest",
                      cxxopts::value<std::string>()->default_value(
                        "min-latency"))(
    "events-only", "nodes tell nothing beside their answers")(
    "without", "leave out tiers or one-by-one",
    cxxopts::value<std::string>()->default_value(""))("h,help", "this");
  try {
    const auto said = words.parse(argc, argv);
    if (said.count("help") > 0) {
      std::cout << words.help();
      return 0;
    }
    stoic::player_options how{said["policy"].as<std::string>(),
                              said.count("events-only") == 0, 1};
    leave_out(said["without"].as<std::string>(), how.predictor);
    return play(how);
  } catch (const std::exception& wrong) {
    std::cerr << "stoic-draws: " << wrong.what() << ", see --help\n";
    return 2;
  }
}
