#include "libfaas/wire/messages.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

wire::hello node(std::string name, uint32_t low = 1, uint32_t high = 1) {
  wire::hello made;
  made.min_protocol = low;
  made.max_protocol = high;
  made.node = node_name{std::move(name)};
  made.boot = boot_id{"boot-of-" + made.node.str()};
  made.cluster = "factory";
  return made;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(messages_test)

  BOOST_AUTO_TEST_CASE(the_highest_common_protocol_is_spoken) {
    const auto same = wire::accept(node("a"), node("b"));
    BOOST_REQUIRE(same);
    BOOST_TEST(same->protocol == 1u);
    BOOST_TEST(same->node.str() == "a");
    BOOST_TEST(same->boot.str() == "boot-of-a");
    BOOST_TEST(wire::accept(node("a", 1, 2), node("b", 2, 5))->protocol == 2u);
    BOOST_TEST(wire::accept(node("a", 1, 4), node("b", 1, 3))->protocol == 3u);
  }

  BOOST_AUTO_TEST_CASE(a_peer_of_another_protocol_is_refused_with_both_ranges) {
    for (const auto& peer :
         {node("b", 4, 5), node("b", 0, 0), node("b", 3, 2)}) {
      const auto got = wire::accept(node("a", 1, 3), peer);
      if (peer.min_protocol == 3) {
        BOOST_TEST(!got); // an empty range
        continue;
      }
      BOOST_REQUIRE(!got);
      BOOST_TEST((got.error().code == errc::incompatible_peer));
      BOOST_TEST(contains(got.error().message, "1 to 3"));
      BOOST_TEST(contains(got.error().message,
                          std::to_string(peer.min_protocol) + " to "));
      BOOST_TEST(!got.error().next_step.empty());
    }
  }

  BOOST_AUTO_TEST_CASE(the_one_before_is_spoken_and_the_one_before_it_not) {
    constexpr auto now = wire::max_protocol;
    const auto us = node("a", wire::min_protocol, now);
    static_assert(wire::min_protocol + 1 == now, "N and N-1");
    BOOST_TEST(wire::accept(us, node("b", 1, now - 1))->protocol == now - 1);
    BOOST_TEST(wire::accept(node("a", 1, now - 1), node("b", 1, now))->protocol
               == now - 1);
    BOOST_TEST(wire::accept(us, node("b", 1, now + 1))->protocol == now);
    auto old = node("b", now - 2, now - 2);
    old.software = "0.0.9\n";
    const auto refused = wire::accept(us, old);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(contains(refused.error().message, "node b (Petrel 0.0.9?)"));
    BOOST_TEST(contains(refused.error().next_step, "upgrade b first"));
    // Seen from the old node it is itself that is to be upgraded.
    BOOST_TEST(contains(wire::accept(old, us).error().next_step,
                        "upgrade b first"));
  }

  BOOST_AUTO_TEST_CASE(a_peer_that_cannot_be_a_member_is_refused) {
    auto other_cluster = node("b");
    other_cluster.cluster = "office";
    BOOST_TEST(
      (wire::accept(node("a"), other_cluster).error().code == errc::forbidden));
    BOOST_TEST(
      (wire::accept(node("a"), node("a")).error().code == errc::conflict));
    BOOST_TEST((wire::accept(node("a"), node("../b")).error().code
                == errc::invalid_argument));
    auto no_boot = node("b");
    no_boot.boot = {};
    BOOST_TEST((wire::accept(node("a"), no_boot).error().code
                == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_SUITE_END()
