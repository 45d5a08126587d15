// The key of the secrets, on its way from one controller to the others.
#include "registry/redis/shared_secret_key.hpp"
#include "registry/sealed/key_file.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;

namespace {

constexpr const char* redis_key = "petrel:secret-key";

struct key_world {
  key_world() { BOOST_REQUIRE(file_of_cluster_key(folder / "cluster").make()); }

  std::filesystem::path file(const std::string& node) const {
    return folder / node;
  }
  result<void> share(const std::string& node, bool may_make = true,
                     const std::string& cluster = "cluster") {
    shared_key_options options;
    options.client = server.client();
    options.cluster_key = folder / cluster;
    options.key_file = file(node);
    return share_secret_key(options, clock, ++seed, may_make);
  }
  std::string id(const std::string& node) const {
    const auto key = file_of_secret_key(file(node)).load();
    BOOST_REQUIRE_MESSAGE(key, (key ? "" : key.error().to_string()));
    return key->id();
  }
  static errc code(const result<void>& of) {
    return of ? errc::ok : of.error().code;
  }

  redis_server server;
  scratch_folder folder;
  system_clock_source clock;
  uint64_t seed = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shared_key_test, key_world)

  BOOST_AUTO_TEST_CASE(the_first_makes_it_and_the_others_get_it) {
    BOOST_TEST((code(share("n1")) == errc::ok));
    BOOST_TEST((code(share("n2", false)) == errc::ok));
    BOOST_TEST(id("n2") == id("n1"));
    struct stat facts {};
    BOOST_REQUIRE(::stat(file("n2").c_str(), &facts) == 0);
    BOOST_TEST((facts.st_mode & 0777) == 0600u);
    BOOST_TEST((code(share("n1")) == errc::ok)); // at each start
    BOOST_TEST((code(share("n2")) == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(redis_has_it_sealed_only) {
    BOOST_TEST((code(share("n1")) == errc::ok));
    const auto kept = server.ask({"GET", redis_key}).text;
    BOOST_TEST(!kept.empty());
    const auto key = file_of_secret_key(file("n1")).load();
    BOOST_REQUIRE(key);
    const auto bytes = key->bytes();
    BOOST_TEST((std::search(kept.begin(), kept.end(), bytes.begin(),
                            bytes.end(),
                            [](char a, uint8_t b) {
                              return static_cast<uint8_t>(a) == b;
                            })
                == kept.end()));
    std::ifstream in{file("n1")};
    std::string hex;
    BOOST_REQUIRE(std::getline(in, hex));
    BOOST_TEST(kept.find(hex.substr(0, 16)) == kept.npos);
  }

  BOOST_AUTO_TEST_CASE(one_that_is_there_already_becomes_the_clusters) {
    const auto made = file_of_secret_key(file("n1")).load_or_make();
    BOOST_REQUIRE(made);
    BOOST_TEST((code(share("n1", false)) == errc::ok));
    BOOST_TEST((code(share("n2", false)) == errc::ok));
    BOOST_TEST(id("n2") == made->id());
    // Redis was emptied: it is put back.
    server.ask({"FLUSHALL"});
    BOOST_TEST((code(share("n2", false)) == errc::ok));
    BOOST_TEST((code(share("n3", false)) == errc::ok));
    BOOST_TEST(id("n3") == made->id());
  }

  BOOST_AUTO_TEST_CASE(another_key_is_refused_and_stays) {
    BOOST_TEST((code(share("n1")) == errc::ok));
    const auto other = file_of_secret_key(file("n2")).load_or_make();
    BOOST_REQUIRE(other);
    const auto refused = share("n2");
    BOOST_TEST((code(refused) == errc::conflict));
    BOOST_TEST(refused.error().next_step.find(redis_key) != std::string::npos);
    BOOST_TEST(id("n2") == other->id());
  }

  BOOST_AUTO_TEST_CASE(none_is_made_where_secrets_need_a_lost_one) {
    BOOST_TEST((code(share("n1", false)) == errc::ok));
    BOOST_TEST(!std::filesystem::exists(file("n1")));
    BOOST_TEST(server.ask({"EXISTS", redis_key}).number == 0);
  }

  BOOST_AUTO_TEST_CASE(without_the_clusters_key_nothing_is_given_or_taken) {
    BOOST_TEST((code(share("n1", true, "missing")) == errc::forbidden));
    BOOST_TEST((code(share("n1")) == errc::ok));
    BOOST_REQUIRE(file_of_cluster_key(folder / "other").make());
    BOOST_TEST((code(share("n2", true, "other")) == errc::forbidden));
    BOOST_TEST(!std::filesystem::exists(file("n2")));
    // One of another cluster, passed off as this one's.
    server.ask({"SET", redis_key, "x"});
    BOOST_TEST((code(share("n2")) == errc::forbidden));
    server.kill();
    BOOST_TEST((code(share("n2")) == errc::unavailable));
    BOOST_TEST(!std::filesystem::exists(file("n2")));
  }

BOOST_AUTO_TEST_SUITE_END()
