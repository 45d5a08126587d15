#include "tools/faas-sim/what_if.hpp"

#include "libfaas/decisions/segment_reader.hpp"
#include "tools/faas-sim/log_file.hpp"
#include "tools/faas-sim/options.hpp"
#include "tools/faas-sim/what_if_report.hpp"

#include <ostream>
#include <set>

namespace faas::sim {
namespace {

using words = std::vector<std::string>;

/// More than that are no use, and a record takes some hundred bytes.
constexpr size_t most_records = 4'000'000;

int fail(std::ostream& err, const error& wrong) {
  err << "faas-sim: " << wrong.message << '\n';
  if (!wrong.next_step.empty())
    err << "  " << wrong.next_step << '\n';
  return 2;
}

struct settings {
  std::string function;
  words logs, policies;
  bool believe = false, as_json = false;
  whatif::play_options play;
};

cxxopts::Options known_options() {
  cxxopts::Options options{
    "faas-sim what-if", "Plays a node's log of decisions in virtual time, as "
                        "it was and as it would be."};
  options.positional_help("LOG...");
  const auto many = [] { return cxxopts::value<words>(); };
  const auto text = [] {
    return cxxopts::value<std::string>()->default_value("");
  };
  options.add_options()("logs", "", many())(
    "policy", "another policy; may be repeated, a row each", many(), "NAME")(
    "rate", "as many events times F", text(), "xF")(
    "add-site",
    "NAME=LIKE[,speed=F][,rtt=+MS][,servers=N]: one more, like another", many(),
    "SITE")("drop-site", "without that one", many(), "SITE")(
    "drop-link", "SITE[@FROM-UNTIL]: its link is cut, seconds of the log",
    many(), "SITE")("link", "SITE=xF or SITE=+MS: another way there", many(),
                    "SITE")("slow", "SITE=xF: its work takes F times as long",
                            many(), "SITE")(
    "servers", "SITE=N: events that it runs at once, if the log does not tell",
    many(), "SITE")("function", "of this function only", text(), "NAME")(
    "believe", "the predictor's word on sites with too few events")(
    "warm-up", "seconds that are not in the figures (a tenth, at most 60)",
    cxxopts::value<double>()->default_value("-1"), "S")(
    "seeds", "plays", cxxopts::value<int>()->default_value("10"), "N")(
    "seed", "the first one", cxxopts::value<uint64_t>()->default_value("1"),
    "N")("json", "for programs")("help", "this text");
  options.parse_positional({"logs"});
  return options;
}

result<settings> settings_of(const cxxopts::ParseResult& given) {
  settings made;
  made.logs = all_of(given, "logs");
  if (made.logs.empty())
    return error{errc::invalid_argument, "say which log",
                 "faas-sim what-if LOG --rate x2"};
  made.function = given["function"].as<std::string>();
  made.policies = all_of(given, "policy");
  made.believe = given.count("believe") != 0;
  made.as_json = given.count("json") != 0;
  made.play.seeds = given["seeds"].as<int>();
  made.play.first_seed = given["seed"].as<uint64_t>();
  const auto warm_up = given["warm-up"].as<double>();
  if (made.play.seeds < 2 || made.play.seeds > 1000)
    return error{errc::invalid_argument, "--seeds must be 2 to 1000", ""};
  if (given.count("warm-up") != 0 && !(warm_up >= 0 && warm_up <= 1e6))
    return error{errc::invalid_argument, "--warm-up must be 0 to 1000000", ""};
  made.play.warm_up_ms = warm_up * 1000;
  return made;
}

/// What a file has, added to `all`; its node's name to `nodes`.
result<void> read_into(std::vector<decisions::record>& all,
                       const std::string& path, std::set<std::string>& nodes,
                       words& notes) {
  const auto bytes = read_log_file(path);
  if (!bytes)
    return bytes.error();
  const auto facts
    = decisions::read_log(*bytes, [&](const decisions::record& one) {
        all.push_back(one);
        return all.size() < most_records;
      });
  if (!facts)
    return error{facts.error().code, path + ": " + facts.error().message,
                 facts.error().next_step};
  for (const auto& segment : facts->segments)
    nodes.insert(segment.node);
  if (!facts->whole())
    notes.push_back("damaged parts of " + path + " were skipped");
  return {};
}

/// The decisions of one node, from one file or several.
result<std::vector<decisions::record>> decisions_in(const words& paths,
                                                    words& notes) {
  std::vector<decisions::record> all;
  std::set<std::string> nodes;
  for (const auto& path : paths)
    if (auto good = read_into(all, path, nodes, notes); !good)
      return good.error();
  if (nodes.size() > 1)
    return error{errc::invalid_argument,
                 "these are decisions of several nodes: " + *nodes.begin()
                   + ", " + *std::next(nodes.begin()),
                 "give the log of one gateway node; what others sent is in the "
                 "waits that it measured"};
  if (all.size() >= most_records)
    notes.push_back("only the first " + std::to_string(most_records)
                    + " decisions were read");
  return all;
}

using parser = result<void> (*)(std::string_view, const whatif::recording&,
                                whatif::change&);

result<whatif::change> change_of(const cxxopts::ParseResult& given,
                                 const whatif::recording& in) {
  whatif::change made;
  const auto rate = given["rate"].as<std::string>();
  if (!rate.empty())
    if (auto good = whatif::parse_rate(rate, made); !good)
      return good.error();
  constexpr std::pair<const char*, parser> parsers[]{
    {"add-site", whatif::parse_added},  {"drop-site", whatif::parse_dropped},
    {"drop-link", whatif::parse_cut},   {"link", whatif::parse_link},
    {"slow", whatif::parse_slowed},     {"servers", whatif::parse_servers}};
  for (const auto& [option, parse] : parsers)
    for (const auto& text : all_of(given, option))
      if (auto good = parse(text, in, made); !good)
        return error{good.error().code,
                     std::string{"--"} + option + ": " + good.error().message,
                     good.error().next_step};
  return made;
}

} // namespace

int what_if(int argc, const char* const* argv, std::ostream& out,
            std::ostream& err) {
  auto options = known_options();
  const auto given = options.parse(argc, argv);
  if (given.count("help") != 0) {
    out << options.help();
    return 0;
  }
  auto how = settings_of(given);
  if (!how)
    return fail(err, how.error());
  words notes;
  auto log = decisions_in(how->logs, notes);
  if (!log)
    return fail(err, log.error());
  const auto in = whatif::recording_of(std::move(*log), how->function);
  if (!in)
    return fail(err, in.error());
  const auto asked = change_of(given, *in);
  if (!asked)
    return fail(err, asked.error());
  whatif::fit_options fitting;
  fitting.believe = how->believe;
  fitting.dropped = asked->dropped;
  const auto laws = whatif::fit_both(*in, fitting);
  if (!laws)
    return fail(err, laws.error());
  if (how->policies.empty())
    how->policies.push_back("");
  const auto found
    = whatif::what_if(*in, *laws, *asked, how->policies, how->play);
  if (!found)
    return fail(err, found.error());
  const what_if_report report{*in, laws->first, *asked, *found, how->play.seeds,
                              notes};
  how->as_json ? print_json(out, report) : print_table(out, report);
  return 0;
}

} // namespace faas::sim
