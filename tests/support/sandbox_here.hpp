// For suites that need what this machine may not have.
#pragma once

#include "functions/sandbox/sandbox.hpp"

#include <boost/test/unit_test.hpp>

namespace faas::testing {

/// A precondition: this machine can confine workers. Else the suite is skipped,
/// with the reason in the report.
inline boost::test_tools::assertion_result
sandbox_here(boost::unit_test::test_unit_id) {
  static const auto means = sandbox::probe();
  boost::test_tools::assertion_result can{means.enough()};
  if (!can)
    can.message() << "no sandbox here: " << means.missing();
  return can;
}

} // namespace faas::testing
