#include "libfaas/trust/rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::trust;

namespace {

const wall_time start{std::chrono::hours{400'000}};

certificate_facts edge() {
  return {"c1", {node_name{"edge-1"}, false}, "0a", start,
          start + std::chrono::hours{30}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(rules_test)

BOOST_AUTO_TEST_CASE(names_in_certificates_read_back) {
  for (const bool controller : {false, true}) {
    const peer_identity who{node_name{"edge-1"}, controller};
    std::string cluster;
    peer_identity read;
    BOOST_REQUIRE(
      parse_identity_uri(identity_uri("c1", who), cluster, read));
    BOOST_TEST(cluster == "c1");
    BOOST_TEST((read == who));
  }
}

BOOST_AUTO_TEST_CASE(other_names_are_no_identity) {
  std::string cluster;
  peer_identity who;
  for (const auto* uri :
       {"", "petrel://", "petrel://c1", "petrel://c1/node", "petrel://c1/node/",
        "petrel://c1/boss/x", "petrel:///node/x", "http://c1/node/x",
        "petrel://c1/node/UPPER", "petrel://c1/node/a/b"})
    BOOST_TEST(!parse_identity_uri(uri, cluster, who), uri);
}

BOOST_AUTO_TEST_CASE(a_valid_peer_of_the_cluster_is_admitted) {
  BOOST_TEST(bool{admit(edge(), "c1", {}, start)});
  BOOST_TEST(bool{
    admit(edge(), "c1", {{"0b", taken_back::revoked}}, edge().until)});
}

BOOST_AUTO_TEST_CASE(clocks_may_differ_by_minutes_not_by_more) {
  BOOST_TEST(bool{admit(edge(), "c1", {}, start - clock_skew)});
  BOOST_TEST(!admit(edge(), "c1", {}, start - clock_skew - 1s));
  BOOST_TEST(bool{admit(edge(), "c1", {}, edge().until + clock_skew)});
  const auto late = admit(edge(), "c1", {}, edge().until + clock_skew + 1s);
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.error().message.find("expired") != std::string::npos);
  BOOST_TEST(!late.error().next_step.empty());
}

BOOST_AUTO_TEST_CASE(other_clusters_and_revoked_peers_are_refused) {
  const auto foreign = admit(edge(), "c2", {}, start);
  BOOST_REQUIRE(!foreign);
  BOOST_TEST((foreign.error().code == errc::forbidden));
  const auto revoked
    = admit(edge(), "c1", {{"0a", taken_back::revoked}}, start);
  BOOST_REQUIRE(!revoked);
  BOOST_TEST(revoked.error().message.find("revoked") != std::string::npos);
  const auto removed
    = admit(edge(), "c1", {{"0a", taken_back::removed}}, start);
  BOOST_REQUIRE(!removed);
  BOOST_TEST((removed.error().code == errc::forbidden));
  BOOST_TEST(removed.error().message.find("removed from the cluster")
             != std::string::npos);
  BOOST_TEST(removed.error().next_step.find("node token")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(renewal_is_due_after_two_thirds) {
  BOOST_TEST(!due_for_renewal(edge(), start));
  BOOST_TEST(!due_for_renewal(edge(), start + std::chrono::hours{20} - 1s));
  BOOST_TEST(due_for_renewal(edge(), start + std::chrono::hours{20}));
}

BOOST_AUTO_TEST_CASE(a_peer_must_be_what_its_certificate_says) {
  const peer_identity node{node_name{"edge-1"}, false};
  const peer_identity boss{node_name{"edge-1"}, true};
  BOOST_TEST(contradiction(node.node, false, node).empty());
  BOOST_TEST(contradiction(node.node, false, boss).empty());
  BOOST_TEST(contradiction(node.node, true, boss).empty());
  BOOST_TEST(!contradiction(node.node, true, node).empty());
  BOOST_TEST(!contradiction(node_name{"edge-2"}, false, node).empty());
  BOOST_TEST(!contradiction(node.node, false, std::nullopt).empty());
}

BOOST_AUTO_TEST_SUITE_END()
