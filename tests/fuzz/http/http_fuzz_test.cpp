// Replays the corpus, and mutations of it, through the HTTP parser.
#include "gateway/http/request_parser.hpp"
#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

using namespace faas::http;

namespace {

struct count_bytes final : body_sink {
  bool piece(std::string_view bytes) override {
    size += bytes.size();
    return size <= 4096;
  }
  size_t size = 0;
};

std::map<std::string, std::string> corpus() {
  const auto* source = std::getenv("PETREL_SOURCE");
  const auto folder
    = std::filesystem::path{source ? source : "."} / "tests/fuzz/http/corpus";
  std::map<std::string, std::string> files;
  for (const auto& file : std::filesystem::directory_iterator{folder}) {
    std::ifstream in{file.path(), std::ios::binary};
    files[file.path().stem()]
      = std::string{std::istreambuf_iterator<char>{in}, {}};
  }
  return files;
}

/// Parses all of it as one stream, `step` bytes at a time; returns the number
/// of whole requests and how the last one ended. Memory is exact, so that a
/// sanitizer sees each byte too many.
std::pair<int, parse_status> replay(std::string_view text, size_t step) {
  auto parser = make_beast_parser(1024);
  size_t begin = 0, have = 0;
  int whole = 0;
  bool in_body = false;
  for (;;) {
    const std::vector<char> bytes(text.begin() + begin, text.begin() + have);
    const std::string_view view{bytes.data(), bytes.size()};
    size_t used = 0;
    count_bytes sink;
    const auto status = in_body ? parser->parse_body(view, used, sink)
                                : parser->parse_head(view, used);
    BOOST_REQUIRE(used <= view.size());
    begin += used;
    if (status == parse_status::done && !in_body && parser->head().has_body) {
      in_body = true;
    } else if (status == parse_status::done) {
      in_body = false;
      ++whole;
      parser->next();
    } else if (status != parse_status::need_more || have == text.size()) {
      return {whole, status};
    } else {
      have = std::min(text.size(), have + step);
    }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_fuzz_test)

  BOOST_AUTO_TEST_CASE(the_corpus_is_judged_the_same_in_any_pieces) {
    const auto files = corpus();
    BOOST_REQUIRE(files.size() >= 10u);
    for (const auto& [name, text] : files) {
      const auto whole = replay(text, text.size());
      // A bare LF may be seen at once or wait for a CR that never comes (408
      // then); it is never a request.
      const auto late = name == "bare_lf";
      for (size_t step = 1; step < text.size(); step += 3) {
        const auto seen = replay(text, step);
        BOOST_TEST((late ? seen.first == 0 && whole.first == 0 : seen == whole),
                   name << " by " << step);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(good_requests_pass_and_bad_ones_do_not) {
    const auto files = corpus();
    for (const auto name : {"get", "post", "chunked", "trailer_length"})
      BOOST_TEST(replay(files.at(name), 9999).first == 1, name);
    for (const auto name : {"length_and_coding", "two_lengths", "folded",
                            "tls_hello", "huge_chunk", "nul"})
      BOOST_TEST(
        (replay(files.at(name), 9999).second == parse_status::malformed), name);
  }

  BOOST_AUTO_TEST_CASE(mutations_and_mixtures_never_crash) {
    constexpr uint64_t seed = 20261122;
    BOOST_TEST_MESSAGE("seed " << seed);
    faas::random_source random{seed};
    std::vector<std::string> texts;
    for (const auto& [name, text] : corpus())
      texts.push_back(text);
    int requests = 0;
    for (int i = 0; i < 20'000; ++i) {
      auto text = texts[random.below(texts.size())];
      if (random.below(2))
        text += texts[random.below(texts.size())];
      for (auto n = random.below(6); n > 0 && !text.empty(); --n) {
        const auto at = random.below(text.size());
        switch (random.below(4)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, 1 + random.below(10));
          break;
        case 2:
          text.insert(at, text.substr(random.below(text.size()), 12));
          break;
        default:
          text.resize(at);
        }
      }
      requests += replay(text, 1 + random.below(60)).first;
    }
    BOOST_TEST(requests > 1000);
  }

  BOOST_AUTO_TEST_SUITE_END()
