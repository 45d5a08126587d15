#include "actors/predictor/quality_book.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace faas;
using namespace faas::actors;

namespace {

pair_quality pair(const std::string& function, uint64_t events) {
  pair_quality made;
  made.version = {function_name{function}, 2};
  made.site = site_name{"edge-1/cpu"};
  made.values.events = events;
  made.values.total_coverage = 0.91;
  made.values.service_nis = 1.2;
  made.values.service_error = 0.07;
  made.values.total_error = 0.11;
  made.values.promises_kept = 0.96;
  made.values.unexplained_ms = 99;
  return made;
}

const metric_family& family_called(const std::vector<metric_family>& all,
                                   const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& f) {
    return f.name == name;
  });
  BOOST_REQUIRE(found != all.end());
  return *found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(quality_book_test)

BOOST_AUTO_TEST_CASE(each_pair_has_its_measures) {
  quality_book book;
  book.set({pair("f", 10)});
  const auto all = book.collect();
  const auto& coverage = family_called(all, "petrel_prediction_coverage");
  BOOST_REQUIRE(coverage.samples.size() == 2u);
  BOOST_TEST(coverage.samples[1].value == 0.91);
  const auto& labels = coverage.samples[1].labels;
  BOOST_REQUIRE(labels.size() == 4u);
  BOOST_TEST(labels[0].second == "f");
  BOOST_TEST(labels[1].second == "2");
  BOOST_TEST(labels[2].second == "edge-1/cpu");
  BOOST_TEST(labels[3].second == "total");
  BOOST_TEST(family_called(all, "petrel_prediction_nis").samples[0].value == 1.2);
  const auto& errors = family_called(all, "petrel_prediction_error_ratio");
  BOOST_REQUIRE(errors.samples.size() == 2u);
  BOOST_TEST(errors.samples[0].value == 0.07);
  BOOST_TEST(errors.samples[0].labels[3].second == "service");
  BOOST_TEST(errors.samples[1].value == 0.11);
  BOOST_TEST(errors.samples[1].labels[3].second == "total");
  const auto& hidden = family_called(all, "petrel_unexplained_seconds");
  BOOST_REQUIRE(hidden.samples.size() == 1u);
  BOOST_CHECK_CLOSE(hidden.samples[0].value, 0.099, 1e-9);
  BOOST_TEST(hidden.samples[0].labels[2].second == "edge-1/cpu");
}

BOOST_AUTO_TEST_CASE(each_pair_has_its_share_of_promises_kept) {
  quality_book book;
  book.set({pair("f", 10)});
  const auto all = book.collect();
  const auto& kept = family_called(all, "petrel_promises_kept_ratio");
  BOOST_TEST((kept.type == metric_family::kind::gauge));
  BOOST_REQUIRE(kept.samples.size() == 1u);
  BOOST_TEST(kept.samples[0].value == 0.96);
  const auto& labels = kept.samples[0].labels;
  BOOST_REQUIRE(labels.size() == 3u); // function, version, site
  BOOST_TEST(labels[2].first == "site");
  BOOST_TEST(labels[2].second == "edge-1/cpu");
}

BOOST_AUTO_TEST_CASE(only_the_busiest_pairs_are_shown) {
  quality_book book;
  std::vector<pair_quality> all;
  for (size_t i = 0; i < quality_book::max_rows + 50; ++i)
    all.push_back(pair(i % 2 == 0 ? "busy" : "quiet", i % 2 == 0 ? 9 : 1));
  book.set(std::move(all));
  const auto shown = book.collect();
  const auto& nis = family_called(shown, "petrel_prediction_nis");
  BOOST_TEST(nis.samples.size() == 2 * quality_book::max_rows);
  const auto busy
    = std::count_if(nis.samples.begin(), nis.samples.end(), [](const auto& s) {
        return s.labels[0].second == "busy";
      });
  BOOST_TEST(busy == 2 * 525);
}

BOOST_AUTO_TEST_CASE(a_new_picture_replaces_the_old_one) {
  quality_book book;
  book.set({pair("f", 10)});
  book.set({});
  for (const auto& family : book.collect())
    BOOST_TEST(family.samples.empty());
}

BOOST_AUTO_TEST_SUITE_END()
