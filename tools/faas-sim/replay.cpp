#include "tools/faas-sim/replay.hpp"

#include "tools/faas-sim/log_file.hpp"
#include "tools/faas-sim/options.hpp"

#include "libfaas/decisions/replay.hpp"
#include "libfaas/decisions/segment_reader.hpp"

#include <cmath>
#include <cstdio>
#include <map>
#include <ostream>
#include <set>
#include <sstream>

namespace faas::sim {
namespace {

using namespace decisions;

struct settings {
  std::vector<std::string> policies;
  std::string function;
  off_policy_options estimates;
  int copies = 8;
};

/// One function version of the log, with the policies that are asked.
struct group {
  std::map<std::string, uint64_t> logged_policies;
  std::set<std::string> sites;
  uint64_t records = 0, random = 0;
  int64_t first_us = 0, last_us = 0;
  std::vector<policy_replay> others;
};
using groups = std::map<std::pair<std::string, uint32_t>, group>;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) < 10 ? "%.2f" : "%.1f",
                value);
  return std::isnan(value) ? "-" : text;
}

std::string text(const interval& of) {
  if (std::isnan(of.mean))
    return "-";
  return number(of.mean) + " [" + number(of.low) + ", " + number(of.high)
         + "]";
}

result<group> group_for(const settings& how) {
  group made;
  for (const auto& policy : how.policies) {
    auto other
      = policy_replay::make(policy, how.estimates.seed, how.copies);
    if (!other)
      return other.error();
    made.others.push_back(std::move(*other));
  }
  return made;
}

void add(group& to, const record& one) {
  ++to.logged_policies[one.of->policy];
  to.sites.insert(one.of->sites.begin(), one.of->sites.end());
  to.random += one.propensity < 1;
  to.first_us = to.records == 0 ? one.at_us : std::min(to.first_us, one.at_us);
  to.last_us = std::max(to.last_us, one.at_us);
  ++to.records;
  for (auto& other : to.others)
    other.add(one);
}

result<log_facts> read_into(groups& all, const std::string& path,
                            const settings& how) {
  const auto bytes = read_log_file(path);
  if (!bytes)
    return bytes.error();
  std::optional<error> failed;
  auto facts = read_log(*bytes, [&](const record& one) {
    if (!how.function.empty() && one.of->function != how.function)
      return true;
    auto found = all.find({one.of->function, one.of->version});
    if (found == all.end()) {
      auto made = group_for(how);
      if (!made) {
        failed = made.error();
        return false;
      }
      found = all.emplace(std::pair{one.of->function, one.of->version},
                          std::move(*made))
                .first;
    }
    add(found->second, one);
    return true;
  });
  if (failed)
    return *failed;
  if (!facts)
    return error{facts.error().code, path + ": " + facts.error().message,
                 facts.error().next_step};
  return facts;
}

void print_head(std::ostream& out, const std::string& name, uint32_t version,
                const group& of) {
  out << "# " << name << " version " << version << "\n\n"
      << of.records << " decisions in "
      << number(static_cast<double>(of.last_us - of.first_us) / 1e6)
      << " s among " << of.sites.size() << " sites, by ";
  const char* comma = "";
  for (const auto& [policy, count] : of.logged_policies) {
    out << comma << policy << " (" << count << ")";
    comma = ", ";
  }
  out << "; " << of.random << " of them by lot. ms; [95 % interval].\n\n";
}

void print_row(std::ostream& out, const std::string& policy,
               const off_policy_result& got) {
  out << "| " << policy << " | " << text(got.doubly_robust) << " | "
      << text(got.change) << " | " << text(got.inverse) << " | "
      << text(got.self_normalised) << " | " << number(got.direct.mean) << " | "
      << number(got.overlap) << " | " << std::lround(got.effective) << " |\n";
}

/// What a reader of a policy's row must know.
void print_notes(std::ostream& out, const policy_replay& other,
                 const off_policy_result& got, double clip) {
  const auto begin = "- " + other.policy() + ": ";
  if (got.overlap < 0.9)
    out << begin << "only " << std::lround(100 * got.overlap)
        << " % of its choices could have been made when this was logged; the "
           "rest of its doubly robust estimate is the model alone, and inverse "
           "propensity is too low by that rest.\n";
  if (got.clipped > 0)
    out << begin << got.clipped << " weights were cut at " << number(clip)
        << ".\n";
  if (other.refused() > 0)
    out << begin << "it would have refused " << other.refused()
        << " events; they are not in its row.\n";
  if (got.unusable > 0)
    out << begin << got.unusable
        << " decisions without a usable probability were left out.\n";
}

