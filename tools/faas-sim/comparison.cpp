#include "tools/faas-sim/comparison.hpp"

#include "libfaas/routing/policies/catalog.hpp"
#include "tools/faas-sim/ablation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <iterator>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

namespace faas::sim {
namespace {

/// Quantile 0.975 of Student's t by degrees of freedom.
double student(size_t freedom) noexcept {
  constexpr std::array<double, 31> known{
    0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179,  2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080,
    2.074, 2.069,  2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return freedom < known.size() ? known[freedom] : 1.96;
}

estimate_of interval(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const auto value : values)
    mean += value / n;
  for (const auto value : values)
    squares += (value - mean) * (value - mean);
  if (values.size() < 2)
    return {mean, 0};
  const auto deviation = std::sqrt(squares / (n - 1));
  return {mean, student(values.size() - 1) * deviation / std::sqrt(n)};
}

/// None: it is no reference.
std::optional<chooser> knowing(std::string_view name) {
  constexpr std::array known{chooser::clairvoyant, chooser::informed,
                             chooser::farsighted};
  const auto at = std::find(references.begin(), references.end(), name);
  if (at == references.end())
    return {};
  return known[static_cast<size_t>(at - references.begin())];
}

std::string text(const estimate_of& of, int digits = 1) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << of.mean;
  if (of.half_width > 0)
    out << " +- " << of.half_width;
  return out.str();
}

} // namespace

void way::use_seed(uint64_t value) noexcept {
  seed = value;
  if (router)
    router->seed = value;
}

void way::give(int answer_ms) noexcept {
  if (router)
    router->patience = std::chrono::milliseconds{answer_ms};
}

result<void> way::check() const {
  return router && router->wrong ? result<void>{*router->wrong}
                                 : result<void>{};
}

result<way> options_for(const std::string& name, const scenario& world) {
  way how;
  if (name.starts_with(program_prefix)) {
    if (world.sites.size() > routing::max_candidates)
      return error{errc::invalid_argument,
                   "an outside router is shown at most "
                     + std::to_string(routing::max_candidates) + " sites",
                   "play it on a scenario with fewer"};
    how.router = std::make_shared<router_status>();
    how.router->command = name.substr(program_prefix.size());
    how.policy = program_policies(how.router, world);
    return how;
  }
  if (const auto by = knowing(name)) {
    how.by = *by;
    return how;
  }
  constexpr std::string_view fixed = "static:", less = "/no-";
  size_t site = 0;
  const auto without = name.find(less);
  auto text = name.substr(0, without);
  if (name.starts_with(fixed)) {
    while (site < world.sites.size()
           && world.sites[site].name != name.substr(fixed.size()))
      ++site;
    if (site == world.sites.size())
      return error{errc::invalid_argument,
                   name + ": the scenario has no such site",
                   "name one of its sites"};
    text = "static";
  }
  const auto known = routing::make_policy(text, routing::site_index{0});
  if (!known)
    return known.error();
  how.policy = [text, site](const auto& sites) {
    return std::move(*routing::make_policy(text, sites[site]));
  };
  if (without != name.npos)
    if (auto left_out = ablate(how, name.substr(without + less.size()));
        !left_out)
      return left_out.error();
  return how;
}

