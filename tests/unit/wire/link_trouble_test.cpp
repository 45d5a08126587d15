// Lost, silent and broken peers; control messages; reconnection.
#include "link_pair.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;
using wire::link_pair;

namespace {

/// What near says about a frame that a peer made up.
std::string reason_to_close(const wire::frame& made_up) {
  link_pair pair;
  pair.exchange();
  pair.near.core.frame_received(pair.now, wire::encode(made_up));
  (void)pair.near.turn(pair.now);
  return pair.near.closes.empty() ? std::string{} : pair.near.closes.at(0);
}

wire::event_fragment fragment(uint64_t transfer, uint64_t offset,
                              std::string body, uint64_t total, bool last) {
  wire::event_fragment made;
  made.transfer = transfer;
  made.offset = offset;
  made.body = std::move(body);
  made.total = total;
  made.last = last;
  made.remaining = 1s;
  return made;
}

wire::frame events(std::vector<wire::event_fragment> pieces) {
  return {1, {wire::event_batch{std::move(pieces)}}, 0};
}

} // namespace

BOOST_AUTO_TEST_SUITE(link_trouble_test)

  BOOST_AUTO_TEST_CASE(a_lost_peer_gives_back_every_event_with_what_is_known) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit("sent"));
    BOOST_REQUIRE(pair.submit(std::string(250'000, 'x')));
    pair.exchange();
    BOOST_REQUIRE(pair.submit(std::string(250'000, 'y')));
    BOOST_REQUIRE(pair.submit(std::string(250'000, 'z')));
    (void)pair.written(); // a part of y and z, then the window is full
    BOOST_REQUIRE(pair.submit("waiting"));
    const auto failed = pair.near.core.peer_lost(pair.now, "link cut");
    BOOST_REQUIRE_EQUAL(failed.size(), 5u);
    for (size_t i = 0; i < failed.size(); ++i) {
      BOOST_TEST_CONTEXT(i) {
        BOOST_TEST(failed[i].may_have_run == (i < 4));
        BOOST_TEST((failed[i].why.code
                    == (i < 4 ? errc::outcome_unknown : errc::unavailable)));
        BOOST_TEST(failed[i].why.message.find("link cut") != std::string::npos);
        BOOST_TEST(static_cast<bool>(failed[i].done));
      }
    }
    BOOST_TEST(failed[0].event.body.view() == "sent");
    BOOST_TEST((failed[0].event.headers.at(0) == header{"X-Test", "yes"}));
    BOOST_TEST(failed[4].event.body.view() == "waiting");
    BOOST_TEST(pair.sink->answered() == 0u);
    BOOST_TEST(pair.near.core.stats().in_flight == 0u);
    BOOST_TEST(pair.near.core.stats().queued_bytes == 0u);
    BOOST_TEST((pair.near.core.wake_at() == time_point::max()));
  }

  BOOST_AUTO_TEST_CASE(events_of_a_lost_peer_are_cancelled_here) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    BOOST_TEST(pair.far.core.peer_lost(pair.now, "cut").empty());
    (void)pair.far.turn(pair.now);
    BOOST_REQUIRE_EQUAL(pair.far.cancels.size(), 1u);
    BOOST_TEST(pair.far.cancels[0] == pair.far.events.at(0).ticket);
  }

  BOOST_AUTO_TEST_CASE(a_reply_never_meets_an_event_of_a_later_connection) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    const auto old_ticket = pair.far.events.at(0).ticket;
    // near restarts: its transfer ids begin anew.
    BOOST_TEST(pair.far.core.peer_lost(pair.now, "cut").empty());
    pair.near = wire::link_end{};
    pair.near.core.peer_connected(pair.now, {});
    pair.far.core.peer_connected(pair.now, {});
    BOOST_REQUIRE(pair.submit("second life"));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 2u);
    BOOST_TEST(pair.far.events[1].ticket != old_ticket);
    pair.far.core.reply_ready(pair.now, old_ticket, reply{});
    pair.exchange();
    BOOST_TEST(pair.sink->of(2).empty());
    BOOST_TEST(pair.far.core.stats().dropped_replies == 1u);
  }

  BOOST_AUTO_TEST_CASE(after_a_reconnection_events_flow_again) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit(std::string(200'000, 'x')));
    (void)pair.written();
    BOOST_TEST(pair.near.core.peer_lost(pair.now, "cut").size() == 1u);
    BOOST_TEST(pair.far.core.peer_lost(pair.now, "cut").empty());
    BOOST_TEST(!pair.near.core.stats().connected);
    pair.near.core.peer_connected(pair.now, {});
    pair.far.core.peer_connected(pair.now, {});
    BOOST_REQUIRE(pair.submit("again"));
    pair.exchange();
    pair.answer_all();
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.sink->of(2).size(), 1u);
    BOOST_TEST((pair.sink->of(2)[0].code == errc::ok));
    BOOST_TEST(pair.far.closes.empty());
  }

  BOOST_AUTO_TEST_CASE(a_replaced_connection_leaves_no_event_unanswered) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    pair.near.core.peer_connected(pair.now, {}); // without peer_lost()
    BOOST_REQUIRE_EQUAL(pair.sink->of(1).size(), 1u);
    BOOST_TEST((pair.sink->of(1)[0].code == errc::outcome_unknown));
  }

  BOOST_AUTO_TEST_CASE(a_busy_silent_peer_becomes_suspect_then_alive_again) {
    link_pair pair;
    pair.pass(2s); // idle: heartbeats only
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    const auto stopped = pair.now;
    pair.pass(249ms, false);
    BOOST_TEST(!pair.near.core.stats().suspect);
    pair.pass(2ms, false);
    BOOST_TEST(pair.near.core.stats().suspect);
    BOOST_REQUIRE_EQUAL(pair.near.count<wire::peer_suspect>(), 1u);
    BOOST_TEST((pair.now - stopped <= 252ms));
    pair.pass(1s);
    BOOST_TEST(!pair.near.core.stats().suspect);
    BOOST_TEST(pair.near.count<wire::peer_alive>() == 1u);
    pair.answer_all();
    pair.exchange();
    BOOST_TEST(pair.sink->of(1).size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(an_idle_peer_is_never_suspect_but_silent_after_5_s) {
    link_pair pair;
    pair.pass(3s);
    pair.pass(3900ms, false); // the last pong came at 3 s at the latest
    BOOST_TEST(pair.near.count<wire::peer_silent>() == 0u);
    pair.pass(1200ms, false);
    BOOST_TEST(pair.near.count<wire::peer_silent>() == 1u);
    BOOST_TEST(pair.near.count<wire::peer_suspect>() == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_long_computation_is_no_silence) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    pair.pass(20s); // pongs come
    BOOST_TEST(pair.near.count<wire::peer_suspect>() == 0u);
    pair.answer_all();
    pair.exchange();
    BOOST_TEST(pair.sink->of(1).size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(chosen_events_are_taken_back_from_a_suspect_peer) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit("keep"));
    BOOST_REQUIRE(pair.submit("retry"));
    pair.exchange();
    auto taken
      = pair.near.core.take_back(pair.now, [](const invocation& event) {
          return event.body.view() == "retry";
        });
    BOOST_REQUIRE_EQUAL(taken.size(), 1u);
    BOOST_TEST(taken[0].event.body.view() == "retry");
    BOOST_TEST(taken[0].may_have_run);
    pair.answer_all(); // both ran
    pair.exchange();
    BOOST_TEST(pair.sink->of(1).size() == 1u);
    BOOST_TEST(pair.sink->of(2).empty()); // ours to answer
    taken[0].done(reply{});
    BOOST_TEST(pair.sink->of(2).size() == 1u);
    BOOST_TEST(pair.near.core.stats().dropped_replies == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_frame_that_comes_twice_counts_once) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    for (const auto& frame : pair.written())
      for (auto i = 0; i < 3; ++i)
        pair.far.core.frame_received(pair.now, frame);
    pair.exchange();
    BOOST_TEST(pair.far.events.size() == 1u);
    BOOST_TEST(pair.far.core.stats().dropped_frames == 2u);
    BOOST_TEST(pair.far.closes.empty());
    BOOST_TEST(pair.near.closes.empty());
  }

  BOOST_AUTO_TEST_CASE(an_event_that_comes_twice_runs_once) {
    link_pair pair;
    pair.exchange();
    auto frame = events({fragment(5, 0, "x", 1, true)});
    pair.near.core.frame_received(pair.now, wire::encode(frame));
    frame.sequence = 2;
    pair.near.core.frame_received(pair.now, wire::encode(frame));
    (void)pair.near.turn(pair.now);
    BOOST_TEST(pair.near.events.size() == 1u);
    BOOST_TEST(pair.near.core.stats().dropped_fragments == 1u);
  }

  BOOST_AUTO_TEST_CASE(replies_to_unknown_events_are_dropped_and_counted) {
    link_pair pair;
    pair.exchange();
    wire::reply_fragment piece;
    piece.transfer = 77;
    piece.last = true;
    pair.near.core.frame_received(
      pair.now, wire::encode(wire::frame{1, {wire::reply_batch{{piece}}}, 0}));
    BOOST_TEST(pair.near.core.stats().dropped_replies == 1u);
    BOOST_TEST(pair.near.core.stats().connected);
  }

  BOOST_AUTO_TEST_CASE(a_peer_that_breaks_the_protocol_is_closed_with_reason) {
    const wire::event_batch one{{fragment(1, 0, "x", 1, true)}};
    BOOST_TEST(reason_to_close({2, {one}, 0}).find("lost")
               != std::string::npos);
    BOOST_TEST(reason_to_close({0, {one}, 0}).find("credit")
               != std::string::npos);
    BOOST_TEST(
      reason_to_close({0, {wire::ack{10, 5, {}}}, 0}).find("never sent")
      != std::string::npos);
    for (const auto& bad :
         {fragment(0, 0, "x", 1, true), fragment(1, 0, "xy", 1, true),
          fragment(1, 0, "x", 2, true), fragment(1, 0, "xy", 2, false),
          fragment(uint64_t{1} << 48, 0, "x", 1, true)})
      BOOST_TEST(!reason_to_close(events({bad})).empty());
    // Pieces that leave a gap, overlap, or end too early.
    const auto first = fragment(1, 0, "ab", 6, false);
    for (const auto& second :
         {fragment(1, 3, "def", 6, true), fragment(1, 1, "bcdef", 6, true),
          fragment(1, 2, "cd", 6, true), fragment(1, 2, "cdefg", 6, true),
          fragment(1, 2, "cdef", 6, false)})
      BOOST_TEST(!reason_to_close(events({first, second})).empty());
    const wire::part broken{1, 0, 4, std::string("\x12\x7f\xff\xff")};
    BOOST_TEST(!reason_to_close({1, {broken}, 0}).empty());
    const wire::part gap{1, 5, 10, "x"};
    BOOST_TEST(!reason_to_close({1, {gap}, 0}).empty());
    const wire::part huge{1, 0, uint64_t{1} << 40, "x"};
    BOOST_TEST(!reason_to_close({1, {huge}, 0}).empty());
  }

  BOOST_AUTO_TEST_CASE(a_message_in_parts_cannot_hide_one_of_the_links_own) {
    const auto hidden = wire::encode(wire::ack{1, 1, {}});
    BOOST_TEST(
      !reason_to_close({1, {wire::part{1, 0, hidden.size(), hidden}}, 0})
         .empty());
  }

  BOOST_AUTO_TEST_CASE(garbage_closes_the_link_and_answers_come_all_the_same) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    pair.near.core.frame_received(pair.now, "\xff\xff\xff\xff garbage");
    pair.near.core.frame_received(pair.now, "more");
    (void)pair.near.turn(pair.now);
    BOOST_TEST(pair.near.closes.size() == 1u);
    BOOST_TEST(pair.near.core.stats().dropped_frames == 1u);
    BOOST_TEST((pair.near.core.wake_at() == time_point::max()));
    BOOST_TEST(!pair.submit());
    const auto failed = pair.near.core.peer_lost(pair.now, "closed");
    BOOST_REQUIRE_EQUAL(failed.size(), 1u);
    BOOST_TEST(failed[0].may_have_run);
  }

  BOOST_AUTO_TEST_CASE(control_messages_arrive_in_order_whatever_their_length) {
    link_pair pair;
    std::vector<wire::message> sent;
    for (const auto& what : wire::samples())
      if (pair.near.core.send(pair.now, what))
        sent.push_back(what);
    wire::assignments many;
    for (uint32_t i = 0; i < 2000; ++i)
      many.functions.push_back({{function_name{"f" + std::to_string(i)}, i},
                                std::string(200, 'j'),
                                {},
                                true,
                                1,
                                {}});
    BOOST_REQUIRE(pair.near.core.send(pair.now, many));
    sent.push_back(many);
    BOOST_REQUIRE(pair.near.core.send(pair.now, wire::goodbye{"end"}));
    sent.push_back(wire::goodbye{"end"});
    pair.exchange();
    BOOST_TEST(sent.size() == 19u);
    BOOST_TEST((pair.far.controls == sent));
    BOOST_TEST(pair.near.core.stats().queued_bytes == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_long_control_message_does_not_block_events) {
    link_pair pair;
    BOOST_REQUIRE(pair.near.core.send(
      pair.now,
      wire::admin_reply{1, {errc::ok, {}, {}}, std::string(1'000'000, 'j')}));
    BOOST_REQUIRE(pair.submit("small"));
    const auto frames = pair.written();
    pair.far.core.frame_received(pair.now, frames.at(0));
    (void)pair.far.turn(pair.now);
    BOOST_TEST(pair.far.events.size() == 1u);
    BOOST_TEST(pair.far.controls.empty());
  }

  BOOST_AUTO_TEST_CASE(control_messages_have_bounds) {
    wire::link_options options;
    options.control_bytes = 10'000;
    options.max_control_bytes = 8'000;
    link_pair pair{options};
    const auto code = [&](const wire::message& what) {
      const auto sent = pair.near.core.send(pair.now, what);
      return sent ? errc::ok : sent.error().code;
    };
    BOOST_TEST(
      (code(wire::goodbye{std::string(9'000, 'x')}) == errc::too_large));
    BOOST_TEST((code(wire::goodbye{std::string(7'000, 'x')}) == errc::ok));
    BOOST_TEST(
      (code(wire::goodbye{std::string(7'000, 'x')}) == errc::overloaded));
    BOOST_TEST((code(wire::ping{1}) == errc::invalid_argument));
    BOOST_TEST((code(wire::part{}) == errc::invalid_argument));
    (void)pair.near.core.peer_lost(pair.now, "cut");
    BOOST_TEST((code(wire::goodbye{}) == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(unknown_kinds_are_counted_and_the_link_goes_on) {
    link_pair pair;
    pair.exchange();
    const std::string later = "\xfa\x01\x03xyz"; // field 31
    wire::frame_writer writer;
    writer.add_encoded(later);
    pair.near.core.frame_received(pair.now, writer.finish(1));
    pair.near.core.frame_received(
      pair.now,
      wire::encode(wire::frame{2, {wire::part{1, 0, later.size(), later}}, 0}));
    BOOST_TEST(pair.near.core.stats().unknown_messages == 2u);
    BOOST_TEST(pair.near.core.stats().connected);
  }

  BOOST_AUTO_TEST_CASE(a_flood_of_pings_gets_a_bounded_answer) {
    link_pair pair;
    pair.exchange();
    for (uint64_t i = 0; i < 10'000; ++i)
      pair.near.core.frame_received(
        pair.now, wire::encode(wire::frame{0, {wire::ping{i}}, 0}));
    size_t bytes = 0;
    for (const auto& frame : pair.near.turn(pair.now))
      bytes += frame.size();
    BOOST_TEST(bytes < 1000u);
  }

  BOOST_AUTO_TEST_SUITE_END()
