// Events that wait for a version on its way to a node.
#include "actors/functions/pending_host.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/hand_clock.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

/// Answers each event with its path, at once.
std::shared_ptr<fake_host> echo() {
  auto made = std::make_shared<fake_host>();
  made->answer_with = [](const invocation& event) {
    reply answer;
    answer.message = event.path;
    return answer;
  };
  return made;
}

struct waiting_world {
  void send(uint64_t token, duration left = 10s, size_t bytes = 0) {
    invocation event;
    event.path = std::to_string(token);
    event.deadline = clock.t + left;
    event.body = blob{std::string(bytes, 'x')};
    host->submit(std::move(event), got->promise(token));
  }
  errc code(uint64_t token) const { return got->all().at(token).code; }

  hand_clock clock;
  std::shared_ptr<waiting_room> room = std::make_shared<waiting_room>(4, 1000);
  std::shared_ptr<pending_host> host = std::make_shared<pending_host>(
    version_ref{function_name{"f"}, 2}, clock, room);
  std::shared_ptr<answers> got = answers::make();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(pending_host_test, waiting_world)

  BOOST_AUTO_TEST_CASE(what_waited_is_handed_over_in_its_order) {
    for (uint64_t i = 1; i <= 3; ++i)
      send(i);
    BOOST_TEST(got->order().empty());
    BOOST_TEST(host->stats().waiting == 3u);
    clock.t += 2s;
    host->hand_over(echo());
    send(4);
    BOOST_TEST((got->order() == std::vector<uint64_t>{1, 2, 3, 4}));
    BOOST_TEST(got->each_once());
    BOOST_TEST((code(1) == errc::ok));
    BOOST_TEST(got->all().at(2).message == "2");
    BOOST_TEST(room->events() == 0u);
  }

  BOOST_AUTO_TEST_CASE(the_wait_is_told_as_queue_time) {
    send(1);
    clock.t += 1500ms;
    host->hand_over(echo());
    send(2);
    BOOST_TEST((got->all().at(1).times.queue == 1500ms));
    BOOST_TEST((got->all().at(2).times.queue == 0ms));
  }

  /// One that comes while others are handed over does not overtake them.
  BOOST_AUTO_TEST_CASE(who_comes_in_between_is_behind) {
    send(1);
    send(2);
    auto last = echo();
    const auto answer = last->answer_with;
    last->answer_with = [&, answer](const invocation& event) {
      if (event.path == "1")
        send(3);
      return answer(event);
    };
    host->hand_over(last);
    BOOST_TEST((got->order() == std::vector<uint64_t>{1, 2, 3}));
  }

  BOOST_AUTO_TEST_CASE(no_more_than_the_room_holds) {
    for (uint64_t i = 1; i <= 5; ++i)
      send(i);
    BOOST_TEST((got->order() == std::vector<uint64_t>{5}));
    BOOST_TEST((code(5) == errc::overloaded));
    BOOST_TEST(!got->all().at(5).started);
    host->hand_over(echo());
    BOOST_TEST(got->order().size() == 5u);
  }

  BOOST_AUTO_TEST_CASE(nor_more_bytes_and_room_comes_back) {
    send(1, 10s, 600);
    send(2, 10s, 600);
    BOOST_TEST((code(2) == errc::overloaded));
    send(3, 10s, 400);
    BOOST_TEST(!got->has(3));
    host->give_back("no");
    host->admit();
    send(4, 10s, 1000);
    BOOST_TEST(!got->has(4));
  }

  BOOST_AUTO_TEST_CASE(the_room_is_all_of_the_nodes) {
    pending_host other{{function_name{"g"}, 1}, clock, room};
    for (uint64_t i = 1; i <= 4; ++i)
      send(i);
    invocation event;
    event.deadline = clock.t + 1s;
    other.submit(std::move(event), got->promise(9));
    BOOST_TEST((code(9) == errc::overloaded));
  }

  BOOST_AUTO_TEST_CASE(a_failure_gives_all_back_as_not_started) {
    send(1);
    send(2);
    host->give_back("no node has its bundle");
    send(3);
    for (const uint64_t i : {1, 2, 3}) {
      const auto answer = got->all().at(i);
      BOOST_TEST((answer.code == errc::unavailable));
      BOOST_TEST(!answer.started);
      BOOST_TEST(answer.message.find("no node has its bundle")
                 != std::string::npos);
      BOOST_TEST(answer.message.find("f version 2") != std::string::npos);
    }
    BOOST_TEST(room->events() == 0u);
    host->admit();
    send(4);
    BOOST_TEST(!got->has(4));
  }

  BOOST_AUTO_TEST_CASE(once_handed_over_nothing_is_given_back) {
    const auto real = std::make_shared<fake_host>();
    send(1);
    host->hand_over(real);
    host->give_back("late");
    send(2);
    BOOST_TEST(got->order().empty());
    BOOST_TEST(real->submitted == 2);
  }

  BOOST_AUTO_TEST_CASE(deadlines_are_kept) {
    send(1, 1s);
    send(2, 5s);
    send(3, -1ms);
    BOOST_TEST((code(3) == errc::deadline_exceeded));
    clock.t += 1s;
    host->look();
    BOOST_TEST((code(1) == errc::deadline_exceeded));
    BOOST_TEST(!got->all().at(1).started);
    BOOST_TEST(!got->has(2));
    BOOST_TEST(room->events() == 1u);
  }

  BOOST_AUTO_TEST_CASE(what_nobody_waits_for_is_dropped) {
    send(1);
    got->nobody_waits();
    host->look();
    BOOST_TEST(host->stats().waiting == 0u);
    BOOST_TEST(room->events() == 0u);
    send(2);
    const auto real = echo();
    host->hand_over(real);
    BOOST_TEST(real->submitted == 0);
    BOOST_TEST(got->each_once());
    BOOST_TEST(got->order().size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(its_end_abandons_nobody) {
    send(1);
    host.reset();
    BOOST_TEST((code(1) == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(closed_it_gives_back) {
    send(1);
    bool closed = false;
    host->close([&] { closed = true; });
    BOOST_TEST(closed);
    BOOST_TEST((code(1) == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(each_is_answered_once_whatever_comes_at_the_same_time) {
    room = std::make_shared<waiting_room>();
    for (int round = 0; round < 20; ++round) {
      host = std::make_shared<pending_host>(version_ref{function_name{"f"}, 2},
                                            clock, room);
      got = answers::make();
      const auto real = echo();
      std::thread sender{[&] {
        for (uint64_t i = 0; i < 200; ++i)
          send(i);
      }};
      if (round % 2 == 0)
        host->give_back("now");
      host->look();
      host->hand_over(real);
      sender.join();
      BOOST_TEST(got->order().size() == 200u);
      BOOST_TEST(got->each_once());
      BOOST_TEST(room->events() == 0u);
    }
  }

BOOST_AUTO_TEST_SUITE_END()
