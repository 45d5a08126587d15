// stoic-replay: ways to place batches over STOIC's published measurements.
#include "tools/stoic-replay/report.hpp"

#include <cxxopts.hpp>

#include <fstream>
#include <iostream>

namespace {

using namespace faas;
using namespace faas::stoic;

/// Larger files are none of these tables.
constexpr std::streamsize most_bytes = 4 << 20;

int fail(const std::string& what, const std::string& next) {
  std::cerr << "stoic-replay: " << what << '\n';
  if (!next.empty())
    std::cerr << "  " << next << '\n';
  return 2;
}

file_reader files_in(const std::string& folder) {
  return [folder](const std::string& name) -> result<std::string> {
    const auto path = folder + "/" + name;
    std::ifstream in{path, std::ios::binary};
    if (!in)
      return error{errc::not_found, "cannot read " + path,
                   "name a folder with the tables, like examples/data/stoic"};
    std::string text(static_cast<size_t>(most_bytes) + 1, '\0');
    in.read(text.data(), most_bytes + 1);
    text.resize(static_cast<size_t>(in.gcount()));
    if (in.gcount() > most_bytes)
      return error{errc::too_large, path + " is larger than 4 MiB"};
    return text;
  };
}

int play(const std::string& what, const std::string& folder, uint64_t seed,
         int draws) {
  const auto files = files_in(folder);
  if (what == "synthetic") {
    const auto runtimes = read_runtimes(files, "authors_bayesian_ridge");
    if (!runtimes)
      return fail(runtimes.error().message, runtimes.error().next_step);
    std::cout << report_synthetic(*runtimes, seed, draws).dump(1) << '\n';
    return 0;
  }
  const auto from = read_inputs(files);
  if (!from)
    return fail(from.error().message, from.error().next_step);
  std::cout << report_published(*from, seed).dump(1) << '\n';
  return 0;
}

} // namespace

int main(int argc, char** argv) try {
  cxxopts::Options options{"stoic-replay",
                           "Places the batches of STOIC's record by several "
                           "ways, forward in time; prints JSON."};
  options.positional_help("published|synthetic FOLDER");
  options.add_options()("words", "",
                        cxxopts::value<std::vector<std::string>>())(
    "seed", "of what is random", cxxopts::value<uint64_t>()->default_value("1"),
    "N")("draws", "synthetic records",
         cxxopts::value<int>()->default_value("100"), "N")("help", "this text");
  options.parse_positional({"words"});
  const auto given = options.parse(argc, argv);
  if (given.count("help") != 0) {
    std::cout << options.help();
    return 0;
  }
  const auto words = given.count("words") != 0
                       ? given["words"].as<std::vector<std::string>>()
                       : std::vector<std::string>{};
  if (words.size() != 2 || (words[0] != "published" && words[0] != "synthetic"))
    return fail("say what to play and the folder of the tables",
                "stoic-replay published examples/data/stoic");
  const auto draws = given["draws"].as<int>();
  if (draws < 1 || draws > 10'000)
    return fail("--draws must be 1 to 10000", "");
  return play(words[0], words[1], given["seed"].as<uint64_t>(), draws);
} catch (const std::exception& wrong) { // of the command line
  return fail(wrong.what(), "see stoic-replay --help");
}
