// The cluster's authority with its files: one token, one node, whatever breaks.
#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/authority.hpp"
#include "libfaas/trust/token.hpp"
#include "registry/trust/folder_trust_store.hpp"
#include "registry/trust/identity_files.hpp"
#include "tests/support/killed_child.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/wall_clock.hpp"

#include <boost/test/unit_test.hpp>

#include <latch>
#include <poll.h>
#include <sys/stat.h>
#include <thread>

using namespace faas;
using namespace std::chrono_literals;
using faas::test::wall_clock;
using faas::testing::killed_child;
using faas::testing::scratch_folder;

namespace {

/// The result's value, or the test ends with the error.
template <class T>
T must(result<T> got) {
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().to_string()));
  return std::move(*got);
}

struct founded {
  founded() { open(); }
  void open() {
    authority.reset();
    store.reset();
    store = must(registry::folder_trust_store::open(folder / "trust"));
    authority = must(tunnel::authority::open(*store, clock, "petrel"));
    authority->belongs_to(node_name{"cloud-1"});
  }
  std::string secret(duration life = 1h) {
    const auto text
      = must(authority->make_token("edge", life, {"127.0.0.1:1"})).text;
    const auto token = must(trust::join_token::parse(text));
    return {reinterpret_cast<const char*>(token.secret.data()),
            token.secret.size()};
  }
  static std::string request() {
    return must(tls::make_request(must(tls::make_key())));
  }
  result<tunnel::authority::grant> join(const std::string& secret,
                                        const std::string& request,
                                        const char* node = "edge-1") {
    return authority->join(secret, request, node_name{node});
  }

