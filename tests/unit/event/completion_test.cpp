#include "libfaas/event/completion.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <type_traits>
#include <vector>

using namespace faas;

namespace {

/// Records what it is told.
struct recorder final : completion_sink {
  std::map<uint64_t, std::vector<reply>> answers;
  bool wants = true;
  void complete(uint64_t token, reply&& answer) noexcept override {
    answers[token].push_back(std::move(answer));
  }
  bool wanted(uint64_t) const noexcept override { return wants; }
};

struct fixture {
  std::shared_ptr<recorder> sink = std::make_shared<recorder>();

  reply with_status(uint16_t status) {
    reply answer;
    answer.status = status;
    return answer;
  }
  /// The only answer to that token.
  const reply& answer_to(uint64_t token) {
    BOOST_REQUIRE(sink->answers[token].size() == 1);
    return sink->answers[token][0];
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(completion_test, fixture)

  BOOST_AUTO_TEST_CASE(delivers_the_answer_with_its_token) {
    completion done{sink, 7};
    BOOST_TEST(!!done);
    done(with_status(201));
    BOOST_TEST(!done);
    BOOST_TEST(answer_to(7).status == 201);
  }

  BOOST_AUTO_TEST_CASE(a_second_answer_goes_nowhere) {
    completion done{sink, 7};
    done(with_status(200));
    done(with_status(500));
    BOOST_TEST(answer_to(7).status == 200);
  }

  BOOST_AUTO_TEST_CASE(destroyed_unanswered_it_answers_abandoned) {
    { completion done{sink, 9}; }
    const auto& answer = answer_to(9);
    BOOST_TEST((answer.code == errc::abandoned));
    BOOST_TEST(answer.status == 500);
    BOOST_TEST(!answer.message.empty());
    BOOST_TEST(!answer.next_step.empty());
  }

  BOOST_AUTO_TEST_CASE(destroyed_after_the_answer_it_is_silent) {
    {
      completion done{sink, 9};
      done(with_status(200));
    }
    BOOST_TEST(answer_to(9).status == 200);
  }

  BOOST_AUTO_TEST_CASE(moving_passes_the_duty_on) {
    completion first{sink, 3};
    completion second{std::move(first)};
    BOOST_TEST(!first);
    BOOST_TEST(!!second);
    first(with_status(500));
    BOOST_TEST(sink->answers.empty());
    second(with_status(204));
    BOOST_TEST(answer_to(3).status == 204);
  }

  BOOST_AUTO_TEST_CASE(move_assignment_abandons_the_event_it_held) {
    completion held{sink, 1};
    completion other{sink, 2};
    held = std::move(other);
    BOOST_TEST((answer_to(1).code == errc::abandoned));
    BOOST_TEST(sink->answers.count(2) == 0);
    held(with_status(200));
    BOOST_TEST(answer_to(2).status == 200);
  }

  BOOST_AUTO_TEST_CASE(assigning_it_to_itself_keeps_the_duty) {
    completion done{sink, 4};
    auto& alias = done;
    done = std::move(alias);
    BOOST_TEST(!!done);
    BOOST_TEST(sink->answers.empty());
    done(with_status(200));
    BOOST_TEST(answer_to(4).status == 200);
  }

  BOOST_AUTO_TEST_CASE(a_vector_of_them_abandons_each_once) {
    {
      std::vector<completion> many;
      for (uint64_t token = 0; token < 100; ++token)
        many.emplace_back(sink, token);
    }
    for (uint64_t token = 0; token < 100; ++token)
      BOOST_TEST((answer_to(token).code == errc::abandoned));
  }

  BOOST_AUTO_TEST_CASE(wanted_asks_the_sink_while_an_answer_is_owed) {
    completion done{sink, 5};
    BOOST_TEST(done.wanted());
    sink->wants = false;
    BOOST_TEST(!done.wanted());
    sink->wants = true;
    done(with_status(200));
    BOOST_TEST(!done.wanted());
  }

  BOOST_AUTO_TEST_CASE(an_empty_completion_owes_nothing) {
    completion none;
    BOOST_TEST(!none);
    BOOST_TEST(!none.wanted());
    none(with_status(200));
    BOOST_TEST(sink->answers.empty());
  }

  BOOST_AUTO_TEST_CASE(released_it_owes_nothing_more) {
    {
      completion done{sink, 6};
      const auto [owner, token] = done.release();
      BOOST_TEST((owner == sink));
      BOOST_TEST(token == 6);
      BOOST_TEST(!done);
    }
    BOOST_TEST(sink->answers.empty());
  }

  BOOST_AUTO_TEST_CASE(keeps_its_sink_alive_until_the_answer) {
    std::weak_ptr<recorder> watched = sink;
    completion done{std::move(sink), 8};
    sink.reset();
    BOOST_TEST(!watched.expired());
    done(with_status(200));
    BOOST_TEST(watched.expired());
  }

  BOOST_AUTO_TEST_CASE(can_be_moved_but_not_copied) {
    static_assert(!std::is_copy_constructible_v<completion>);
    static_assert(!std::is_copy_assignable_v<completion>);
    static_assert(std::is_nothrow_move_constructible_v<completion>);
    completion first{std::make_shared<recorder>(), 9};
    const completion second{std::move(first)};
    BOOST_TEST(!first);
    BOOST_TEST(bool{second});
  }

  BOOST_AUTO_TEST_SUITE_END()
