// Where a version that is new begins.
#include "actors/predictor/known_versions.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using faas::routing::function_index;
using faas::routing::likeness;

namespace {

version_ref of(const char* name, uint32_t number) {
  return {function_name{name}, number};
}

} // namespace

BOOST_AUTO_TEST_SUITE(known_versions_test)

  BOOST_AUTO_TEST_CASE(the_first_one_begins_with_nothing) {
    known_versions known;
    BOOST_TEST(!known.parent_of(of("f", 1), {{}, "a", {}}));
    known.add(of("e", 1), {function_index{0}, "a", {}});
    known.add(of("g", 1), {function_index{1}, "a", {}});
    known.add(of("f", 1), {function_index{2}, "a", {}});
    BOOST_TEST(!known.parent_of(of("f", 1), {{}, "a", {}})); // itself is none
    BOOST_TEST(!known.parent_of(of("ff", 2), {{}, "a", {}}));
  }

  BOOST_AUTO_TEST_CASE(the_newest_with_the_same_work_is_the_parent) {
    known_versions known;
    known.add(of("f", 1), {function_index{1}, "a", {}});
    known.add(of("f", 2), {function_index{2}, "a", {}});
    known.add(of("f", 3), {function_index{3}, "b", {}});
    const auto same = known.parent_of(of("f", 4), {{}, "a", {}});
    BOOST_REQUIRE(same.has_value());
    BOOST_TEST(same->version.version == 2u);
    BOOST_TEST((same->index == function_index{2}));
    BOOST_TEST((same->what == likeness::same_work));
    const auto other = known.parent_of(of("f", 4), {{}, "c", {}});
    BOOST_REQUIRE(other.has_value());
    BOOST_TEST(other->version.version == 3u);
    BOOST_TEST((other->what == likeness::alike));
    // Back to an older one, whose estimates are gone.
    BOOST_TEST(known.parent_of(of("f", 0), {{}, "b", {}})->version.version == 3u);
  }

  BOOST_AUTO_TEST_CASE(what_is_gone_is_no_parent) {
    known_versions known;
    known.add(of("f", 1), {function_index{1}, "a", {}});
    known.add(of("f", 2), {function_index{2}, "b", {}});
    const auto lost = known.forget(
      [](const version_ref& version) { return version.version == 1; });
    BOOST_REQUIRE(lost.size() == 1u);
    BOOST_TEST((lost.begin()->second.index == function_index{1}));
    BOOST_TEST(known.find(of("f", 1)) == nullptr);
    BOOST_REQUIRE(known.find(of("f", 2)) != nullptr);
    BOOST_TEST((known.parent_of(of("f", 3), {{}, "a", {}})->what
                == likeness::alike));
  }

  BOOST_AUTO_TEST_CASE(another_unit_of_size_is_told) {
    known_versions known;
    known.add(of("f", 1), {function_index{1}, "a", {}});
    known_versions::entry other{{}, "b", {}};
    other.size.divisor = 784;
    const auto found = known.parent_of(of("f", 2), other);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST((found->what == likeness::loads_only));
  }

BOOST_AUTO_TEST_SUITE_END()
