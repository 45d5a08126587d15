#include "registry/sealed/seal.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;

namespace {

struct sealed_world {
  scratch_folder folder;
  symmetric_key one = *file_of_cluster_key(folder / "one").make();
  symmetric_key two = *file_of_cluster_key(folder / "two").make();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sealed_test, sealed_world)

  BOOST_AUTO_TEST_CASE(what_was_sealed_opens_with_the_same_key_and_name) {
    for (const std::string plain : {"", "x", "a secret of some length"}) {
      const auto sealed = seal(one, "what", plain);
      BOOST_REQUIRE(sealed);
      BOOST_TEST(sealed->size() == plain.size() + 28);
      if (plain.size() > 8) // a byte may be there by chance
        BOOST_TEST(sealed->find(plain) == std::string::npos);
      const auto back = unseal(one, "what", *sealed);
      BOOST_REQUIRE(back);
      BOOST_TEST((back->view() == plain));
    }
    std::set<std::string> different;
    for (int i = 0; i < 100; ++i)
      different.insert(*seal(one, "what", "same"));
    BOOST_TEST(different.size() == 100u);
  }

  BOOST_AUTO_TEST_CASE(another_key_name_or_byte_is_refused) {
    const auto sealed = *seal(one, "what", "a secret");
    const auto refused = [&](const symmetric_key& key, std::string_view what,
                             std::string_view text) {
      const auto opened = unseal(key, what, text);
      return !opened && opened.error().code == errc::forbidden;
    };
    BOOST_TEST(refused(two, "what", sealed));
    BOOST_TEST(refused(one, "that", sealed));
    BOOST_TEST(refused(one, "", sealed));
    for (size_t i = 0; i < sealed.size(); ++i) {
      auto changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      BOOST_TEST(refused(one, "what", changed));
      BOOST_TEST(refused(one, "what", sealed.substr(0, i)));
    }
    BOOST_TEST(refused(one, "what", sealed + "x"));
  }

BOOST_AUTO_TEST_SUITE_END()