void print_left_out(std::ostream& out, const policy_replay& any) {
  if (any.not_run() > 0)
    out << "- " << any.not_run()
        << " decisions did not run (refused, lost) and are left out.\n";
  if (any.timed_out() > 0)
    out << "- " << any.timed_out()
        << " events timed out: they count with the time until then.\n";
}

void print_group(std::ostream& out, const group& of, const settings& how) {
  out << "| policy | doubly robust | change | inverse propensity | "
         "self-normalised | model alone | overlap | effective events |\n"
         "|---|---:|---:|---:|---:|---:|---:|---:|\n";
  std::ostringstream notes;
  for (const auto& other : of.others) {
    const auto got = evaluate(other.choices(), how.estimates);
    if (&other == &of.others.front())
      out << "| (as logged, measured) | " << text(got.logged)
          << " | | | | | | " << got.events << " |\n";
    print_row(out, other.policy(), got);
    print_notes(notes, other, got, how.estimates.clip);
  }
  print_left_out(notes, of.others.front()); // the same for all
  out << '\n' << notes.str() << (notes.str().empty() ? "" : "\n");
}

constexpr const char* limits_text
  = "Exact: what the logged choices took; what each policy object chooses on "
    "the logged predictions (kept to three digits); propensities.\n"
    "Modelled: that events do not change each other. Under another policy "
    "queues, caches and what the predictor learned would have been others; "
    "nothing here corrects for that, so trust small changes of the policy more "
    "than large ones. Where overlap is below 1 the logged predictions stand in "
    "for measurements.\n";

void print_facts(std::ostream& out, const std::string& path,
                 const log_facts& facts) {
  if (facts.torn)
    out << "Note: the tail of " << path << " is torn; what is before it was "
        << "read.\n";
  if (facts.damaged_blocks + facts.nameless_blocks > 0)
    out << "Note: " << facts.damaged_blocks + facts.nameless_blocks
        << " damaged blocks of " << path << " were skipped.\n";
}

int fail(std::ostream& err, const std::string& what, const std::string& next) {
  err << "faas-sim: " << what << '\n';
  if (!next.empty())
    err << "  " << next << '\n';
  return 2;
}

int replay_logs(const std::vector<std::string>& logs, const settings& how,
                std::ostream& out, std::ostream& err) {
  if (auto checked = group_for(how); !checked)
    return fail(err, checked.error().message, checked.error().next_step);
  groups all;
  for (const auto& path : logs) {
    const auto facts = read_into(all, path, how);
    if (!facts)
      return fail(err, facts.error().message, facts.error().next_step);
    print_facts(out, path, *facts);
  }
  if (all.empty())
    return fail(err,
                how.function.empty()
                  ? "there are no decisions in it"
                  : "there are no decisions of " + how.function + " in it",
                "faas-cli decisions shows what a node has");
  for (const auto& [key, of] : all) {
    print_head(out, key.first, key.second, of);
    print_group(out, of, how);
  }
  out << limits_text;
  return 0;
}

} // namespace

int replay(int argc, const char* const* argv, std::ostream& out,
           std::ostream& err) {
  cxxopts::Options options{
    "faas-sim replay", "Estimates what other policies would have taken, from "
                       "logs of decisions with propensities."};
  options.positional_help("LOG...");
  options.add_options()("logs", "", cxxopts::value<std::vector<std::string>>())(
    "policy",
    "min-latency, random, round-robin (these when none is named), "
    "static:SITE ...; may be repeated",
    cxxopts::value<std::vector<std::string>>(),
    "NAME")("function", "of this function only",
            cxxopts::value<std::string>()->default_value(""), "NAME")(
    "clip", "weights are cut there",
    cxxopts::value<double>()->default_value("100"), "W")(
    "copies", "of a policy that draws lots",
    cxxopts::value<int>()->default_value("8"), "N")(
    "seed", "of lots and intervals",
    cxxopts::value<uint64_t>()->default_value("1"), "N")("help", "this text");
  options.parse_positional({"logs"});
  const auto given = options.parse(argc, argv);
  if (given.count("help") != 0) {
    out << options.help();
    return 0;
  }
  if (given.count("logs") == 0)
    return fail(err, "say which log", "faas-sim replay LOG --policy NAME");
  settings how;
  how.policies = all_of(given, "policy", usual_policies());
  how.function = given["function"].as<std::string>();
  how.estimates.clip = given["clip"].as<double>();
  how.estimates.seed = given["seed"].as<uint64_t>();
  how.copies = given["copies"].as<int>();
  if (!(how.estimates.clip >= 1) || how.copies < 1 || how.copies > 1000)
    return fail(err, "--clip must be 1 or more, --copies 1 to 1000", "");
  return replay_logs(given["logs"].as<std::vector<std::string>>(), how, out,
                     err);
}

} // namespace faas::sim
