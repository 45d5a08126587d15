// How many events of a function a node runs at once.
#include "actors/functions/servers.hpp"

#include <boost/test/unit_test.hpp>

#include <tuple>

using namespace faas;
using namespace faas::actors;

namespace {

petrel_spec spec_with(trust_mode mode, uint32_t concurrency) {
  petrel_spec made;
  made.mode = mode;
  made.concurrency = concurrency;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(servers_test)

BOOST_AUTO_TEST_CASE(instances_or_threads_are_the_bound) {
  const host_threads threads{2, 6};
  for (const auto& [mode, concurrency, servers] :
       {std::tuple{trust_mode::threads, 1u, 1u},
        {trust_mode::threads, 9u, 2u},
        {trust_mode::isolated, 5u, 5u},
        {trust_mode::isolated, 9u, 6u}})
    BOOST_TEST(servers_of(spec_with(mode, concurrency), threads) == servers);
  // Whatever the manifest asks for.
  auto model = spec_with(trust_mode::isolated, 9);
  model.runtime = runtime_kind::torch;
  model.kind = artifact_kind::aoti;
  BOOST_TEST(servers_of(model, threads) == 2u);
  BOOST_TEST(!has_own_queue(model, 2, 2));
  auto program = spec_with(trust_mode::threads, 9);
  program.runtime = runtime_kind::process;
  BOOST_TEST(servers_of(program, threads) == 6u);
  BOOST_TEST(has_own_queue(program, 2, 2));
  // A node that says nothing has one at least.
  BOOST_TEST(servers_of(spec_with(trust_mode::threads, 4), {0, 0}) == 1u);
}

BOOST_AUTO_TEST_CASE(a_queue_is_shared_where_the_nodes_threads_are_the_bound) {
  const auto own = [](trust_mode mode, uint32_t servers, uint32_t executors) {
    return has_own_queue(spec_with(mode, 9), servers, executors);
  };
  BOOST_TEST(!own(trust_mode::threads, 4, 4));
  BOOST_TEST(own(trust_mode::threads, 3, 4));
  BOOST_TEST(own(trust_mode::threads, 1, 0)); // it does not tell its threads
  BOOST_TEST(own(trust_mode::isolated, 4, 4));
}

BOOST_AUTO_TEST_SUITE_END()
