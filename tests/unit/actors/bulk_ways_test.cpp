// Who gets a bulk connection, and what goes by it.
#include "actors/link/bulk_ways.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

struct fake_bulk final : bulk_links {
  void serve(std::optional<handlers>) override {}
  void want(const bulk_peer& peer) override { wanted.push_back(peer); }
  void forget(const node_name&) override {}
  bool carries(const node_name&) const override { return stands; }
  bool send(const node_name&, bulk_topic, std::string message) override {
    sent.push_back(std::move(message));
    return !full;
  }
  bool stands = true, full = false;
  std::vector<bulk_peer> wanted;
  std::vector<std::string> sent;
};

const node_name edge{"edge-1"};

wire::message chunk(size_t size) {
  wire::bundle_chunk made;
  made.total = 1'000'000;
  made.bytes.assign(size, 'x');
  return made;
}

size_t size_of(const wire::message& what) {
  return std::get<wire::bundle_chunk>(what).bytes.size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(bulk_ways_test)

BOOST_AUTO_TEST_CASE(parts_of_bundles_go_by_bulk_as_they_are) {
  fake_bulk bulk;
  auto what = chunk(200'000);
  BOOST_TEST(answer_by_bulk(&bulk, edge, what));
  BOOST_REQUIRE(bulk.sent.size() == 1u);
  const auto back = wire::decode_message(bulk.sent[0]);
  BOOST_REQUIRE(back);
  BOOST_TEST(size_of(*back) == 200'000u);
}

BOOST_AUTO_TEST_CASE(without_a_connection_they_are_cut_for_the_link) {
  fake_bulk bulk;
  bulk.stands = false;
  for (auto* ways : {static_cast<bulk_links*>(&bulk),
                     static_cast<bulk_links*>(nullptr)}) {
    auto what = chunk(200'000);
    BOOST_TEST(!answer_by_bulk(ways, edge, what));
    BOOST_TEST(size_of(what) == pull_window::chunk_bytes);
  }
  BOOST_TEST(bulk.sent.empty());
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_does_not_burden_the_link) {
  fake_bulk bulk;
  bulk.full = true;
  auto what = chunk(200'000);
  BOOST_TEST(answer_by_bulk(&bulk, edge, what));
}

BOOST_AUTO_TEST_CASE(all_else_goes_over_the_link) {
  fake_bulk bulk;
  wire::message what = wire::goodbye{"bye"};
  BOOST_TEST(!answer_by_bulk(&bulk, edge, what));
  BOOST_TEST(bulk.sent.empty());
}

BOOST_AUTO_TEST_CASE(who_dialled_the_link_dials_bulk) {
  fake_bulk bulk;
  known_link link;
  link.hello.node = edge;
  link.hello.boot = boot_id{"b"};
  link.protocol = wire::protocol_with_bulk;
  const std::vector<node_endpoint> join{{"one", 1}, {"two", 2}};
  want_bulk(&bulk, link, join);
  link.dialled = 1;
  want_bulk(&bulk, link, join);
  BOOST_REQUIRE(bulk.wanted.size() == 2u);
  BOOST_TEST(bulk.wanted[0].address.empty());
  BOOST_TEST(bulk.wanted[1].address == "two:2");
  BOOST_TEST(bulk.wanted[1].boot.str() == "b");
}

BOOST_AUTO_TEST_CASE(a_peer_of_the_protocol_before_gets_none) {
  fake_bulk bulk;
  known_link link;
  link.protocol = wire::protocol_with_bulk - 1;
  want_bulk(&bulk, link, {});
  want_bulk(nullptr, link, {});
  BOOST_TEST(bulk.wanted.empty());
}

BOOST_AUTO_TEST_SUITE_END()
