// Bundles from several nodes: some lack them, go away, are silent or lie.
#include "actors/functions/bundle_pulls.hpp"
#include "tests/support/hand_clock.hpp"
#include "tests/support/memory_bundle_store.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

digest sum_of(std::string_view bytes) {
  digest made;
  for (size_t i = 0; i < bytes.size(); ++i)
    made.bytes[i % 32] = static_cast<uint8_t>(made.bytes[i % 32] * 31
                                              + static_cast<uint8_t>(bytes[i]));
  return made;
}

struct remote {
  std::string bytes; ///< empty: it has nothing
  bool silent = false, connected = true;
  bool bulk = false;  ///< its answers come by bulk, as the asker sees it
  bool knows = true;  ///< and it does, too
  size_t asked = 0;
};

struct fixture {
  faas::testing::memory_bundle_store store;
  hand_clock clock;
  std::map<std::string, remote> nodes;
  std::deque<std::pair<std::string, wire::bundle_chunk>> answers;
  std::string content;
  digest id;
  std::optional<result<std::filesystem::path>> outcome;
  std::optional<error> no_room;
  uint64_t room_asked = 0;
  std::vector<std::string> log;
  std::optional<bundle_pulls> pulls;

  fixture() {
    for (int i = 0; i < 300'000; ++i)
      content += static_cast<char>(i * 7 + i / 1000);
    id = sum_of(content);
    store.hash = sum_of;
    pull_deps deps;
    deps.store = &store;
    deps.clock = &clock;
    deps.make_room = [this](const digest&, uint64_t need) {
      room_asked = need;
      return no_room ? result<void>{*no_room} : result<void>{};
    };
    deps.pulled = [](const digest&, duration) {};
    deps.log = [this](std::string line) { log.push_back(std::move(line)); };
    pulls.emplace(std::move(deps));
  }
  void add(const std::string& name, std::string bytes) {
    nodes[name].bytes = std::move(bytes);
  }
  void connect() {
    bundle_peers all;
    int rtt = 1;
    for (auto& [name, node] : nodes) {
      if (!node.connected)
        continue;
      bundle_peer peer;
      peer.node = node_name{name};
      peer.rtt = [rtt] { return duration{rtt}; };
      ++rtt; // by name: a is nearest
      peer.ask = [this, name = name](const wire::bundle_request& request) {
        return answer(name, request);
      };
      peer.by_bulk = [this, name = name] { return nodes.at(name).bulk; };
      all.peers.push_back(std::move(peer));
    }
    pulls->peers(all);
  }
  bool answer(const std::string& name, const wire::bundle_request& request) {
    auto& node = nodes.at(name);
    if (!node.connected)
      return false;
    ++node.asked;
    if (node.silent)
      return true;
    wire::bundle_chunk chunk;
    chunk.bundle = request.bundle;
    chunk.offset = request.offset;
    chunk.total = node.bytes.size();
    if (node.bytes.empty())
      chunk.why = {errc::not_found, "it has no such bundle"};
    else if (request.offset < node.bytes.size())
      chunk.bytes = node.bytes.substr(
        request.offset, node.bulk && node.knows
                          ? request.length
                          : std::min(request.length, pull_window::chunk_bytes));
    answers.emplace_back(name, std::move(chunk));
    return true;
  }
  void want(std::shared_ptr<pull_progress> progress = {}) {
    outcome.reset();
    // The test's store gives folders only where it was told to.
    pulls->want(id, [this](auto got) { outcome = std::move(got); }, {},
                std::move(progress));
  }
  void deliver(size_t most = 10'000) {
    for (size_t n = 0; n < most && !answers.empty(); ++n) {
      auto [from, chunk] = std::move(answers.front());
      answers.pop_front();
      pulls->arrived(node_name{from}, chunk);
    }
  }
  /// The store believed the bytes; unpacking is not its business here.
  bool arrived() const {
    return outcome && pulls->idle() && store.has(id)
           && *store.read(id, 0, content.size()) == content;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(bundle_pulls_test, fixture)

  BOOST_AUTO_TEST_CASE(the_nearest_that_has_it_gives_it) {
    add("a", "");
    add("b", content);
    add("c", content);
    connect();
    want();
    deliver();
    BOOST_TEST(arrived());
    BOOST_TEST(nodes["a"].asked == 1u);
    BOOST_TEST(nodes["c"].asked == 0u);
    BOOST_TEST(room_asked == content.size());
  }

  BOOST_AUTO_TEST_CASE(it_tells_how_far_it_is) {
    const auto seen = std::make_shared<pull_progress>();
    add("a", content);
    connect();
    want(seen);
    const auto began = clock.t;
    BOOST_TEST(!seen->known);
    clock.t += 50ms;
    deliver(2);
    BOOST_TEST(seen->known);
    BOOST_TEST(seen->got == 2 * pull_window::chunk_bytes);
    BOOST_TEST(seen->left == content.size() - 2 * pull_window::chunk_bytes);
    BOOST_TEST(seen->began_ns == began.time_since_epoch().count());
    BOOST_TEST(seen->heard_ns == clock.t.time_since_epoch().count());
    const auto later = std::make_shared<pull_progress>();
    want(later); // another version of the same bundle
    BOOST_TEST(later->left == seen->left);
    clock.t += 1s;
    deliver();
    BOOST_TEST(arrived());
    for (const auto& one : {seen, later}) {
      BOOST_TEST(one->got == content.size());
      BOOST_TEST(one->left == 0u);
    }
  }

  BOOST_AUTO_TEST_CASE(what_was_here_before_did_not_come_this_time) {
    add("a", content);
    connect();
    want();
    deliver(3);
    nodes["a"].connected = false;
    connect();
    BOOST_TEST(outcome.has_value());
    answers.clear();
    nodes["a"].connected = true;
    connect();
    const auto seen = std::make_shared<pull_progress>();
    want(seen);
    deliver(1);
    BOOST_TEST(seen->got == pull_window::chunk_bytes);
    BOOST_TEST(seen->left == content.size() - 4 * pull_window::chunk_bytes);
  }

  BOOST_AUTO_TEST_CASE(when_one_goes_the_next_goes_on_where_it_stopped) {
    add("a", content);
    add("b", content);
    connect();
    want();
    deliver(4);
    nodes["a"].connected = false;
    connect();
    deliver();
    BOOST_TEST(arrived());
    const auto chunks
      = (content.size() + pull_window::chunk_bytes - 1)
        / pull_window::chunk_bytes;
    BOOST_TEST(nodes["b"].asked == chunks - 4); // not from the start
  }

  BOOST_AUTO_TEST_CASE(a_node_that_is_silent_is_left_for_the_next) {
    add("a", content);
    add("b", content);
    nodes["a"].silent = true;
    connect();
    want();
    deliver();
    for (int i = 0; i < 10 && !outcome; ++i) {
      clock.t += 3s;
      pulls->tick();
      deliver();
    }
    BOOST_TEST(arrived());
    BOOST_TEST((clock.t.time_since_epoch() <= 1h + 6s));
  }

  BOOST_AUTO_TEST_CASE(wrong_bytes_are_thrown_away_and_the_next_is_asked) {
    auto wrong = content;
    wrong[200'000] ^= 1;
    add("a", wrong);
    add("b", content);
    connect();
    want();
    deliver();
    BOOST_TEST(arrived());
    BOOST_TEST(store.progress(id).total == 0u);
  }

  BOOST_AUTO_TEST_CASE(one_liar_among_several_cannot_spoil_it) {
    auto wrong = content;
    wrong[10] ^= 1;
    add("a", wrong);
    add("b", content);
    add("c", content);
    connect();
    want();
    deliver(3);
    nodes["a"].connected = false; // after it lied
    connect();
    deliver();
    BOOST_TEST(arrived());
  }

  BOOST_AUTO_TEST_CASE(when_all_lie_it_ends_with_the_reasons) {
    for (const auto name : {"a", "b"})
      add(name, std::string(content.size(), name[0]));
    connect();
    want();
    deliver();
    BOOST_REQUIRE(outcome);
    BOOST_REQUIRE(!*outcome);
    BOOST_TEST((outcome->error().code == errc::unavailable));
    for (const auto word : {"a: sent wrong bytes", "b: sent wrong bytes"})
      BOOST_TEST(outcome->error().message.find(word) != std::string::npos,
                 outcome->error().message);
    BOOST_TEST(!store.has(id));
    BOOST_TEST(pulls->idle());
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_not_followed) {
    for (const auto& bad :
         {wire::bundle_chunk{id, 0, 0, "x", {errc::ok, {}}},
          wire::bundle_chunk{id, 0, 10, std::string(11, 'x'), {errc::ok, {}}},
          wire::bundle_chunk{id, 0, 1 << 30, std::string(300'000, 'x'),
                             {errc::ok, {}}},
          wire::bundle_chunk{id, 0, 10, "", {errc::ok, {}}},
          wire::bundle_chunk{id, ~uint64_t{0}, 10, "xx", {errc::ok, {}}}}) {
      nodes.clear();
      add("a", content);
      nodes["a"].silent = true;
      add("b", content);
      nodes["b"].silent = true;
      connect();
      want();
      pulls->arrived(node_name{"a"}, bad);
      nodes["b"].silent = false;
      const auto next = nodes["b"].asked;
      BOOST_TEST(next == 1u);
      pulls->arrived(node_name{"b"}, {id, 0, 0, "", {errc::not_found, "no"}});
      BOOST_REQUIRE(outcome);
      BOOST_TEST(!*outcome);
      answers.clear();
    }
  }

  BOOST_AUTO_TEST_CASE(a_late_answer_of_one_that_was_left_counts_not) {
    add("a", content);
    add("b", content);
    connect();
    want();
    auto late = answers.front();
    answers.clear();
    nodes["a"].connected = false;
    connect();
    late.second.bytes.assign(late.second.bytes.size(), '!');
    pulls->arrived(node_name{"a"}, late.second);
    deliver();
    BOOST_TEST(arrived());
  }

  BOOST_AUTO_TEST_CASE(a_former_process_left_a_part) {
    add("a", content);
    store.put_part(id, content.substr(0, 250'000), content.size());
    connect();
    want();
    BOOST_REQUIRE(!answers.empty());
    BOOST_TEST(answers.front().second.offset == 250'000u);
    deliver();
    BOOST_TEST(arrived());
    BOOST_TEST(nodes["a"].asked == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_part_that_is_wrong_costs_one_more_round) {
    add("a", content);
    store.put_part(id, std::string(250'000, 'x'), content.size());
    connect();
    want();
    deliver();
    BOOST_TEST(arrived());
  }

  BOOST_AUTO_TEST_CASE(all_bytes_were_there_already) {
    store.put_part(id, content, content.size());
    want();
    BOOST_TEST(arrived());
  }

  BOOST_AUTO_TEST_CASE(with_nobody_to_ask_it_says_so_at_once) {
    want();
    BOOST_REQUIRE(outcome);
    BOOST_REQUIRE(!*outcome);
    BOOST_TEST((outcome->error().code == errc::unavailable));
    BOOST_TEST(outcome->error().message.find("no node that could have it")
               != std::string::npos);
    pulls->want(id, [this](auto got) { outcome = std::move(got); },
                "it was damaged");
    BOOST_TEST(outcome->error().message.starts_with("it was damaged, and"));
  }

  BOOST_AUTO_TEST_CASE(without_room_it_ends_and_keeps_nothing) {
    add("a", content);
    no_room = error{errc::storage_full, "the cache is full"};
    connect();
    want();
    deliver();
    BOOST_REQUIRE(outcome);
    BOOST_REQUIRE(!*outcome);
    BOOST_TEST((outcome->error().code == errc::storage_full));
    BOOST_TEST(store.progress(id).total == 0u);
  }

  BOOST_AUTO_TEST_CASE(what_many_wait_for_is_pulled_once) {
    add("a", content);
    connect();
    int told = 0;
    for (int i = 0; i < 3; ++i)
      pulls->want(id, [&](auto) { ++told; }, {});
    deliver();
    BOOST_TEST(told == 3);
    BOOST_TEST(nodes["a"].asked
               == (content.size() + pull_window::chunk_bytes - 1)
                    / pull_window::chunk_bytes);
  }

    BOOST_AUTO_TEST_CASE(by_bulk_parts_are_long) {
    add("a", content);
    nodes["a"].bulk = true;
    connect();
    want();
    deliver();
    BOOST_TEST(arrived());
    BOOST_TEST(nodes["a"].asked == 2u); // of 256 KiB
  }

  BOOST_AUTO_TEST_CASE(what_a_broken_bulk_connection_took_is_asked_for_again) {
    add("a", content);
    nodes["a"].bulk = true;
    connect();
    want();
    deliver(1); // 256 KiB of 300'000
    answers.clear();
    nodes["a"].bulk = false;
    pulls->bulk(node_name{"a"}, false);
    BOOST_TEST(nodes["a"].asked == 4u); // the rest, over the link
    pulls->bulk(node_name{"b"}, false); // not its business
    BOOST_TEST(nodes["a"].asked == 4u);
    deliver();
    BOOST_TEST(arrived());
  }

  BOOST_AUTO_TEST_CASE(answers_may_change_their_way_in_the_middle) {
    content.clear();
    for (int i = 0; i < 3'000'000; ++i)
      content += static_cast<char>(i * 7 + i / 1000);
    id = sum_of(content);
    add("a", content);
    connect();
    want();
    deliver(2); // over the link; what follows is on the way
    nodes["a"].bulk = true;
    pulls->bulk(node_name{"a"}, true);
    deliver(4);
    // One by bulk overtakes what is on the link.
    std::rotate(answers.begin(), answers.end() - 1, answers.end());
    deliver();
    BOOST_TEST(arrived());
    BOOST_TEST(nodes["a"].asked < 60u);
  }

  BOOST_AUTO_TEST_CASE(one_that_knows_of_no_bulk_is_asked_as_over_the_link) {
    content.clear();
    for (int i = 0; i < 3'000'000; ++i)
      content += static_cast<char>(i * 7 + i / 1000);
    id = sum_of(content);
    add("a", content);
    nodes["a"].bulk = true;
    nodes["a"].knows = false;
    connect();
    want();
    deliver();
    BOOST_TEST(arrived());
    // 92 parts of 32 KiB, and what was asked for before that was known.
    BOOST_TEST(nodes["a"].asked < 250u);
  }

BOOST_AUTO_TEST_SUITE_END()
