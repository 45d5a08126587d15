#include "tools/faas-sim/what_if_report.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <ostream>

namespace faas::sim {
namespace {

using json = nlohmann::ordered_json;
using whatif::figure_names;

/// Beyond that the model is not fit to be asked.
constexpr double poor_fit = 0.25;
constexpr double much_believed = 0.3;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) < 10 ? "%.2f" : "%.1f",
                value);
  return text;
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

/// A relative change by its logarithm.
std::string error_text(double off) {
  return number(100 * (std::exp(off) - 1)) + " %";
}

std::string shares_text(const std::vector<std::string>& sites,
                        const std::vector<double>& shares) {
  std::string made;
  for (size_t i = 0; i < sites.size(); ++i)
    made += (i == 0 ? "" : ", ") + sites[i] + " " + percent(shares[i]);
  return made;
}

std::string policy_text(const std::string& name, const whatif::recording& in) {
  return name.empty() ? "as logged (" + in.policies.front() + ")" : name;
}

bool dropped(const what_if_report& of, size_t site) {
  return site < of.asked.dropped.size() && of.asked.dropped[site];
}

void remark_site(const what_if_report& of, size_t i,
                 std::vector<std::string>& to) {
  const auto& site = of.known.sites[i];
  bool given = false;
  for (const auto& one : of.asked.servers)
    given = given || one.site == i;
  if (!site.servers_known && !given)
    to.push_back(site.name + ": nothing waited there, so its servers are not "
                             "told; taken as "
                 + std::to_string(site.servers)
                 + ", the most that ran at once: waits under more load are an "
                   "upper bound (--servers " + site.name + "=N)");
  if (site.servers_known && site.waited_ms > 1
      && std::abs(site.waited_ms - site.modelled_wait_ms)
           > 0.3 * site.waited_ms)
    to.push_back(site.name + ": events waited " + number(site.waited_ms)
                 + " ms, own events explain " + number(site.modelled_wait_ms)
                 + " ms: others load it, or it does not serve in turn");
  if (site.believed_share > much_believed)
    to.push_back(site.name + ": for " + percent(site.believed_share)
                 + " of the time too little ran there, and its speed is the "
                   "predictor's word");
}

} // namespace

std::vector<std::string> remarks(const what_if_report& of) {
  auto made = of.notes;
  const auto& own = of.found.own;
  if (own.off[0] > poor_fit)
    made.push_back("THE MODEL DOES NOT FIT THIS LOG: its own mean is off by "
                   + error_text(own.off[0]));
  if (of.in.sampled)
    made.push_back("the log is a sample: arrivals are scaled by their "
                   "probability of being logged, and what did not get in is "
                   "taken to be like its neighbours");
  if (of.in.not_run > 0)
    made.push_back(std::to_string(of.in.not_run)
                   + " events were refused, lost or timed out; they are played, "
                     "but not in the recorded figures");
  for (size_t i = 0; i < of.known.sites.size(); ++i)
    if (!dropped(of, i))
      remark_site(of, i, made);
  return made;
}

void print_table(std::ostream& out, const what_if_report& of) {
  const auto& own = of.found.own;
  out << "# What if\n\n"
      << of.in.events.size() << " events in " << number(of.in.length_ms / 1000)
      << " s among " << of.in.sites.size() << " sites; the first "
      << number(of.found.warm_up_ms / 1000)
      << " s are warm-up. Times in ms.\n\n"
      << "| | mean | p50 | p95 | p99 | sites |\n|---|---:|---:|---:|---:|---|\n"
      << "| recorded |";
  for (const auto value : own.recorded)
    out << ' ' << number(value) << " |";
  out << ' ' << shares_text(of.in.sites, own.recorded_shares)
      << " |\n| the model, as it was |";
  for (const auto value : own.played)
    out << ' ' << number(value) << " |";
  out << ' ' << shares_text(of.in.sites, own.played_shares)
      << " |\n| its own error |";
  for (const auto off : own.off)
    out << ' ' << error_text(off) << " |";
  out << " |\n";
  for (const auto& one : of.found.answers) {
    out << "| **what if**, " << policy_text(one.policy, of.in) << " |";
    for (const auto& value : one.would_be)
      out << ' ' << number(value.mean) << " [" << number(value.low) << ", "
          << number(value.high) << "] |";
    out << ' ' << shares_text(one.sites, one.shares) << " |\n";
  }
  out << "\n[ ]: the model's own error, what the other reading of the log's gaps "
         "makes, and 1.96 standard deviations over "
      << of.seeds << " seeds.\n\n";
  for (const auto& line : remarks(of))
    out << "- " << line << '\n';
  out << "\nExact: when events came, their sizes, and what each took at the site "
         "where it ran; the policies and predictors are those of nodes.\n"
         "Modelled: what an event would have met at another site (drawn from "
         "events there at about that time), queues (first come, first served), "
         "links that share their bandwidth, copies for a higher rate, that "
         "predictors begin untaught. Other gateways' load stays as it was.\n";
}

void print_json(std::ostream& out, const what_if_report& of) {
  const auto& own = of.found.own;
  json made{{"events", of.in.events.size()},
            {"seconds", of.in.length_ms / 1000},
            {"warm_up_seconds", of.found.warm_up_ms / 1000},
            {"seeds", of.seeds},
            {"figures", figure_names},
            {"recorded", own.recorded},
            {"played_as_it_was", own.played},
            {"own_error", own.off},
            {"sample_error", own.unseen},
            {"sites", json::array()},
            {"answers", json::array()},
            {"remarks", remarks(of)}};
  for (size_t i = 0; i < of.in.sites.size(); ++i) {
    const auto& site = of.known.sites[i];
    made["sites"].push_back({{"name", site.name},
                             {"events", site.measured},
                             {"servers", site.servers},
                             {"servers_known", site.servers_known},
                             {"waited_ms", site.waited_ms},
                             {"modelled_wait_ms", site.modelled_wait_ms},
                             {"rtt_ms", site.rtt_ms},
                             {"ms_per_byte", site.ms_per_byte},
                             {"cold_ms", site.cold.load_ms},
                             {"keep_ms", site.cold.keep_ms},
                             {"believed_share", site.believed_share},
                             {"recorded_share", own.recorded_shares[i]},
                             {"played_share", own.played_shares[i]}});
  }
  for (const auto& one : of.found.answers) {
    json would = json::array();
    for (const auto& value : one.would_be)
      would.push_back(
        {{"is", value.mean}, {"low", value.low}, {"high", value.high}});
    json shares = json::object();
    for (size_t i = 0; i < one.sites.size(); ++i)
      shares[one.sites[i]] = one.shares[i];
    made["answers"].push_back({{"policy", policy_text(one.policy, of.in)},
                               {"would_be", would},
                               {"played", one.played},
                               {"open", one.open},
                               {"shares", shares},
                               {"events_per_second", one.events_per_second},
                               {"sent_again", one.again}});
  }
  out << made.dump(2) << '\n';
}

} // namespace faas::sim
