// Which of two connections stays, and what is told of a copied disk.
#include "actors/link/contest.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

const node_name a{"a"}, b{"b"};
const boot_id one{"1"}, two{"2"}, three{"3"};
const time_point now = time_point{} + 1h;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(contest_test)

BOOST_AUTO_TEST_CASE(two_nodes_that_call_each_other_keep_the_same_call) {
  // a's call, seen by both, against b's call, seen by both.
  BOOST_TEST(supersedes(a, b, {one, true, true}, {one, false, true}));
  BOOST_TEST(supersedes(b, a, {one, false, true}, {one, true, true}));
  BOOST_TEST(!supersedes(a, b, {one, false, true}, {one, true, true}));
  BOOST_TEST(!supersedes(b, a, {one, true, true}, {one, false, true}));
}

BOOST_AUTO_TEST_CASE(the_newer_of_two_calls_in_one_direction_stays) {
  BOOST_TEST(supersedes(a, b, {one, true, true}, {one, true, true}));
  BOOST_TEST(supersedes(a, b, {one, false, true}, {one, false, true}));
}

BOOST_AUTO_TEST_CASE(another_process_waits_until_the_former_is_silent) {
  for (const bool dialled : {false, true}) {
    BOOST_TEST(!supersedes(a, b, {two, dialled, true}, {one, false, true}));
    BOOST_TEST(supersedes(a, b, {two, dialled, true}, {one, false, false}));
  }
}

BOOST_AUTO_TEST_CASE(a_report_names_both_addresses_and_what_to_do) {
  const auto told = two_of(a, {one, "10.0.0.7:41234", "127.0.0.1:8080", "0a"},
                           {two, "10.0.0.8:50000", "127.0.0.1:9090", "0a"});
  BOOST_TEST(contains(told.what, "node a, with the same certificate"));
  BOOST_TEST(contains(told.what, "one at 10.0.0.7:41234 (its gateway is "
                                 "127.0.0.1:8080), which goes on serving"));
  BOOST_TEST(contains(told.what, "one at 10.0.0.8:50000 (its gateway is "
                                 "127.0.0.1:9090), which is refused"));
  BOOST_TEST(contains(told.next, "On the machine at 10.0.0.8:50000"));
  BOOST_TEST(contains(told.next, "faas-cli node token"));
  // One that has renewed its certificate since is a copy all the same.
  BOOST_TEST(!contains(two_of(a, {one, "x:1", "", "0a"}, {two, "y:1", "", "0b"})
                         .what,
                       "same certificate"));
  BOOST_TEST(contains(two_of(a, {one, "", "", ""}, {two, "", "", ""}).what,
                      "an unknown address"));
}

BOOST_AUTO_TEST_CASE(a_restart_is_no_copy) {
  refused_clones clones;
  BOOST_TEST(!clones.must_wait(a, two, now));
  // Its former self is thought to be connected for as long as that can last.
  BOOST_TEST(!clones.refused(a, one, two, "two of a", now));
  BOOST_TEST(!clones.refused(a, one, two, "two of a", now + 5s));
  clones.seen(a, one, now + 5s); // that link has ended
  BOOST_TEST(!clones.must_wait(a, two, now + 5s));
  BOOST_TEST(clones.note(a, now + 5s).empty());
}

struct with_clone {
  with_clone() {
    BOOST_TEST(!clones.refused(a, one, two, "two of a", now - 6s));
    BOOST_TEST(clones.refused(a, one, two, "two of a", now));
  }
  refused_clones clones;
};

BOOST_FIXTURE_TEST_CASE(a_copy_waits_while_the_first_is_about, with_clone) {
  BOOST_TEST(clones.must_wait(a, two, now + 1s));
  BOOST_TEST(!clones.must_wait(a, one, now + 1s));   // the first
  BOOST_TEST(!clones.must_wait(a, three, now + 1s)); // it was restarted
  BOOST_TEST(!clones.must_wait(b, two, now + 1s));
  BOOST_TEST(clones.note(a, now + 1s) == "two of a");
  clones.seen(a, one, now + 1min);
  BOOST_TEST(
    clones.must_wait(a, two, now + 1min + refused_clones::memory - 1s));
  // The first one has been gone for long: then the machine was moved.
  BOOST_TEST(!clones.must_wait(a, two, now + 1min + refused_clones::memory));
  BOOST_TEST(clones.note(a, now + 1h).empty());
}

BOOST_FIXTURE_TEST_CASE(a_new_first_one_begins_a_new_claim, with_clone) {
  BOOST_TEST(!clones.refused(a, three, one, "y", now));
  BOOST_TEST(!clones.must_wait(a, two, now));
  BOOST_TEST(clones.refused(a, three, one, "y", now + 6s));
  BOOST_TEST(clones.must_wait(a, one, now + 6s));
  BOOST_TEST(clones.note(a, now + 6s) == "y");
}

BOOST_AUTO_TEST_CASE(what_is_remembered_is_bounded) {
  refused_clones clones;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 5000; ++i)
      clones.refused(node_name{"n" + std::to_string(i)}, one, two, "x",
                     now + round * 10s);
  BOOST_TEST(clones.must_wait(node_name{"n1"}, two, now + 10s));
  BOOST_TEST(!clones.must_wait(node_name{"n4999"}, two, now + 10s));
}

BOOST_AUTO_TEST_SUITE_END()
