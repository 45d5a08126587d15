// Decisions of other nodes: asked for by call id, looked up beside the actors.
#include "actors/link/decision_answers.hpp"
#include "actors/link/decision_desk.hpp"
#include "libfaas/decisions/segment_writer.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <latch>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

call_id call(int number) {
  random_source random{static_cast<uint64_t>(number)};
  return call_id::make(random);
}

decisions::record record_of(const call_id& id, uint8_t attempt) {
  auto names = std::make_shared<decisions::context>();
  names->function = "resize";
  names->version = 3;
  names->policy = "min-latency";
  names->sites = {"edge-1/cpu", "cloud-1/cpu"};
  decisions::record made;
  made.id = id;
  made.at_us = 1'790'000'000'000'000 + attempt;
  made.attempt = attempt;
  made.chosen = 1;
  made.total_ms = 12;
  made.of = names;
  made.sites.resize(2);
  made.sites[1].considered = true;
  made.sites[1].service = 8;
  return made;
}

/// Knows one call; waits before each look until it may.
struct slow_book final : decision_book {
  explicit slow_book(const call_id& known) : known_(known) {}

  decision_log_status status() const override { return {}; }
  std::vector<decisions::record> find(const call_id& id) override {
    ++looks;
    may.wait();
    return id == known_ ? std::vector{record_of(id, 1)}
                        : std::vector<decisions::record>{};
  }
  std::vector<decisions::record> newest(const std::string&,
                                        size_t) const override {
    return {};
  }
  std::vector<decision_segment> segments() const override { return {}; }
  result<std::string> segment(uint64_t) const override {
    return std::string{};
  }

  std::atomic<int> looks{0};
  std::latch may{1};

private:
  const call_id known_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(decision_answers_test)

BOOST_AUTO_TEST_CASE(attempts_travel_as_they_are_kept) {
  const auto id = call(1);
  const auto asked = decisions_request(id);
  BOOST_REQUIRE(call_of(asked));
  BOOST_TEST((*call_of(asked) == id));
  const auto reply = decisions_reply(9, {record_of(id, 1), record_of(id, 2)});
  BOOST_TEST(reply.id == 9u);
  const node_name edge{"edge-1"}, other{"edge-2"};
  const auto told = told_of(
    id, {{other, decisions_reply(9, {}).payload}, {edge, reply.payload}});
  BOOST_TEST((told.by == edge));
  BOOST_REQUIRE_EQUAL(told.attempts.size(), 2u);
  auto kept = record_of(id, 2);
  decisions::round_as_kept(kept);
  const auto& second = told.attempts[1];
  BOOST_TEST(second.attempt == 2);
  BOOST_TEST(second.at_us == kept.at_us);
  BOOST_TEST(second.total_ms == kept.total_ms);
  BOOST_TEST((*second.of == *kept.of));
  BOOST_TEST(second.sites[1].service == kept.sites[1].service);
  BOOST_TEST(!second.sites[0].considered);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_nothing) {
  const auto id = call(1);
  const auto good = decisions_reply(9, {record_of(id, 1)}).payload;
  const node_name edge{"edge-1"};
  for (const auto& bad :
       {std::string{"x"}, good.substr(0, good.size() / 2), std::string(500, 'y')}) {
    const auto told = told_of(id, {{edge, bad}});
    BOOST_TEST(told.attempts.empty());
    BOOST_TEST(told.by.empty());
  }
  // Of another event: whatever a node says, it is not what was asked.
  BOOST_TEST(told_of(call(2), {{edge, good}}).attempts.empty());
  wire::admin_request request;
  request.kind = decisions_kind;
  request.payload = "no id";
  BOOST_TEST(!call_of(request));
  request = decisions_request(id);
  request.kind = "logs";
  BOOST_TEST(!call_of(request));
}

BOOST_AUTO_TEST_CASE(an_answer_is_bounded) {
  const auto id = call(1);
  const std::vector<decisions::record> many(10'000, record_of(id, 1));
  const auto told
    = told_of(id, {{node_name{"a"}, decisions_reply(1, many).payload}});
  BOOST_TEST(told.attempts.size() == 64u);
}

BOOST_AUTO_TEST_CASE(questions_of_two_kinds_do_not_mix) {
  node_questions all;
  std::vector<std::string> ended;
  const auto note = [&](const std::string& what) {
    return [&ended, what](const auto&) { ended.push_back(what); };
  };
  const node_name a{"a"};
  const auto logs = all.logs.begin({a}, {}, note("logs"));
  const auto decided = all.decisions.begin({a}, {}, note("decisions"));
  wire::admin_reply reply;
  reply.id = 7;
  BOOST_TEST(!all.answered(a, reply));
  reply.id = uint64_t{1} << 62; // another router's estimates
  BOOST_TEST(!all.answered(a, reply));
  reply.id = decided;
  BOOST_TEST(all.answered(a, reply));
  BOOST_TEST(ended == std::vector<std::string>{"decisions"},
             boost::test_tools::per_element());
  reply.id = logs;
  reply.why = {errc::unavailable, "it cannot"};
  BOOST_TEST(all.answered(a, reply)); // counts as an empty one
  BOOST_TEST(ended.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_desk_looks_one_up_after_the_other_within_a_bound) {
  slow_book book{call(1)};
  decision_desk desk{book};
  std::promise<size_t> first, refused;
  desk.look_up(call(1), [&](const auto& found) { first.set_value(found.size()); });
  while (book.looks == 0) // it is being looked up: no longer among the waiting
    std::this_thread::yield();
  std::atomic<int> answered{0};
  std::latch all{static_cast<ptrdiff_t>(decision_desk::most_waiting)};
  for (size_t i = 0; i < decision_desk::most_waiting; ++i)
    desk.look_up(call(2), [&](const auto& found) {
      answered += found.empty();
      all.count_down();
    });
  desk.look_up(call(1), [&](const auto& found) { refused.set_value(found.size()); });
  BOOST_TEST(refused.get_future().get() == 0u); // at once
  BOOST_TEST(answered == 0);
  book.may.count_down();
  BOOST_TEST(first.get_future().get() == 1u);
  all.wait();
  BOOST_TEST(answered == static_cast<int>(decision_desk::most_waiting));
  desk.end();
  desk.look_up(call(1), [](const auto&) { BOOST_ERROR("it has ended"); });
}

BOOST_AUTO_TEST_SUITE_END()
