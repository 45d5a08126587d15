// Whatever a worker process writes into the memory that it shares with its
// node, the node reads an answer within bounds or an error. Inputs: the corpus
// and seeded mutations of it. PETREL_FUZZ_SEED and PETREL_FUZZ_ROUNDS override
// the defaults.
#include "functions/isolated/channel/channel.hpp"
#include "functions/isolated/channel/message.hpp"
#include "functions/native/header_rules.hpp"
#include "libfaas/core/random.hpp"
#include "tests/fuzz/inputs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <unistd.h>

using namespace faas;
using namespace faas::isolated;

namespace {

constexpr uint64_t max_body = 50'000;

std::string mutated(std::string text, random_source& random) {
  for (uint64_t i = 0; i <= random.below(4); ++i) {
    const auto at = text.empty() ? 0 : random.below(text.size());
    switch (random.below(5)) {
    case 0:
      if (!text.empty())
        text[at] = static_cast<char>(random.next());
      break;
    case 1: text.insert(at, 1, static_cast<char>(random.next())); break;
    case 2: text.erase(at, random.below(8)); break;
    case 3: // a size that is none
      for (size_t k = at; k < std::min(at + 8, text.size()); ++k)
        text[k] = static_cast<char>(random.below(2) == 0 ? 0xff : 0);
      break;
    default: text.insert(at, text.substr(at, random.below(40))); break;
    }
  }
  return text;
}

/// An answer that was let through holds what the rest of the node relies on.
void check(const result<worker_reply>& read) {
  if (!read) {
    BOOST_REQUIRE((read.error().code == errc::function_failed));
    BOOST_REQUIRE(!read.error().message.empty());
    return;
  }
  const auto& answer = read->answer;
  BOOST_REQUIRE(read->body_bytes <= max_body);
  BOOST_REQUIRE(answer.status >= 200);
  BOOST_REQUIRE(answer.status <= 599);
  BOOST_REQUIRE(static_cast<size_t>(answer.code) < errc_count);
  BOOST_REQUIRE(answer.message.size() <= error_bytes);
  for (const auto& header : answer.headers) {
    BOOST_REQUIRE(native::is_header_name(header.name));
    BOOST_REQUIRE(native::is_header_value(header.value));
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(isolated_fuzz_test)

  BOOST_AUTO_TEST_CASE(heads_of_any_bytes_are_read_or_refused) {
    const auto seed = test::setting("PETREL_FUZZ_SEED", 11);
    BOOST_TEST_MESSAGE("seed " << seed);
    random_source random{seed};
    const auto inputs = test::corpus("isolated");
    BOOST_REQUIRE(!inputs.empty());
    size_t good = 0;
    for (const auto& bytes : inputs) {
      check(unpack_reply(bytes, max_body));
      good += unpack_reply(bytes, max_body) ? 1 : 0;
    }
    BOOST_TEST(good > 0u);
    for (uint64_t i = 0; i < test::setting("PETREL_FUZZ_ROUNDS", 50'000); ++i) {
      const auto bytes = mutated(inputs[random.below(inputs.size())], random);
      check(unpack_reply(bytes, max_body));
      kind_of(bytes); // for the worker: no more than no crash
      unpack_call(bytes);
      unpack_create(bytes);
      unpack_proceed(bytes);
    }
  }

  BOOST_AUTO_TEST_CASE(words_of_any_value_are_checked) {
    random_source random{test::setting("PETREL_FUZZ_SEED", 11)};
    auto memory = segment::make(max_body);
    BOOST_REQUIRE(memory);
    auto its = segment::open(::dup(memory->fd()));
    BOOST_REQUIRE(its);
    node_end node{*memory};
    const auto now = std::chrono::steady_clock::now();
    const auto inputs = test::corpus("isolated");
    uint32_t number = 0;
    for (uint64_t i = 0; i < test::setting("PETREL_FUZZ_ROUNDS", 5'000); ++i) {
      BOOST_REQUIRE(node.ask("head", "body"));
      ++number;
      const auto bytes = mutated(inputs[random.below(inputs.size())], random);
      std::copy_n(bytes.data(), std::min(bytes.size(), size_t{100'000}),
                  its->answer_head().data());
      auto& words = its->words();
      words.answered_head.store(
        random.below(2) == 0 ? static_cast<uint32_t>(random.next())
                             : static_cast<uint32_t>(bytes.size()));
      words.taken.store(static_cast<uint32_t>(random.next()));
      words.answered.store(random.below(3) == 0
                             ? static_cast<uint32_t>(random.next())
                             : number);
      if (node.wait(now) == wait_result::answered)
        if (const auto head = node.answer_head()) {
          const auto read = unpack_reply(*head, max_body);
          check(read);
          if (read)
            BOOST_REQUIRE(node.answer_body(read->body_bytes).size()
                          == read->body_bytes);
        }
      words.answered.store(number); // as the next question finds it
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
