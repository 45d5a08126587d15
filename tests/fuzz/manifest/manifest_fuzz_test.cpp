// Every input ends in a value or an error, in bounded time and memory. Inputs:
// the corpus, and seeded mutations of it. PETREL_FUZZ_SEED and
// PETREL_FUZZ_ROUNDS override the defaults.
#include "libfaas/core/random.hpp"
#include "libfaas/manifest/manifest.hpp"
#include "tests/fuzz/inputs.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::test;

namespace {

/// The message of a failure; empty for a success.
template <class T>
std::string why(const result<T>& r) {
  return r ? "" : r.error().message;
}

/// What a good spec says must come back the same through JSON.
void use(const std::string& text) {
  std::vector<std::string> warnings;
  const auto parsed = parse_manifest(
    text, [](std::string_view) { return std::optional<std::string>{"v"}; },
    &warnings);
  if (parsed) {
    for (const auto& spec : parsed->functions) {
      const auto json = to_json(spec);
      const auto back = spec_from_json(json);
      BOOST_REQUIRE_MESSAGE(back, why(back));
      BOOST_REQUIRE_EQUAL(to_json(*back), json);
    }
  } else {
    BOOST_REQUIRE(!parsed.error().message.empty());
  }
  if (const auto spec = spec_from_json(text))
    BOOST_REQUIRE(spec_from_json(to_json(*spec)));
}

std::string mutate(const std::vector<std::string>& texts,
                   random_source& random) {
  static constexpr std::string_view tokens[]
    = {"{",     "}",    "[",   "]",    "&a ",
       "*a",    "<<: ", "\n",  "  ",   ": ",
       "- ",    "? ",   "|\n", ">",    "\"",
       "'",     "${A",  "}",   "!!",   "---\n",
       "...\n", "#",    "\t",  "\xff", "99999999999999999999",
       ".nan",  "~",    "-1",  "%",    "@"};
  auto text = texts[random.below(texts.size())];
  for (auto edits = 1 + random.below(8); edits > 0; --edits) {
    const auto at = random.below(text.size() + 1);
    switch (random.below(5)) {
    case 0:
      text.insert(at, tokens[random.below(std::size(tokens))]);
      break;
    case 1:
      text.erase(at, random.below(16));
      break;
    case 2:
      if (at < text.size())
        text[at] = static_cast<char>(random.below(256));
      break;
    case 3: { // a piece of another text
      const auto& other = texts[random.below(texts.size())];
      text.insert(
        at, other.substr(random.below(other.size() + 1), random.below(64)));
      break;
    }
    default: // repeat a piece
      text.insert(at, text.substr(at, random.below(64)));
    }
  }
  return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(manifest_fuzz_test)

  BOOST_AUTO_TEST_CASE(the_corpus_does_no_harm) {
    const auto texts = corpus("manifest");
    BOOST_REQUIRE(texts.size() >= 6);
    for (const auto& text : texts)
      use(text);
  }

  BOOST_AUTO_TEST_CASE(mutations_do_no_harm) {
    const auto seed = setting("PETREL_FUZZ_SEED", 20261122);
    BOOST_TEST_MESSAGE("seed " << seed);
    random_source random{seed};
    const auto texts = corpus("manifest");
    const auto rounds = setting("PETREL_FUZZ_ROUNDS", 3000);
    for (uint64_t i = 0; i < rounds; ++i) {
      const auto text = mutate(texts, random);
      BOOST_TEST_INFO("seed " << seed << " round " << i << ": " << text);
      use(text);
    }
  }

  BOOST_AUTO_TEST_CASE(every_prefix_does_no_harm) {
    for (const auto& text : corpus("manifest"))
      for (size_t length = 0; length < text.size(); ++length)
        use(text.substr(0, length));
  }

  BOOST_AUTO_TEST_SUITE_END()
