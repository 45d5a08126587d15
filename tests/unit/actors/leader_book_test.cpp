#include "actors/link/bundle_shares.hpp"
#include "actors/link/leader_book.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {
const node_name a{"a"}, b{"b"}, c{"c"};
}

BOOST_AUTO_TEST_SUITE(leader_book_test)

  BOOST_AUTO_TEST_CASE(the_highest_term_counts) {
    leader_book book;
    BOOST_TEST(book.leader().str() == "");
    BOOST_TEST(book.take(3, a));
    BOOST_TEST(book.take(3, a));
    BOOST_TEST(book.take(5, b));
    BOOST_TEST(!book.take(4, a));
    BOOST_TEST(book.leader().str() == "b");
    BOOST_TEST(book.term() == 5u);
    // A controller without terms is the only one.
    BOOST_TEST(book.take(0, c));
    BOOST_TEST(book.leader().str() == "c");
    BOOST_TEST(!book.take(4, a));
  }

  BOOST_AUTO_TEST_CASE(addresses_are_learned_once_and_bounded) {
    leader_book book;
    book.learn({"me:1"});
    using list = std::vector<std::string>;
    BOOST_TEST((book.learn({"x:1", "y:2", "x:1"}) == list{"x:1", "y:2"}));
    BOOST_TEST(book.learn({"me:1", "y:2"}).empty());
    BOOST_TEST(book.learn({"no port", ":5", "z:0", "z:70000"}).empty());
    BOOST_TEST((book.others({"me:1"}) == list{"x:1", "y:2"}));
    for (int i = 1; i < 100; ++i)
      book.learn({"n:" + std::to_string(i)});
    BOOST_TEST(book.others({}).size() == leader_book::max_addresses);
  }

  BOOST_AUTO_TEST_CASE(a_share_is_done_when_all_have_answered_or_left) {
    bundle_shares shares;
    int done = 0;
    const auto count = [&] { ++done; };
    const time_point now{1h};
    const auto first = shares.begin({a, b}, now, count);
    const auto second = shares.begin({b}, now, count);
    BOOST_TEST(first != second);
    shares.answered(first, a);
    shares.answered(first, a);
    shares.answered(99, b);
    BOOST_TEST(done == 0);
    shares.answered(second, b);
    BOOST_TEST(done == 1);
    shares.left(c);
    BOOST_TEST(done == 1);
    shares.left(b);
    BOOST_TEST(done == 2);
    BOOST_TEST(shares.expire(now + 1h).empty());
    BOOST_TEST(done == 2);
  }

  BOOST_AUTO_TEST_CASE(who_does_not_answer_holds_nothing_up_for_long) {
    bundle_shares shares;
    int done = 0;
    const time_point now{1h};
    const auto first = shares.begin({a, b}, now, [&] { ++done; });
    shares.begin({a}, now + 1s, [&] { ++done; });
    shares.answered(first, a);
    BOOST_TEST(shares.expire(now + bundle_shares::patience - 1ns).empty());
    BOOST_TEST((shares.expire(now + bundle_shares::patience)
                == std::set<node_name>{b}));
    BOOST_TEST(done == 1);
    BOOST_TEST(!shares.expire(now + 1h).empty());
    BOOST_TEST(done == 2);
    for (size_t i = 0; i < bundle_shares::max_open + 5; ++i)
      shares.begin({a}, now, [&] { ++done; });
    BOOST_TEST(done == 7);
  }

BOOST_AUTO_TEST_SUITE_END()
