#include "tools/stoic-replay/report.hpp"

#include "tools/stoic-replay/ablation.hpp"
#include "tools/stoic-replay/contenders.hpp"
#include "tools/stoic-replay/score.hpp"
#include "tools/stoic-replay/synthetic.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace faas::stoic {
namespace {

using nlohmann::json;
using numbers = std::vector<double>;

constexpr const char* against = "authors, stored choices";
/// STOIC's own rule with no more than what is published.
constexpr const char* alike = "STOIC Selector, ridge";

json to_json(const interval& of) {
  return {of.mean, of.low, of.high};
}

double sum(const numbers& of) {
  return std::accumulate(of.begin(), of.end(), 0.0);
}

numbers minus(const numbers& one, const numbers& other) {
  numbers out;
  for (size_t i = 0; i < one.size(); ++i)
    out.push_back(one[i] - other[i]);
  return out;
}

/// The choices of every contender over one record.
struct results {
  std::vector<contender> who;
  std::vector<std::vector<played>> what;
  const std::vector<played>& of(const std::string& name) const {
    for (size_t i = 0; i < who.size(); ++i)
      if (who[i].name == name)
        return what[i];
    return what.front();
  }
};

results play_contenders(const std::vector<contender>& who, const record& of) {
  results made{who, {}};
  for (const auto& one : who)
    made.what.push_back(play_all(*one.make(), of, of));
  return made;
}

json agreement(const record& of, const results& all, uint64_t seed) {
  json rows = json::array();
  const auto base_exact = exact(of, all.of(against));
  const auto base_edge = edge_or_cloud(of, all.of(against));
  const auto base_alike = exact(of, all.of(alike));
  for (size_t i = 0; i < all.who.size(); ++i) {
    if (all.who[i].needs_totals)
      continue;
    random_source random{seed}; // the same resamples for each row
    const auto hits = exact(of, all.what[i]);
    const auto sides = edge_or_cloud(of, all.what[i]);
    rows.push_back({{"name", all.who[i].name},
                    {"feedback", all.who[i].feedback},
                    {"hits", sum(hits)},
                    {"exact", to_json(bootstrap(hits, random))},
                    {"exact_over_authors",
                     to_json(bootstrap(minus(hits, base_exact), random))},
                    {"edge_or_cloud", to_json(bootstrap(sides, random))},
                    {"edge_or_cloud_over_authors",
                     to_json(bootstrap(minus(sides, base_edge), random))},
                    {"exact_over_stoic",
                     to_json(bootstrap(minus(hits, base_alike), random))}});
  }
  return {{"batches", of.size()}, {"rows", rows}};
}

json times(const record& of, const results& all,
           const std::vector<bool>& counts, uint64_t seed) {
  json rows = json::array();
  const double best = oracle_sum(of, counts);
  const auto base = regret(of, all.of(against), counts);
  const auto base_alike = regret(of, all.of(alike), counts);
  for (size_t i = 0; i < all.who.size(); ++i) {
    random_source random{seed};
    const auto& by = all.what[i];
    const auto lost = regret(of, by, counts);
    double extra = 0, extra_process = 0, hits = 0;
    for (size_t b = 0; b < of.size(); ++b)
      if (counts[b]) {
        extra += by[b].extra_s;
        extra_process += by[b].extra_process_s;
        hits += by[b].chosen == of[b].best;
      }
    rows.push_back(
      {{"name", all.who[i].name},
       {"feedback", all.who[i].feedback},
       {"hedges", all.who[i].hedges},
       {"total_s", best + sum(lost)},
       {"over_oracle", sum(lost) / best},
       {"hits", hits},
       {"regret_s", to_json(bootstrap(lost, random))},
       {"regret_over_authors_s", to_json(bootstrap(minus(lost, base), random))},
       {"regret_over_stoic_s",
        to_json(bootstrap(minus(lost, base_alike), random))},
       {"extra_s", extra},
       {"extra_process_s", extra_process}});
  }
  return {{"batches", std::count(counts.begin(), counts.end(), true)},
          {"oracle_s", best},
          {"rows", rows}};
}

json ablations(const inputs& from, uint64_t seed) {
  json deploys = json::array(), lines = json::array();
  for (const auto& one : ablate_deployments(from.published, from.runtimes))
    deploys.push_back({{"forecast", one.forecast},
                       {"mean_abs_s", one.mean_abs_s},
                       {"median_abs_s", one.median_abs_s}});
  for (const int outliers : {0, 1})
    for (const auto& one : ablate_lines(from.runtimes, outliers, seed))
      lines.push_back({{"method", one.method},
                       {"outliers_in_ten", outliers},
                       {"error_at_35", one.at_35},
                       {"error_at_120", one.at_120}});
  return {{"deployments", deploys}, {"lines", lines}};
}

} // namespace