  scratch_folder folder{faas::testing::memory_folder()};
  wall_clock clock;
  std::unique_ptr<registry::folder_trust_store> store;
  std::unique_ptr<tunnel::authority> authority;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(authority_test, founded)

BOOST_AUTO_TEST_CASE(a_join_gives_a_certificate_that_fits_its_key) {
  const auto key = must(tls::make_key());
  const auto given = must(join(secret(), must(tls::make_request(key))));
  trust::node_identity made;
  made.cluster = given.cluster;
  made.self.node = node_name{"edge-1"};
  made.key = key;
  made.certificate = given.certificate;
  made.authority = given.authority;
  BOOST_TEST(bool{tls::check_identity(made)});
  BOOST_TEST(given.tier == "edge");
  made.key = must(tls::make_key());
  BOOST_TEST(!tls::check_identity(made));
}

BOOST_AUTO_TEST_CASE(the_cluster_is_the_same_after_a_restart) {
  const auto before = authority->cluster();
  BOOST_TEST(before.starts_with("petrel-"));
  const auto token = secret();
  open();
  BOOST_TEST(authority->cluster() == before);
  BOOST_TEST(bool{join(token, request())});
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_given_again_to_the_same_key_only) {
  const auto token = secret();
  const auto first = request();
  const auto given = must(join(token, first));
  open(); // killed between the use of the token and the answer
  BOOST_TEST(must(join(token, first)).certificate == given.certificate);
  const auto replayed = join(token, request(), "edge-2");
  BOOST_REQUIRE(!replayed);
  BOOST_TEST((replayed.error().code == errc::unauthorized));
}

BOOST_AUTO_TEST_CASE(of_nodes_with_one_token_at_one_moment_one_gets_in) {
  for (int round = 0; round < 10; ++round) {
    const auto token = secret();
    constexpr int count = 4;
    std::latch start{count};
    std::atomic<int> in{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back([&, i] {
        const auto asked = request();
        const auto node
          = "n" + std::to_string(round) + "-" + std::to_string(i);
        start.arrive_and_wait();
        in += bool{join(token, asked, node.c_str())};
      });
    for (auto& thread : threads)
      thread.join();
    BOOST_TEST(in == 1);
  }
}

BOOST_AUTO_TEST_CASE(expired_tokens_and_bad_requests_give_nothing) {
  const auto token = secret(10min);
  for (const auto* bad : {"", "-----BEGIN CERTIFICATE REQUEST-----\nx", "{}"})
    BOOST_TEST(!join(token, bad));
  BOOST_TEST(!join(token, std::string(100'000, 'x')));
  BOOST_TEST(!join(token, request(), "Not A Name"));
  BOOST_TEST(!join(std::string(20, 'x'), request()));
  clock.advance(15min + 1s);
  const auto late = join(token, request());
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.error().message.find("expired") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_request_must_be_signed_by_its_own_key) {
  auto forged = request();
  const auto at = forged.size() / 2; // in the base64 of the key or signature
  forged[at] = forged[at] == 'A' ? 'B' : 'A';
  BOOST_TEST(!join(secret(), forged));
}

BOOST_AUTO_TEST_CASE(renewal_goes_on_until_revoked_or_expired) {
  const auto given = must(join(secret(), request()));
  auto facts = must(tls::facts_of_pem(given.certificate));
  const auto renewed = must(authority->renew(facts, request()));
  const auto fresh = must(tls::facts_of_pem(renewed.certificate));
  BOOST_TEST((fresh.identity == facts.identity));
  BOOST_TEST(fresh.serial != facts.serial);
  BOOST_REQUIRE(authority->revoke(node_name{"edge-1"}));
  BOOST_TEST(authority->revoked()->size() == 2u);
  BOOST_TEST(!authority->renew(fresh, request()));
  open();
  BOOST_TEST(authority->revoked()->size() == 2u);
  BOOST_TEST(!authority->revoke(node_name{"cloud-1"}));
}

BOOST_AUTO_TEST_CASE(a_removed_node_is_forgotten_and_stays_out) {
  const auto given = must(join(secret(), request()));
  const auto facts = must(tls::facts_of_pem(given.certificate));
  const node_name edge{"edge-1"};
  const node_entry drained{node_duty::drained, {}};
  BOOST_REQUIRE(authority->keep(edge, drained));
  open();
  BOOST_TEST((authority->entries() == node_entries{{edge, drained}}));
  BOOST_REQUIRE(authority->remove(edge));
  BOOST_TEST(authority->entries().empty());
  open();
  BOOST_TEST((authority->revoked()->at(facts.serial)
              == trust::taken_back::removed));
  const auto refused = authority->renew(facts, request());
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message.find("removed") != std::string::npos);
  const auto own = authority->remove(node_name{"cloud-1"});
  BOOST_REQUIRE(!own);
  BOOST_TEST((own.error().code == errc::conflict));
  BOOST_TEST(!authority->remove(node_name{"nobody"}));
}

BOOST_AUTO_TEST_CASE(nothing_secret_is_readable_or_kept_in_clear) {
  const auto token = secret();
  for (const auto* name : {"authority.json", "ledger.json"}) {
    struct stat facts {};
    const auto file = folder / "trust" / name;
    BOOST_REQUIRE(::stat(file.c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 0777) == 0600u);
  }
  std::ifstream in{folder / "trust" / "ledger.json"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::string hex;
  for (const auto c : token) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  BOOST_TEST(text.find(hex) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(damaged_and_open_files_are_refused_with_what_to_do) {
  (void) secret();
  authority.reset();
  store.reset();
  const auto file = folder / "trust" / "ledger.json";
  ::chmod(file.c_str(), 0644);
  auto opened = registry::folder_trust_store::open(folder / "trust");
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == errc::forbidden));
  ::chmod(file.c_str(), 0600);
  for (const auto* text : {"", "{", "[]", "{\"version\":1}",
                           "{\"version\":1,\"tokens\":[{}],"
                           "\"certificates\":[]}"}) {
    std::ofstream{file} << text;
    auto damaged = registry::folder_trust_store::open(folder / "trust");
    BOOST_REQUIRE(!damaged);
    BOOST_TEST(!damaged.error().next_step.empty());
  }
  std::ofstream{file} << "{\"version\":2}";
  auto newer = registry::folder_trust_store::open(folder / "trust");
  BOOST_REQUIRE(!newer);
  BOOST_TEST(newer.error().message.find("version") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(identity_files_read_back_and_stay_private) {
  const registry::identity_files files{folder / "own"};
  BOOST_TEST(!must(files.load()));
  const auto made = must(authority->issue_own(node_name{"cloud-1"}));
  BOOST_REQUIRE(files.save(made));
  BOOST_TEST((*must(files.load()) == made));
  BOOST_REQUIRE(files.save_joining_key("KEY"));
  BOOST_TEST(must(files.joining_key()) == "KEY");
  files.forget_joining_key();
  BOOST_TEST(must(files.joining_key()).empty());
  ::chmod((folder / "own" / "identity.json").c_str(), 0640);
  BOOST_TEST(!files.load());
}

BOOST_AUTO_TEST_CASE(kill_9_loses_no_acknowledged_use_of_a_token) {
  authority.reset();
  store.reset();
  uint64_t all = 0;
  for (uint64_t round = 0; round < 10; ++round) {
    killed_child child{[&](const killed_child::report& report) {
      open();
      for (uint64_t i = 1;; ++i) {
        const auto node
          = "n" + std::to_string(round) + "-" + std::to_string(i);
        if (!join(secret(), request(), node.c_str()))
          return;
        report(i);
      }
    }};
    uint64_t acknowledged = 0;
    for (uint64_t wait = 0; wait <= round; ++wait)
      if (const auto number = child.next())
        acknowledged = *number;
    // Nothing waits for this pause: it only moves the point of the kill.
    ::poll(nullptr, 0, static_cast<int>(round % 3));
    BOOST_REQUIRE(child.kill());
    all += acknowledged;
    auto reopened = must(registry::folder_trust_store::open(folder / "trust"));
    const auto book = reopened->read();
    BOOST_TEST(book.certificates.size() >= all);
    all = book.certificates.size();
    size_t used = 0;
    for (const auto& token : book.tokens)
      if (!token.used_by.empty()) {
        ++used;
        BOOST_TEST(book.find(token.used_by) != nullptr);
      }
    BOOST_TEST(used == book.certificates.size());
  }
}

BOOST_AUTO_TEST_SUITE_END()
