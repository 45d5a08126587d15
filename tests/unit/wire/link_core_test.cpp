// Events, replies, bounds and deadlines of one link.
#include "link_pair.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace std::chrono_literals;
using wire::link_pair;

namespace {

errc only_answer(link_pair& pair, uint64_t token) {
  BOOST_REQUIRE_EQUAL(pair.sink->of(token).size(), 1u);
  return pair.sink->of(token)[0].code;
}

wire::link_options with(auto change) {
  wire::link_options options;
  change(options);
  return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(link_core_test)

  BOOST_AUTO_TEST_CASE(an_event_travels_and_its_reply_comes_back) {
    link_pair pair;
    auto sent = pair.event("payload");
    const auto id = sent.id;
    BOOST_REQUIRE(
      pair.near.core.submit(pair.now, std::move(sent), pair.done()));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 1u);
    const auto& got = pair.far.events[0].event;
    BOOST_TEST((got.id == id));
    BOOST_TEST(got.body.view() == "payload");
    BOOST_TEST(*find_header(got.headers, "x-test") == "yes");
    BOOST_TEST((got.accepted == pair.now));
    BOOST_TEST(got.size == 3.5);
    pair.answer_all();
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::ok));
    BOOST_TEST(pair.sink->of(1)[0].body.view() == "payload");
    BOOST_TEST(pair.sink->of(1)[0].site == "far/cpu");
    BOOST_TEST(pair.near.core.stats().in_flight == 0u);
    BOOST_TEST(pair.far.core.stats().running == 0u);
  }

  BOOST_AUTO_TEST_CASE(an_event_without_body_travels) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit(""));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 1u);
    pair.answer_all();
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(events_of_one_turn_share_a_frame) {
    link_pair pair;
    pair.exchange(); // the first ping
    for (auto i = 0; i < 64; ++i)
      BOOST_REQUIRE(pair.submit(std::string(128, 'x')));
    BOOST_TEST(pair.written().size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(remaining_time_travels_not_the_point_in_time) {
    link_pair pair;
    pair.exchange();
    BOOST_REQUIRE(pair.submit());
    pair.now += 10s; // in the outbox
    const auto frames = pair.written();
    pair.now += 1h; // clocks of two machines have nothing in common
    pair.far.core.frame_received(pair.now, frames.at(0));
    (void)pair.far.turn(pair.now);
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 1u);
    BOOST_TEST((pair.far.events[0].event.deadline - pair.now <= 40s));
    BOOST_TEST((pair.far.events[0].event.deadline - pair.now > 39s));
  }

  BOOST_AUTO_TEST_CASE(a_big_body_travels_in_frames_of_bounded_size) {
    link_pair pair;
    std::string body(200'000, '\0');
    for (size_t i = 0; i < body.size(); ++i)
      body[i] = static_cast<char>(i * 7 + i / 251);
    BOOST_REQUIRE(pair.submit(body));
    const auto first = pair.written();
    BOOST_TEST(first.size() > 1u);
    for (const auto& frame : first) {
      BOOST_TEST(frame.size() <= limits::frame_bytes);
      pair.far.core.frame_received(pair.now, frame);
    }
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 1u);
    BOOST_TEST((pair.far.events[0].event.body.view() == body));
    pair.answer_all(); // echoes it
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::ok));
    BOOST_TEST((pair.sink->of(1)[0].body.view() == body));
  }

  BOOST_AUTO_TEST_CASE(a_small_event_overtakes_a_big_body) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit(std::string(250'000, 'b')));
    BOOST_REQUIRE(pair.submit("small"));
    const auto frames = pair.written();
    pair.far.core.frame_received(pair.now, frames.at(0));
    (void)pair.far.turn(pair.now);
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 1u);
    BOOST_TEST(pair.far.events[0].event.body.view() == "small");
  }

  BOOST_AUTO_TEST_CASE(without_acks_no_more_than_the_window_is_written) {
    link_pair pair;
    for (auto i = 0; i < 10; ++i)
      BOOST_REQUIRE(pair.submit(std::string(100'000, 'x')));
    size_t bytes = 0;
    auto frames = pair.written();
    for (const auto& frame : frames)
      bytes += frame.size();
    BOOST_TEST(bytes <= 64 * limits::kib);
    BOOST_TEST(bytes > 48 * limits::kib);
    BOOST_TEST(pair.written().empty());
    BOOST_TEST(pair.near.core.stats().queued_bytes > 900'000u);
    for (const auto& frame : frames)
      pair.far.core.frame_received(pair.now, frame);
    pair.exchange(); // acks set it going again
    BOOST_TEST(pair.far.events.size() == 10u);
  }

  BOOST_AUTO_TEST_CASE(without_credit_pings_cancels_and_acks_still_go_out) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit(std::string(250'000, 'x')));
    const auto transfer = pair.submit("second");
    BOOST_REQUIRE(transfer);
    (void)pair.written();
    pair.now += 60ms;
    pair.near.core.cancel(pair.now, *transfer);
    const auto frames = pair.written();
    BOOST_REQUIRE_EQUAL(frames.size(), 1u);
    const auto frame = wire::decode_frame(frames[0]);
    BOOST_REQUIRE(frame);
    BOOST_TEST(frame->sequence == 0u);
    BOOST_REQUIRE_EQUAL(frame->messages.size(), 2u);
    BOOST_TEST(name(frame->messages[0]) == "ping");
    BOOST_TEST(name(frame->messages[1]) == "cancel");
  }

  BOOST_AUTO_TEST_CASE(a_refused_submit_leaves_event_and_completion_alone) {
    link_pair pair{with([](auto& o) { o.max_in_flight = 2; })};
    BOOST_REQUIRE(pair.submit());
    BOOST_REQUIRE(pair.submit());
    auto event = pair.event("kept");
    auto done = pair.done();
    const auto got
      = pair.near.core.submit(pair.now, std::move(event), std::move(done));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::overloaded));
    BOOST_TEST(event.body.view() == "kept");
    BOOST_TEST(static_cast<bool>(done));
    BOOST_TEST(pair.sink->of(3).empty());
    BOOST_TEST(pair.near.core.stats().refused == 1u);
  }

  BOOST_AUTO_TEST_CASE(submit_refuses_what_cannot_go) {
    link_pair pair{with([](auto& o) { o.outbox_bytes = 100'000; })};
    auto& near = pair.near.core;
    const auto code = [&](invocation&& event) {
      const auto got = near.submit(pair.now, std::move(event), pair.done());
      return got ? errc::ok : got.error().code;
    };
    BOOST_TEST((code(pair.event(std::string(limits::body_bytes + 1, 'x')))
                == errc::too_large));
    auto long_head = pair.event();
    long_head.headers.push_back({"X-Long", std::string(60'000, 'x')});
    BOOST_TEST((code(std::move(long_head)) == errc::too_large));
    auto late = pair.event();
    late.deadline = pair.now;
    BOOST_TEST((code(std::move(late)) == errc::deadline_exceeded));
    BOOST_TEST((code(pair.event(std::string(90'000, 'x'))) == errc::ok));
    BOOST_TEST(
      (code(pair.event(std::string(20'000, 'x'))) == errc::overloaded));
    wire::link_core unconnected;
    const auto got = unconnected.submit(pair.now, pair.event(), pair.done());
    BOOST_TEST((got.error().code == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(a_long_head_goes_out_also_on_a_slow_link) {
    link_pair pair;
    auto event = pair.event("x");
    event.headers.push_back({"X-Long", std::string(40'000, 'h')});
    BOOST_REQUIRE(
      pair.near.core.submit(pair.now, std::move(event), pair.done()));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 1u);
    BOOST_TEST(find_header(pair.far.events[0].event.headers, "X-Long")->size()
               == 40'000u);
  }

  BOOST_AUTO_TEST_CASE(past_its_deadline_an_event_is_answered_and_cancelled) {
    link_pair pair;
    auto event = pair.event();
    event.deadline = pair.now + 100ms;
    BOOST_REQUIRE(
      pair.near.core.submit(pair.now, std::move(event), pair.done()));
    pair.exchange();
    pair.pass(99ms);
    BOOST_TEST(pair.sink->of(1).empty());
    pair.pass(25ms);
    BOOST_TEST((only_answer(pair, 1) == errc::deadline_exceeded));
    BOOST_REQUIRE_EQUAL(pair.far.cancels.size(), 1u);
    BOOST_TEST(pair.far.cancels[0] == pair.far.events[0].ticket);
    BOOST_TEST(pair.near.core.stats().expired == 1u);
    pair.answer_all(); // too late, and the far side knows it
    BOOST_TEST(pair.far.core.stats().dropped_replies == 1u);
    pair.exchange();
    BOOST_TEST(pair.sink->of(1).size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_late_reply_on_its_way_is_dropped_and_counted) {
    link_pair pair;
    auto event = pair.event();
    event.deadline = pair.now + 100ms;
    BOOST_REQUIRE(
      pair.near.core.submit(pair.now, std::move(event), pair.done()));
    pair.exchange();
    pair.answer_all();
    const auto frames = pair.far.turn(pair.now); // under way for 200 ms
    pair.pass(200ms, false);
    BOOST_TEST((only_answer(pair, 1) == errc::deadline_exceeded));
    for (const auto& frame : frames)
      pair.near.core.frame_received(pair.now, frame);
    BOOST_TEST(pair.sink->of(1).size() == 1u);
    BOOST_TEST(pair.near.core.stats().dropped_replies == 1u);
  }

  BOOST_AUTO_TEST_CASE(an_event_that_never_left_is_answered_too) {
    link_pair pair;
    for (auto i = 0; i < 3; ++i)
      BOOST_REQUIRE(pair.submit(std::string(100'000, 'x')));
    auto event = pair.event(std::string(100'000, 'y'));
    event.deadline = pair.now + 100ms;
    BOOST_REQUIRE(
      pair.near.core.submit(pair.now, std::move(event), pair.done()));
    pair.pass(150ms, false); // no acks: it stays in the outbox
    BOOST_TEST((only_answer(pair, 4) == errc::deadline_exceeded));
  }

  BOOST_AUTO_TEST_CASE(what_nobody_wants_any_more_is_cancelled) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    pair.sink->unwanted.insert(1);
    pair.pass(110ms);
    BOOST_TEST(pair.far.cancels.size() == 1u);
    BOOST_TEST(pair.near.core.stats().in_flight == 0u);
    BOOST_TEST(pair.near.core.stats().expired == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_cancelled_event_is_told_only_if_it_left) {
    link_pair pair;
    const auto first = pair.submit();
    pair.exchange();
    const auto second = pair.submit();
    BOOST_REQUIRE(first && second);
    pair.near.core.cancel(pair.now, *first);
    pair.near.core.cancel(pair.now, *second);
    pair.near.core.cancel(pair.now, 4711);
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::cancelled));
    BOOST_TEST((only_answer(pair, 2) == errc::cancelled));
    BOOST_TEST(pair.far.events.size() == 1u);
    BOOST_TEST(pair.far.cancels.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_cancelled_half_body_is_forgotten_on_both_sides) {
    link_pair pair;
    const auto transfer = pair.submit(std::string(200'000, 'x'));
    BOOST_REQUIRE(transfer);
    for (const auto& frame : pair.written())
      pair.far.core.frame_received(pair.now, frame);
    pair.near.core.cancel(pair.now, *transfer);
    pair.exchange();
    BOOST_TEST(pair.far.events.empty());
    BOOST_TEST(pair.near.core.stats().queued_bytes == 0u);
    BOOST_REQUIRE(pair.submit("next"));
    pair.exchange();
    BOOST_TEST(pair.far.events.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_node_that_runs_too_much_refuses_with_a_reply) {
    link_pair pair{{}, with([](auto& o) { o.max_running = 2; })};
    for (auto i = 0; i < 3; ++i)
      BOOST_REQUIRE(pair.submit());
    pair.exchange();
    BOOST_TEST(pair.far.events.size() == 2u);
    BOOST_TEST((only_answer(pair, 3) == errc::overloaded));
    BOOST_TEST(!pair.sink->of(3)[0].started);
  }

  BOOST_AUTO_TEST_CASE(a_body_over_the_receivers_limit_is_refused) {
    link_pair pair{{}, with([](auto& o) { o.max_body_bytes = 1000; })};
    BOOST_REQUIRE(pair.submit(std::string(100'000, 'x')));
    pair.exchange();
    BOOST_TEST(pair.far.events.empty());
    BOOST_TEST((only_answer(pair, 1) == errc::too_large));
    BOOST_REQUIRE(pair.submit("small"));
    pair.exchange();
    BOOST_TEST(pair.far.events.size() == 1u);
    BOOST_TEST(pair.far.closes.empty());
  }

  BOOST_AUTO_TEST_CASE(bodies_being_received_take_bounded_memory) {
    link_pair pair{{}, with([](auto& o) { o.partial_bytes = 250'000; })};
    for (auto i = 0; i < 3; ++i)
      BOOST_REQUIRE(pair.submit(std::string(100'000, 'x')));
    pair.exchange();
    BOOST_TEST(pair.far.events.size() == 2u);
    BOOST_TEST((only_answer(pair, 3) == errc::overloaded));
  }

  BOOST_AUTO_TEST_CASE(long_bodies_take_turns_within_the_peers_room) {
    const auto bounds = with([](auto& o) {
      o.in_pieces_bytes = 250'000;
      o.partial_bytes = 250'000;
    });
    link_pair pair{bounds, bounds};
    for (auto i = 0; i < 8; ++i)
      BOOST_REQUIRE(pair.submit(std::string(100'000, 'x')));
    BOOST_REQUIRE(pair.submit("short"));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 9u);
    BOOST_TEST(pair.far.events[0].event.body.view() == "short");
    BOOST_TEST(pair.near.core.stats().queued_bytes == 0u);
    pair.answer_all();
    pair.exchange();
    for (uint64_t token = 1; token <= 9; ++token)
      BOOST_TEST((only_answer(pair, token) == errc::ok));
    BOOST_TEST(pair.far.core.stats().queued_transfers == 0u);
  }

  BOOST_AUTO_TEST_CASE(a_body_over_what_may_be_under_way_goes_alone) {
    const auto bounds = with([](auto& o) { o.in_pieces_bytes = 100'000; });
    link_pair pair{bounds, bounds};
    BOOST_REQUIRE(pair.submit(std::string(300'000, 'x')));
    BOOST_REQUIRE(pair.submit(std::string(400'000, 'y')));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 2u);
    BOOST_TEST(pair.far.events[1].event.body.size() == 400'000u);
    pair.answer_all();
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::ok));
    BOOST_TEST((only_answer(pair, 2) == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(cancelled_bodies_make_room_for_the_next) {
    const auto bounds = with([](auto& o) {
      o.in_pieces_bytes = 150'000;
      o.window_bytes = 64 * limits::kib;
    });
    link_pair pair{bounds, bounds};
    std::vector<uint64_t> transfers;
    for (const auto* body : {"a", "b", "c", "d", "e"})
      transfers.push_back(*pair.submit(std::string(100'000, *body)));
    for (const auto& frame : pair.written()) // a is under way, the others wait
      pair.far.core.frame_received(pair.now, frame);
    pair.near.core.cancel(pair.now, transfers[1]);
    pair.near.core.cancel(pair.now, transfers[0]);
    pair.near.core.cancel(pair.now, transfers[4]);
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 2u);
    BOOST_TEST(pair.far.events[0].event.body.view()[0] == 'c');
    BOOST_TEST(pair.far.events[1].event.body.view()[0] == 'd');
    BOOST_TEST(pair.near.core.stats().queued_transfers == 0u);
    // One that has waited is still known by its first id.
    pair.near.core.cancel(pair.now, transfers[3]);
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.cancels.size(), 1u);
    BOOST_TEST(pair.far.cancels[0] == pair.far.events[1].ticket);
    BOOST_TEST((only_answer(pair, 4) == errc::cancelled));
  }

  BOOST_AUTO_TEST_CASE(a_peer_of_protocol_1_gets_no_long_body) {
    link_pair pair;
    wire::hello old;
    old.max_protocol = 1;
    pair.near.core.peer_connected(pair.now, old);
    const auto refused
      = pair.submit(std::string(limits::old_body_bytes + 1, 'x'));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::too_large));
    BOOST_REQUIRE(pair.submit(std::string(limits::old_body_bytes, 'x')));
  }

  BOOST_AUTO_TEST_CASE(a_reply_that_is_too_long_becomes_an_error) {
    link_pair pair;
    wire::hello old;
    old.max_protocol = 1;
    pair.far.core.peer_connected(pair.now, old);
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    reply answer;
    answer.started = true;
    answer.body = blob{std::string(300'000, 'x')};
    pair.far.core.reply_ready(pair.now, pair.far.events.at(0).ticket,
                              std::move(answer));
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::too_large));
    BOOST_TEST(pair.sink->of(1)[0].started);
  }

  BOOST_AUTO_TEST_CASE(replies_that_pile_up_become_errors) {
    link_pair pair{{}, with([](auto& o) { o.reply_bytes = 150'000; })};
    for (auto i = 0; i < 3; ++i)
      BOOST_REQUIRE(pair.submit(std::string(60'000, 'x')));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.far.events.size(), 3u);
    pair.answer_all();
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::ok));
    BOOST_TEST((only_answer(pair, 2) == errc::ok));
    BOOST_TEST((only_answer(pair, 3) == errc::overloaded));
  }

  BOOST_AUTO_TEST_CASE(a_second_reply_to_one_ticket_is_dropped) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit());
    pair.exchange();
    const auto ticket = pair.far.events.at(0).ticket;
    pair.answer_all();
    pair.far.core.reply_ready(pair.now, ticket, reply{});
    pair.far.core.reply_ready(pair.now, 999, reply{});
    pair.exchange();
    BOOST_TEST(pair.sink->of(1).size() == 1u);
    BOOST_TEST(pair.far.core.stats().dropped_replies == 2u);
  }

  BOOST_AUTO_TEST_CASE(both_ends_send_events) {
    link_pair pair;
    BOOST_REQUIRE(pair.submit("there"));
    BOOST_REQUIRE(
      pair.far.core.submit(pair.now, pair.event("back"), pair.done()));
    pair.exchange();
    BOOST_REQUIRE_EQUAL(pair.near.events.size(), 1u);
    pair.near.core.reply_ready(pair.now, pair.near.events[0].ticket, reply{});
    pair.answer_all();
    pair.exchange();
    BOOST_TEST((only_answer(pair, 1) == errc::ok));
    BOOST_TEST((only_answer(pair, 2) == errc::ok));
  }

  BOOST_AUTO_TEST_SUITE_END()
