// The one main of all test programs (the shared Boost.Test library: the
// header-only one costs 18 s per file).
#define BOOST_TEST_MODULE petrel
#include <boost/test/unit_test.hpp>