std::vector<double> change_times(const scenario& world) {
  std::vector<double> all;
  for (const auto& site : world.sites) {
    for (const auto* steps : {&site.disturbance, &site.link.rtt_factor,
                              &site.link.ms_per_byte_factor})
      if (!steps->repeats())
        for (const auto& one : steps->steps())
          all.push_back(one.from);
    for (const auto& one : site.absent)
      for (const auto time : {one.from, one.until})
        all.push_back(time);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::erase_if(all, [&](double time) {
    return time <= world.warm_up_ms || time >= world.length_ms;
  });
  return all;
}

namespace {

void add(contender& to, const std::vector<record>& all, const scenario& world,
         const comparison& what) {
  const auto sites = world.sites.size();
  const auto seconds = (world.length_ms - world.warm_up_ms) / 1000;
  to.runs.push_back(summarise(all, sites, seconds));
  auto& functions = to.by_function.emplace_back();
  for (uint32_t i = 0; i < world.functions.size(); ++i) {
    std::vector<record> own;
    std::copy_if(all.begin(), all.end(), std::back_inserter(own),
                 [&](const record& one) { return one.function == i; });
    functions.push_back(summarise(own, sites, seconds));
  }
  to.steps.push_back(
    adaptations(all, change_times(world), world.length_ms));
  const auto windows = over_time(all, what.window_ms, world.length_ms, sites);
  to.windows.resize(windows.size());
  for (size_t i = 0; i < windows.size(); ++i) {
    auto& sum = to.windows[i];
    sum.shares.resize(sites);
    sum.events += windows[i].events / what.seeds;
    sum.latency_ms += windows[i].latency_ms / what.seeds;
    sum.regret_ms += windows[i].regret_ms / what.seeds;
    for (size_t k = 0; k < sites; ++k)
      sum.shares[k] += windows[i].shares[k] / what.seeds;
  }
}

} // namespace

result<std::vector<contender>> compare(const scenario& world,
                                       const comparison& what) {
  std::vector<contender> all;
  for (const auto& name : what.names) {
    auto how = options_for(name, world);
    if (!how)
      return how.error();
    how->give(what.answer_ms);
    contender one;
    one.name = name;
    for (int i = 0; i < what.seeds; ++i) {
      how->use_seed(what.first_seed + static_cast<uint64_t>(i));
      const auto all = run(world, *how);
      if (auto good = how->check(); !good)
        return good.error();
      add(one, all, world, what);
    }
    all.push_back(std::move(one));
  }
  return all;
}

estimate_of over_runs(const contender& one, double figures::*what) {
  std::vector<double> values;
  for (const auto& run : one.runs)
    values.push_back(run.*what);
  return interval(values);
}

estimate_of difference(const contender& one, const contender& other,
                       double figures::*what) {
  std::vector<double> values;
  for (size_t i = 0; i < one.runs.size(); ++i)
    values.push_back(one.runs[i].*what - other.runs[i].*what);
  return interval(values);
}

namespace {

/// For the shares of sites.
constexpr size_t most_columns = 16;

bool has_deadlines(const scenario& world) {
  return std::any_of(world.functions.begin(), world.functions.end(),
                     [](const function_law& of) {
                       return of.deadline_ms.mean() > 0;
                     });
}

/// How events ended, of worlds with deadlines.
void print_endings(std::ostream& out, const std::vector<contender>& all) {
  out << "\n| way | in time per s | in time % | late % | dropped % | refused % "
         "| lighter % | price | joule |\n|---|---:|---:|---:|---:|---:|---:|"
         "---:|---:|\n";
  for (const auto& one : all) {
    out << "| " << one.name << " | " << text(over_runs(one, &figures::goodput))
        << " |";
    for (double figures::*share :
         {&figures::in_time, &figures::late, &figures::dropped,
          &figures::refused, &figures::lighter}) {
      const auto of = over_runs(one, share);
      out << ' ' << text({of.mean * 100, of.half_width * 100}) << " |";
    }
    out << ' ' << text(over_runs(one, &figures::price), 4) << " | "
        << text(over_runs(one, &figures::joule), 3) << " |\n";
  }
}

/// What second starts cost, of worlds where there are any.
void print_hedges(std::ostream& out, const std::vector<contender>& all) {
  bool headed = false;
  for (const auto& one : all) {
    auto twice = over_runs(one, &figures::twice),
         wasted = over_runs(one, &figures::wasted);
    if (twice.mean <= 0)
      continue;
    if (!std::exchange(headed, true))
      out << "\n| way | started twice % | work of beaten starts % |\n"
             "|---|---:|---:|\n";
    twice = {twice.mean * 100, twice.half_width * 100};
    wasted = {wasted.mean * 100, wasted.half_width * 100};
    out << "| " << one.name << " | " << text(twice) << " | " << text(wasted)
        << " |\n";
  }
}

} // namespace

void print_table(std::ostream& out, const scenario& world,
                 const std::vector<contender>& all) {
  // The shares of very many would be no table any more; --json has them.
  const auto columns = world.sites.size() > most_columns
                         ? 0
                         : world.sites.size();
  out << "| way | mean ms | p50 | p95 | p99 | regret ms | near best % "
         "| in 90 % interval | promises kept |";
  for (size_t i = 0; i < columns; ++i)
    out << ' ' << world.sites[i].name << " % |";
  out << " mean over " << all.front().name << " |\n|---|"
      << "---:|---:|---:|---:|---:|---:|---:|---:|";
  for (size_t i = 0; i < columns; ++i)
    out << "---:|";
  out << "---:|\n";
  for (const auto& one : all) {
    const bool learned = !knowing(one.name);
    auto near = over_runs(one, &figures::near_best),
         inside = over_runs(one, &figures::coverage),
         kept = over_runs(one, &figures::kept);
    near = {near.mean * 100, near.half_width * 100};
    inside = {inside.mean * 100, inside.half_width * 100};
    kept = {kept.mean * 100, kept.half_width * 100};
    out << "| " << one.name << " | " << text(over_runs(one, &figures::mean_ms))
        << " | " << text(over_runs(one, &figures::p50_ms)) << " | "
        << text(over_runs(one, &figures::p95_ms)) << " | "
        << text(over_runs(one, &figures::p99_ms)) << " | "
        << text(over_runs(one, &figures::regret_ms), 2) << " | " << text(near)
        << " | " << (learned ? text(inside) : "") << " | "
        << (learned ? text(kept) : "") << " |";
    for (size_t i = 0; i < columns; ++i) {
      double share = 0;
      for (const auto& run : one.runs)
        share += run.shares[i] / static_cast<double>(one.runs.size());
      out << ' ' << text({share * 100, 0}, 0) << " |";
    }
    out << ' ' << text(difference(one, all.front(), &figures::mean_ms))
        << " |\n";
  }
  if (has_deadlines(world))
    print_endings(out, all);
  print_hedges(out, all);
}

} // namespace faas::sim
