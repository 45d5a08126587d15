#include "gateway/http/pending_table.hpp"
#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>

using namespace faas;
using namespace std::chrono_literals;
using http::pending_table;

namespace {

struct waiter final : http::answer_waiter {
  void answered(reply&& answer) noexcept override {
    ++count;
    last = answer.code;
    if (then)
      then();
  }
  int count = 0;
  errc last = errc::ok;
  std::function<void()> then;
};

struct fixture {
  time_point start{};
  int wakes = 0;
  std::shared_ptr<pending_table> table
    = std::make_shared<pending_table>(4, start, [this] { ++wakes; });
  waiter one, two;
};

reply ok() {
  return {};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(pending_table_test, fixture)

  BOOST_AUTO_TEST_CASE(an_answer_on_the_loop_is_delivered_in_place) {
    const auto token = table->open(one, start + 1s);
    BOOST_REQUIRE(token != 0);
    BOOST_TEST(table->wanted(token));
    table->complete(token, ok());
    BOOST_TEST(one.count == 1);
    BOOST_TEST(!table->wanted(token));
    BOOST_TEST(table->size() == 0u);
    BOOST_TEST(wakes == 0);
  }

  BOOST_AUTO_TEST_CASE(a_second_answer_is_late_and_counted) {
    const auto token = table->open(one, start + 1s);
    table->complete(token, ok());
    table->complete(token, ok());
    BOOST_TEST(one.count == 1);
    BOOST_TEST(table->late() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_reused_slot_does_not_take_the_old_answer) {
    const auto old = table->open(one, start + 1s);
    table->drop(old);
    const auto fresh = table->open(two, start + 1s);
    BOOST_TEST(static_cast<uint32_t>(old) == static_cast<uint32_t>(fresh));
    table->complete(old, ok());
    BOOST_TEST(two.count == 0);
    BOOST_TEST(!table->wanted(old));
    BOOST_TEST(table->wanted(fresh));
  }

  BOOST_AUTO_TEST_CASE(tokens_that_were_never_given_are_not_wanted) {
    for (const uint64_t token : {0ull, 1ull, 99ull, ~0ull, 1ull << 32 | 3})
      BOOST_TEST(!table->wanted(token));
  }

  BOOST_AUTO_TEST_CASE(a_full_table_gives_no_token) {
    for (int i = 0; i < 4; ++i)
      BOOST_TEST(table->open(one, start + 1s) != 0u);
    BOOST_TEST(table->open(two, start + 1s) == 0u);
    BOOST_TEST(table->size_now() == 4u);
  }

  BOOST_AUTO_TEST_CASE(a_passed_deadline_answers_504_within_a_tick) {
    table->open(one, start + 95ms);
    table->expire(start + 94ms);
    BOOST_TEST(one.count == 0);
    table->expire(start + 95ms + pending_table::tick);
    BOOST_TEST(one.count == 1);
    BOOST_TEST((one.last == errc::deadline_exceeded));
  }

  BOOST_AUTO_TEST_CASE(a_deadline_beyond_one_turn_of_the_wheel_waits) {
    const auto turn = pending_table::tick * pending_table::buckets;
    table->open(one, start + 3 * turn);
    for (auto now = start; now < start + 3 * turn; now += 50ms)
      table->expire(now);
    BOOST_TEST(one.count == 0);
    table->expire(start + 3 * turn + 2 * pending_table::tick);
    BOOST_TEST(one.count == 1);
  }

  BOOST_AUTO_TEST_CASE(a_deadline_already_passed_expires_at_the_next_tick) {
    table->expire(start + 1s);
    table->open(one, start + 10ms);
    table->expire(start + 1s + pending_table::tick);
    BOOST_TEST(one.count == 1);
  }

  BOOST_AUTO_TEST_CASE(a_long_pause_of_the_loop_skips_no_deadline) {
    table->open(one, start + 20ms);
    table->open(two, start + 4s);
    table->expire(start + 1h);
    BOOST_TEST(one.count == 1);
    BOOST_TEST(two.count == 1);
  }

  BOOST_AUTO_TEST_CASE(answers_of_other_threads_wake_once_and_wait_for_drain) {
    const auto a = table->open(one, start + 1s);
    const auto b = table->open(two, start + 1s);
    std::async(std::launch::async, [&] {
      table->complete(a, ok());
      table->complete(b, ok());
    }).get();
    BOOST_TEST(wakes == 1);
    BOOST_TEST(one.count == 0);
    BOOST_TEST(table->wanted(a));
    table->drain();
    BOOST_TEST(one.count == 1);
    BOOST_TEST(two.count == 1);
    table->drain();
    BOOST_TEST(one.count == 1);
  }

  BOOST_AUTO_TEST_CASE(a_destroyed_completion_answers_abandoned) {
    { completion dropped{table, table->open(one, start + 1s)}; }
    BOOST_TEST((one.last == errc::abandoned));
  }

  BOOST_AUTO_TEST_CASE(a_waiter_may_open_the_next_entry_while_answered) {
    uint64_t next = 0;
    one.then = [&] { next = table->open(two, start + 1s); };
    table->complete(table->open(one, start + 1s), ok());
    BOOST_TEST(table->wanted(next));
  }

  BOOST_AUTO_TEST_CASE(expiry_may_drop_other_entries_that_expire_too) {
    const auto b = table->open(two, start + 10ms);
    one.then = [&] { table->drop(b); };
    table->open(one, start + 10ms);
    table->expire(start + 1s);
    BOOST_TEST(one.count == 1);
    BOOST_TEST(two.count == 0);
  }

  BOOST_AUTO_TEST_CASE(close_answers_all_and_wakes_no_more) {
    const auto a = table->open(one, start + 1s);
    table->open(two, start + 1s);
    table->close();
    BOOST_TEST((one.last == errc::shutting_down));
    BOOST_TEST(two.count == 1);
    BOOST_TEST(table->open(one, start + 1s) == 0u);
    std::async(std::launch::async, [&] { table->complete(a, ok()); }).get();
    BOOST_TEST(wakes == 0);
    BOOST_TEST(table->late() == 1u);
  }

  BOOST_AUTO_TEST_CASE(random_use_answers_each_entry_exactly_once) {
    random_source random{20261122};
    BOOST_TEST_MESSAGE("seed 20261122");
    pending_table big{64, start, [] {}};
    struct entry {
      waiter who;
      uint64_t token = 0;
      bool dropped = false;
    };
    std::vector<std::unique_ptr<entry>> all;
    auto now = start;
    for (int i = 0; i < 20'000; ++i) {
      now += std::chrono::microseconds{random.below(5000)};
      const auto what = random.below(10);
      if (what < 5) {
        auto made = std::make_unique<entry>();
        made->token = big.open(
          made->who, now + std::chrono::milliseconds{random.below(8000)});
        if (made->token)
          all.push_back(std::move(made));
      } else if (what < 8 && !all.empty()) {
        big.complete(all[random.below(all.size())]->token, ok());
      } else if (what == 8 && !all.empty()) {
        auto& chosen = *all[random.below(all.size())];
        if (big.wanted(chosen.token)) {
          chosen.dropped = true;
          big.drop(chosen.token);
        }
      } else {
        big.expire(now);
      }
    }
    big.expire(now + 1h);
    BOOST_TEST(big.size() == 0u);
    const auto wrong
      = std::count_if(all.begin(), all.end(), [](const auto& entry) {
          return entry->who.count != (entry->dropped ? 0 : 1);
        });
    BOOST_TEST(wrong == 0);
    BOOST_TEST(all.size() > 1000u);
  }

  BOOST_AUTO_TEST_SUITE_END()
