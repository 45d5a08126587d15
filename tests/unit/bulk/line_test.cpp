// One bulk connection: messages, credit, deadlines, and peers that break rules.
#include "tests/unit/bulk/path.hpp"

using namespace faas;
using namespace faas::test;
using faas::bulk::line;

namespace {

std::string text(size_t size, char seed) {
  std::string made;
  for (size_t i = 0; i < size; ++i)
    made += static_cast<char>(seed + static_cast<char>(i % 91));
  return made;
}

line::message bundle(std::string bytes) {
  return {bulk_topic::bundle, std::move(bytes)};
}

struct one_end {
  bulk::line_options options;
  time_point now{1h};
  line it{{}, now};
  std::vector<line::message> got;
  result<void> read(const std::string& bytes) {
    return it.read(now, bytes, got);
  }
  std::string write() {
    std::string out;
    it.write(now, 128 * 1024, out);
    return out;
  }
  static std::string credit(uint64_t received, uint64_t limit) {
    std::string made;
    bulk::append_ack(made, {received, limit, {}});
    return made;
  }
  static std::string piece(const std::string& bytes, bool last) {
    std::string made;
    bulk::append_data(made, bulk_topic::bundle, bytes, last);
    return made;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(line_test)

BOOST_AUTO_TEST_CASE(messages_arrive_whole_and_in_order_both_ways) {
  bulk_path path{100, 5ms};
  std::vector<std::string> there, back;
  for (const size_t size : {size_t{1}, size_t{1023}, size_t{70'000},
                            bulk_links::max_message, size_t{5}}) {
    there.push_back(text(size, 'a'));
    back.push_back(text(size, 'A'));
    path.near.push(path.now, bundle(there.back()));
    path.far.push(path.now, bundle(back.back()));
  }
  path.run(10s);
  BOOST_REQUIRE(path.far_got.size() == there.size());
  BOOST_REQUIRE(path.near_got.size() == back.size());
  for (size_t i = 0; i < there.size(); ++i) {
    BOOST_TEST((path.far_got[i].bytes == there[i]));
    BOOST_TEST((path.near_got[i].bytes == back[i]));
  }
  BOOST_TEST(path.near.waiting() == 0u);
  BOOST_TEST(path.near.window().in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_beyond_the_credit) {
  bulk::line_options options;
  options.credit = 300'000;
  bulk_path path{1000, 1ms, options};
  path.consumes = false;
  for (int i = 0; i < 10; ++i)
    path.near.push(path.now, bundle(text(100'000, 'a')));
  path.run(5s);
  BOOST_TEST(path.far.received() == 300'000u);
  BOOST_TEST(path.far_got.size() == 3u);
  path.far.consumed(200'000);
  path.run(5s);
  BOOST_TEST(path.far_got.size() == 5u);
  path.far.consumed(300'000);
  path.consumes = true;
  path.run(5s);
  BOOST_TEST(path.far_got.size() == 10u);
}

BOOST_AUTO_TEST_CASE(nothing_goes_before_the_first_credit) {
  one_end end;
  (void) end.write(); // its own first acknowledgement
  end.it.push(end.now, bundle("x"));
  BOOST_TEST(end.write().empty());
  BOOST_REQUIRE(end.read(one_end::credit(0, 100)));
  BOOST_TEST(!end.write().empty());
}

BOOST_AUTO_TEST_CASE(an_idle_connection_lives_by_pings) {
  bulk_path path{10, 20ms};
  for (int i = 0; i < 100; ++i) {
    path.run(1s);
    BOOST_REQUIRE(path.near.check(path.now));
    BOOST_REQUIRE(path.far.check(path.now));
  }
}

BOOST_AUTO_TEST_CASE(a_silent_peer_is_noticed) {
  one_end end;
  end.now += 14s;
  BOOST_TEST(bool{end.it.check(end.now)});
  end.now += 2s;
  const auto silent = end.it.check(end.now);
  BOOST_REQUIRE(!silent);
  BOOST_TEST(silent.error().message == "the peer is silent");
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_takes_anything_is_noticed) {
  one_end end;
  end.it.push(end.now, bundle("x"));
  for (int i = 0; i < 30; ++i) {
    BOOST_REQUIRE(end.it.check(end.now));
    end.now += 1s;
    BOOST_REQUIRE(end.read(one_end::credit(0, 0))); // it talks
  }
  const auto stuck = end.it.check(end.now);
  BOOST_REQUIRE(!stuck);
  BOOST_TEST(stuck.error().message == "the peer takes nothing");
}

BOOST_AUTO_TEST_CASE(a_ping_is_answered_at_once_and_never_more_than_asked) {
  one_end end;
  (void) end.write();
  std::string pings;
  for (int i = 0; i < 1000; ++i)
    bulk::append_ping(pings);
  BOOST_REQUIRE(end.read(pings));
  BOOST_TEST(end.write().size() == bulk::header_size + bulk::ack_size);
  BOOST_TEST(end.write().empty());
}

BOOST_AUTO_TEST_CASE(who_breaks_the_rules_is_found_out) {
  const auto piece = [](size_t size, bool last) {
    return one_end::piece(std::string(size, 'x'), last);
  };
  std::string too_long;
  for (size_t i = 0; i <= bulk_links::max_message / bulk::max_piece; ++i)
    too_long += piece(bulk::max_piece, false);
  std::string over_credit;
  for (size_t i = 0; i <= bulk::line_options{}.credit / bulk::max_piece; ++i)
    over_credit += piece(bulk::max_piece, true);
  std::string changes = piece(1, false);
  bulk::append_data(changes, static_cast<bulk_topic>(7), "x", true);
  for (const auto& bytes :
       {too_long, over_credit, changes, one_end::credit(1, 100),
        one_end::credit(0, 100) + one_end::credit(0, 50)}) {
    one_end end;
    const auto bad = end.read(bytes);
    BOOST_REQUIRE(!bad);
    BOOST_TEST(bad.error().message.starts_with("the peer "));
  }
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_must_fit_what_was_sent) {
  one_end end;
  BOOST_REQUIRE(end.read(one_end::credit(0, 100'000)));
  end.it.push(end.now, bundle(std::string(2000, 'x')));
  end.it.push(end.now, bundle(std::string(2000, 'x')));
  (void) end.write();
  BOOST_REQUIRE(end.it.sent() == 4000u);
  BOOST_TEST(bool{end.read(one_end::credit(2000, 100'000))});
  BOOST_TEST(bool{end.read(one_end::credit(2000, 100'000))}); // again: no news
  BOOST_TEST(!end.read(one_end::credit(3000, 100'000)));
}

BOOST_AUTO_TEST_CASE(a_held_acknowledgement_does_not_look_like_a_queue) {
  one_end end;
  BOOST_REQUIRE(end.read(one_end::credit(0, 1'000'000)));
  uint64_t sent = 0;
  for (int i = 0; i < 50; ++i) {
    end.it.push(end.now, bundle(std::string(100, 'x')));
    (void) end.write();
    sent += 100;
    end.now += i % 2 == 0 ? 5ms : 105ms; // every second one is held 100 ms
    std::string ack;
    bulk::append_ack(ack, {sent, 1'000'000, i % 2 == 0 ? 0ms : 100ms});
    BOOST_REQUIRE(end.read(ack));
    BOOST_TEST(to_ms(end.it.window().queueing()) < 0.1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
