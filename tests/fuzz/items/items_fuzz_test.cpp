// Archives and forms of any kind: counting is right for the corpus, and for what
// is made of it never reads beyond the body nor counts more than fits. A file's
// first line is the content type, its name begins with the items in it.
#include "libfaas/event/items.hpp"
#include "tests/fuzz/inputs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <memory>

using namespace faas;

namespace {

/// In memory of the exact size, so that a sanitizer sees each byte too many.
size_t count(const std::string& file) {
  const auto line = std::min(file.find('\n'), file.size());
  const auto begin = std::min(line + 1, file.size());
  const auto size = file.size() - begin;
  const std::unique_ptr<char[]> body{new char[size]};
  std::memcpy(body.get(), file.data() + begin, size);
  return count_items(file.substr(0, line), {body.get(), size});
}

} // namespace

BOOST_AUTO_TEST_SUITE(items_fuzz_test)

  BOOST_AUTO_TEST_CASE(the_corpus_has_what_its_names_say) {
    const auto* source = std::getenv("PETREL_SOURCE");
    const auto folder = std::filesystem::path{source ? source : "."}
                        / "tests/fuzz/items/corpus";
    size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator{folder}) {
      const auto name = file.path().filename().string();
      std::stringstream text;
      text << std::ifstream{file.path(), std::ios::binary}.rdbuf();
      BOOST_TEST_CONTEXT(name)
        BOOST_TEST(count(text.str()) == std::stoul(name));
      ++files;
    }
    BOOST_TEST(files > 15u);
  }

  BOOST_AUTO_TEST_CASE(mutations_are_counted_within_reason) {
    const auto seed = test::setting("PETREL_FUZZ_SEED", 1);
    const auto rounds = test::setting("PETREL_FUZZ_ROUNDS", 2000);
    BOOST_TEST_MESSAGE("seed " << seed);
    random_source random{seed};
    for (const auto& text : test::corpus("items"))
      for (uint64_t i = 0; i < rounds; ++i) {
        const auto made = test::mutated(text, random);
        BOOST_REQUIRE(count(made) <= made.size());
      }
  }

  BOOST_AUTO_TEST_SUITE_END()
