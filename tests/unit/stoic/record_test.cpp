// The record against sums and shares that the README of its data and the
// authors' notebook give.
#include "tests/unit/stoic/files.hpp"
#include "tools/stoic-replay/contenders.hpp"
#include "tools/stoic-replay/score.hpp"

#include <boost/test/unit_test.hpp>

#include <numeric>

using namespace faas;
using namespace faas::stoic;
namespace tt = boost::test_tools;

namespace {

std::vector<played> fixed(const record& of, size_t runtime) {
  auto by = play_fixed(runtime);
  return play_all(*by, of, of);
}

std::vector<played> authors(const record& of) {
  auto by = play_known(+[](const measured_batch& one) { return one.chosen; });
  return play_all(*by, of, of);
}

double sum(const std::vector<double>& of) {
  return std::accumulate(of.begin(), of.end(), 0.0);
}

/// Total seconds over the batches of which all is known.
double total(const record& of, const std::vector<played>& by) {
  const auto counts = complete_ones(of);
  return oracle_sum(of, counts) + sum(regret(of, by, counts));
}

std::string refusal(const std::string& name, const std::string& text) {
  const auto files = data_files({{name, text}});
  const auto published = read_published(files);
  const auto semi = read_semisynthetic(files);
  const auto runtimes = read_runtimes(files, "authors_bayesian_ridge");
  const auto deploys = read_deployments(files);
  return !published  ? published.error().message
         : !semi     ? semi.error().message
         : !runtimes ? runtimes.error().message
         : !deploys  ? deploys.error().message
                     : "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(record_test)

  BOOST_AUTO_TEST_CASE(labels_and_accuracy_are_the_published_ones) {
    const auto of = read_published(data_files());
    BOOST_REQUIRE(of);
    BOOST_TEST(of->size() == 154u);
    BOOST_TEST(sum(exact(*of, authors(*of))) == 131);
    BOOST_TEST(sum(edge_or_cloud(*of, authors(*of))) == 144);
    const double best[] = {54, 0, 37, 63}, chosen[] = {48, 0, 36, 70};
    for (size_t r = 0; r < runtime_count; ++r) {
      BOOST_TEST(sum(exact(*of, fixed(*of, r))) == best[r]);
      double count = 0;
      for (const auto& one : *of)
        count += one.chosen == r;
      BOOST_TEST(count == chosen[r]);
    }
    BOOST_TEST(std::count_if(of->begin(), of->end(),
                             [](const auto& one) { return !one.exact_items; })
               == 5);
    BOOST_TEST((*of)[55].items > 0);
  }

  BOOST_AUTO_TEST_CASE(sums_over_the_measured_batches_are_the_known_ones) {
    const auto of = *read_published(data_files());
    const auto counts = complete_ones(of);
    BOOST_TEST(std::count(counts.begin(), counts.end(), true) == 37);
    const auto near = tt::tolerance(1e-4);
    BOOST_TEST(oracle_sum(of, counts) == 1962.7, near);
    BOOST_TEST(total(of, authors(of)) == 2090.2, near);
    const double only[] = {3210.6, 3805.1, 2456.9, 3334.5};
    for (size_t r = 0; r < runtime_count; ++r)
      BOOST_TEST(total(of, fixed(of, r)) == only[r], near);
    const auto contiguous = contiguous_ones(of);
    BOOST_TEST(std::count(contiguous.begin(), contiguous.end(), true) == 28);
  }

  BOOST_AUTO_TEST_CASE(sums_over_the_semisynthetic_ones_are_the_known_ones) {
    const auto of = *read_semisynthetic(data_files());
    BOOST_TEST(of.size() == 148u);
    const auto counts = complete_ones(of);
    const auto near = tt::tolerance(1e-4);
    BOOST_TEST(oracle_sum(of, counts) == 7273.9, near);
    BOOST_TEST(total(of, authors(of)) == 7641.6, near);
    const double only[] = {12382.4, 15139.8, 9497.9, 10630.9};
    for (size_t r = 0; r < runtime_count; ++r)
      BOOST_TEST(total(of, fixed(of, r)) == only[r], near);
  }

  BOOST_AUTO_TEST_CASE(runtimes_and_deployments) {
    const auto of = *read_runtimes(data_files(), "authors_bayesian_ridge");
    BOOST_TEST(of[edge].profile.slope == 2.39549861);
    BOOST_TEST(of[gpu2].deploy_s == 65);
    BOOST_TEST((!of[edge].deploys && of[cpu].deploys));
    const auto series = *read_deployments(data_files());
    BOOST_TEST(series[edge].empty());
    for (const size_t r : {cpu, gpu1, gpu2})
      BOOST_TEST(series[r].size() == 153u);
  }

  BOOST_AUTO_TEST_CASE(what_is_wrong_in_a_file_is_told) {
    const std::string head
      = "batch_index,image_count,runtime,total_s,deploy_s,process_s,"
        "process_source,chosen_by_authors,best_by_authors_truth\n";
    const char* semi = "batches_feb2020_semisynthetic.csv";
    BOOST_TEST(refusal(semi, head + "0,11,edge,many,0,19,measured,1,1\n")
               == std::string{semi} + ":2: total_s: \"many\" is not a number");
    BOOST_TEST(refusal(semi, head + "0,11,edge,,0,19,measured,1,1\n")
               == std::string{semi} + ":2: total_s: is empty");
    BOOST_TEST(refusal(semi, head + "0,11,gpu9,1,0,19,measured,1,1\n")
               == std::string{semi} + ":2: runtime: \"gpu9\" is no runtime");
    BOOST_TEST(refusal(semi, head
                               + "5,11,edge,1,0,1,m,1,1\n"
                                 "4,11,edge,1,0,1,m,1,1\n")
               == std::string{semi}
                    + ":3: batch_index: is below the one before");
    BOOST_TEST(refusal("batches_feb2020.csv", "batch_index,runtime\n0,edge\n")
               == "batches_feb2020.csv:1: no column image_count");
    BOOST_TEST(refusal("processing_profile.csv",
                       "kind,runtime,image_count,process_s,slope_s_per_image,"
                       "intercept_s\n")
               == "processing_profile.csv: no authors_bayesian_ridge of edge");
    BOOST_TEST(refusal("batch_trace.csv", "order_index,image_count\n0,11\n")
               == "batch_trace.csv: fewer than 10 rows");
    BOOST_TEST(refusal("deployment_seconds.csv",
                       "series,runtime,order_index,deploy_s\n"
                       "batches_feb2020,cpu,3,1\nbatches_feb2020,cpu,3,1\n")
               == "deployment_seconds.csv:3: order_index: is not above the "
                  "one before");
  }

  BOOST_AUTO_TEST_SUITE_END()
