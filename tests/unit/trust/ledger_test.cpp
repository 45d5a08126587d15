#include "libfaas/trust/ledger.hpp"

#include "libfaas/trust/rules.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::trust;

namespace {

const wall_time now{std::chrono::hours{400'000}};
const node_name edge{"edge-1"}, other{"edge-2"};

digest of(uint8_t fill) {
  digest made;
  made.bytes.fill(fill);
  return made;
}

certificate_entry certificate(std::string serial, node_name node, digest key) {
  return {std::move(serial), std::move(node), key, now + 1h, false, "PEM",
          false};
}

struct with_token {
  with_token() {
    BOOST_REQUIRE(book.add_token({of(1), "edge", now + 1h, ""}, now));
  }
  errc code(const digest& secret, const digest& key, const node_name& node,
            wall_time at = now) {
    const auto got = book.look_up(secret, key, node, at);
    return got ? errc::ok : got.error().code;
  }
  ledger book;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_test, with_token)

BOOST_AUTO_TEST_CASE(an_unused_token_gives_a_new_certificate_and_its_tier) {
  const auto got = book.look_up(of(1), of(9), edge, now);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->tier == "edge");
  BOOST_TEST(got->pem.empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_secret_gives_nothing) {
  BOOST_TEST((code(of(2), of(9), edge) == errc::unauthorized));
}

BOOST_AUTO_TEST_CASE(a_used_token_gives_the_same_again_to_the_same_key_only) {
  book.use(of(1), certificate("0a", edge, of(9)));
  const auto again = book.look_up(of(1), of(9), edge, now);
  BOOST_REQUIRE(again);
  BOOST_TEST(again->pem == "PEM");
  BOOST_TEST((code(of(1), of(8), edge) == errc::unauthorized));
  BOOST_TEST((code(of(1), of(9), other) == errc::conflict));
  // Also after the token's own end: the answer may have been lost for long.
  BOOST_TEST((code(of(1), of(9), edge, now + 2h) == errc::ok));
  BOOST_REQUIRE(book.revoke(edge, now));
  BOOST_TEST((code(of(1), of(9), edge) == errc::forbidden));
}

BOOST_AUTO_TEST_CASE(an_expired_token_gives_nothing) {
  BOOST_TEST((code(of(1), of(9), edge, now + 1h + clock_skew) == errc::ok));
  BOOST_TEST((code(of(1), of(9), edge, now + 1h + clock_skew + 1s)
              == errc::forbidden));
}

BOOST_AUTO_TEST_CASE(a_name_belongs_to_one_key_until_revoked_or_expired) {
  BOOST_REQUIRE(book.record(certificate("0a", edge, of(9)), now));
  BOOST_TEST((code(of(1), of(8), edge) == errc::conflict));
  BOOST_TEST((code(of(1), of(9), edge) == errc::ok));
  BOOST_TEST((code(of(1), of(8), other) == errc::ok));
  BOOST_REQUIRE(book.revoke(edge, now));
  BOOST_TEST((code(of(1), of(8), edge) == errc::ok));
}

BOOST_AUTO_TEST_CASE(revoking_names_all_serials_of_the_node) {
  BOOST_REQUIRE(book.record(certificate("0a", edge, of(9)), now));
  BOOST_REQUIRE(book.record(certificate("0b", edge, of(9)), now));
  BOOST_REQUIRE(book.record(certificate("0c", other, of(7)), now));
  BOOST_REQUIRE(book.revoke(edge, now));
  BOOST_TEST((book.revoked()
              == taken_serials{{"0a", taken_back::revoked},
                               {"0b", taken_back::revoked}}));
  BOOST_TEST(!book.revoke(edge, now));
  BOOST_TEST(!book.revoke(node_name{"nobody"}, now));
}

BOOST_AUTO_TEST_CASE(a_removed_node_is_forgotten_and_its_serials_are_not) {
  BOOST_REQUIRE(book.record(certificate("0a", edge, of(9)), now));
  BOOST_REQUIRE(book.record(certificate("0c", other, of(7)), now));
  BOOST_REQUIRE(book.keep(edge, {node_duty::drained, {}}));
  BOOST_REQUIRE(book.revoke(edge, now)); // what was revoked is removed, too
  BOOST_REQUIRE(book.remove(edge));
  BOOST_TEST((book.revoked() == taken_serials{{"0a", taken_back::removed}}));
  BOOST_TEST(book.nodes.empty());
  BOOST_TEST((code(of(1), of(8), edge) == errc::ok)); // the name is free
  const auto unknown = book.remove(node_name{"nobody"});
  BOOST_REQUIRE(!unknown);
  BOOST_TEST((unknown.error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(duties_are_kept_until_a_node_is_active_again) {
  const node_entry cordoned{node_duty::cordoned, {{function_name{"f"}, 2}}};
  BOOST_REQUIRE(book.keep(edge, cordoned));
  BOOST_TEST((book.nodes == node_entries{{edge, cordoned}}));
  BOOST_REQUIRE(book.keep(edge, {}));
  BOOST_TEST(book.nodes.empty());
  for (size_t i = 0; i < ledger::max_certificates; ++i)
    BOOST_REQUIRE(book.keep(node_name{"n" + std::to_string(i)}, cordoned));
  BOOST_TEST(!book.keep(edge, cordoned));
  BOOST_TEST(bool{book.keep(node_name{"n0"}, {node_duty::drained, {}})});
}

BOOST_AUTO_TEST_CASE(tokens_and_certificates_are_bounded) {
  for (size_t i = 1; i < ledger::max_open_tokens; ++i)
    BOOST_REQUIRE(book.add_token({of(3), "", now + 1h, ""}, now));
  const auto full = book.add_token({of(4), "", now + 1h, ""}, now);
  BOOST_REQUIRE(!full);
  BOOST_TEST((full.error().code == errc::overloaded));
  BOOST_TEST(bool{book.add_token({of(4), "", now + 9h, ""}, now + 2h)});
  for (size_t i = 0; i < ledger::max_certificates; ++i)
    BOOST_REQUIRE(book.record(certificate("0a", edge, of(9)), now));
  BOOST_TEST(!book.record(certificate("0b", edge, of(9)), now));
  BOOST_TEST(bool{book.record(certificate("0b", edge, of(9)),
                              now + std::chrono::hours{24 * 60})});
  BOOST_TEST(book.certificates.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
