#include "libfaas/ports/catalog_draft.hpp"

#include "tests/support/catalog_commands.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::testing;

namespace {

const wall_time noon{std::chrono::hours{12}};

catalog_state grown(int changes, uint64_t seed) {
  catalog_state state{{"history", 0}, {}, {}};
  for (int i = 0; i < changes; ++i)
    apply(state, nth_change(state, seed));
  return state;
}

} // namespace

BOOST_AUTO_TEST_SUITE(catalog_draft_test)

BOOST_AUTO_TEST_CASE(plans_are_those_of_the_whole_state) {
  const auto base = grown(40, 3);
  const auto untouched = base;
  auto whole = base;
  catalog_draft draft{base};
  while (!draft.full()) {
    const auto change = nth_change(whole, 3);
    const auto& seen = draft.state_for(change.function);
    const auto found = whole.functions.find(change.function);
    const bool exists = found != whole.functions.end();
    BOOST_REQUIRE((seen.functions.contains(change.function) == exists));
    if (exists)
      BOOST_TEST((seen.functions.at(change.function) == found->second));
    if (whole.retired.contains(change.function))
      BOOST_TEST((seen.retired.at(change.function)
                  == whole.retired.at(change.function)));
    BOOST_TEST((seen.at == whole.at));
    draft.add(change);
    apply(whole, change);
  }
  BOOST_TEST((base == untouched));
  auto after = base;
  for (const auto& change : draft.changes())
    apply(after, change);
  BOOST_TEST((after == whole));
}

BOOST_AUTO_TEST_CASE(a_function_that_was_removed_in_it_is_gone_for_later_plans) {
  const auto base = [] {
    catalog_state state{{"history", 0}, {}, {}};
    apply(state, *plan(state, deploy_of("f", 1), noon));
    return state;
  }();
  const function_name f{"f"};
  catalog_draft draft{base};
  draft.add(*plan(draft.state_for(f), remove_of("f")));
  const auto again = plan(draft.state_for(f), remove_of("f"));
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().code == errc::not_found));
  const auto anew = plan(draft.state_for(f), deploy_of("f", 2), noon);
  BOOST_REQUIRE(anew);
  BOOST_TEST(anew->outcome.version == 2u); // numbers are never given twice
}

BOOST_AUTO_TEST_CASE(knows_its_requests) {
  const catalog_state base{{"history", 0}, {}, {}};
  const function_name f{"f"};
  catalog_draft draft{base};
  draft.add(*plan(draft.state_for(f), deploy_of("f", 1, "one"), noon));
  draft.add(*plan(draft.state_for(f), deploy_of("f", 2), noon));
  BOOST_TEST(draft.holds(request_id{"one"}));
  BOOST_TEST(!draft.holds(request_id{"two"}));
  BOOST_TEST(!draft.holds(request_id{}));
  BOOST_TEST(!draft.full());
}

BOOST_AUTO_TEST_SUITE_END()