result<inputs> read_inputs(const file_reader& files) {
  auto published = read_published(files);
  if (!published)
    return published.error();
  auto semi = read_semisynthetic(files);
  if (!semi)
    return semi.error();
  auto runtimes = read_runtimes(files, "authors_bayesian_ridge");
  if (!runtimes)
    return runtimes.error();
  auto hindsight = read_runtimes(files, "our_theil_sen_feb2020");
  if (!hindsight)
    return hindsight.error();
  auto deploys = read_deployments(files);
  if (!deploys)
    return deploys.error();
  for (const size_t r : {cpu, gpu1, gpu2}) {
    if ((*deploys)[r].empty())
      return error{errc::invalid_argument,
                   "deployment_seconds.csv: no series of " + runtime_names[r]};
    (*hindsight)[r].deploy_s = forecast::median((*deploys)[r]);
  }
  return inputs{std::move(*published), std::move(*semi), std::move(*runtimes),
                std::move(*hindsight)};
}

json report_published(const inputs& from, uint64_t seed) {
  const auto who = contenders(from.runtimes, from.hindsight, seed);
  const auto all = play_contenders(who, from.published);
  const auto semi = play_contenders(who, from.semisynthetic);
  const auto& of = from.published;
  json choices = json::array();
  for (size_t b = 0; b < of.size(); ++b)
    choices.push_back(
      {of[b].index, runtime_names[of[b].best], runtime_names[of[b].chosen],
       runtime_names[all.of("Petrel Selector")[b].chosen],
       runtime_names[all.of("STOIC Selector, RANSAC")[b].chosen]});
  return {{"seed", seed},
          {"agreement", agreement(of, all, seed)},
          {"contiguous", times(of, all, contiguous_ones(of), seed)},
          {"measured", times(of, all, complete_ones(of), seed)},
          {"semisynthetic", times(from.semisynthetic, semi,
                                  complete_ones(from.semisynthetic), seed)},
          {"parts", ablations(from, seed)},
          {"choices", choices}};
}

json report_synthetic(const std::vector<batches::runtime_spec>& runtimes,
                      uint64_t seed, int draws) {
  auto who = contenders(runtimes, runtimes, seed);
  std::erase_if(who, [](const contender& one) { // not defined here
    return one.name == against || one.name.ends_with("in hindsight");
  });
  who.push_back({"informed", "-", false, false, [] {
                   return play_known(+[](const measured_batch& one) {
                     const auto& of = one.informed_s;
                     return static_cast<size_t>(
                       std::min_element(of.begin(), of.end()) - of.begin());
                   });
                 }});
  std::map<std::string, std::array<numbers, 4>> found;
  for (int i = 0; i < draws; ++i) {
    random_source random{seed + static_cast<uint64_t>(i)};
    const auto drawn = draw_synthetic(runtimes, random);
    const std::vector<bool> every(drawn.whole.size(), true);
    const double best = oracle_sum(drawn.whole, every);
    const auto n = static_cast<double>(drawn.whole.size());
    for (const auto& one : who) {
      const auto by = play_all(*one.make(), drawn.whole, drawn.seen);
      double extra = 0;
      for (const auto& batch : by)
        extra += batch.extra_s;
      auto& into = found[one.name];
      into[0].push_back(sum(exact(drawn.whole, by)) / n);
      into[1].push_back(sum(edge_or_cloud(drawn.whole, by)) / n);
      into[2].push_back(sum(regret(drawn.whole, by, every)) / best);
      into[3].push_back(extra / best);
    }
  }
  json rows = json::array();
  for (const auto& one : who) {
    random_source random{seed};
    const auto& of = found[one.name];
    const auto mean = [&](const numbers& values) {
      return to_json(bootstrap(values, random, 1));
    };
    rows.push_back({{"name", one.name},
                    {"feedback", one.feedback},
                    {"exact", mean(of[0])},
                    {"edge_or_cloud", mean(of[1])},
                    {"over_oracle", mean(of[2])},
                    {"extra_work", mean(of[3])}});
  }
  return {{"seed", seed}, {"draws", draws}, {"rows", rows}};
}

} // namespace faas::stoic
