// Who may run beside whom. No model is loaded here.
#include "functions/torch/thread_budget.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace faas;
using namespace faas::torch_runtime;

namespace {

const auto at_last = std::chrono::steady_clock::now() + std::chrono::hours{1};
constexpr auto never = [] { return false; };
constexpr auto at_once = [] { return true; };

} // namespace

BOOST_AUTO_TEST_SUITE(thread_budget_test)

  BOOST_AUTO_TEST_CASE(shares_are_taken_and_given_back) {
    const auto budget = std::make_shared<thread_budget>(4);
    {
      const auto one = budget->take(2, at_last, never), two = budget->take(2, at_last, never);
      BOOST_TEST((one && two));
      BOOST_TEST(!budget->take(1, at_last, at_once)); // all are taken
    }
    BOOST_TEST(bool(budget->take(4, at_last, never)));
  }

  BOOST_AUTO_TEST_CASE(who_asks_for_more_than_there_are_runs_alone) {
    const auto budget = std::make_shared<thread_budget>(2);
    const auto all = budget->take(8, at_last, never);
    BOOST_TEST(bool(all));
    BOOST_TEST(!budget->take(1, at_last, at_once));
  }

  BOOST_AUTO_TEST_CASE(who_gives_up_need_not_wait_for_its_turn) {
    const auto budget = std::make_shared<thread_budget>(1);
    std::optional<thread_budget::share> all = budget->take(1, at_last, never);
    std::atomic<bool> waits{false}, got{false};
    std::thread first{[&] {
      got = budget
              ->take(1, at_last,
                     [&] {
                       waits = true;
                       return false;
                     })
              .has_value();
    }};
    while (!waits)
      std::this_thread::yield();
    BOOST_TEST(!budget->take(1, at_last, at_once)); // behind the first
    BOOST_TEST(!budget->take(1, std::chrono::steady_clock::now(), never));
    all.reset();
    first.join();
    BOOST_TEST(got.load());
  }

  BOOST_AUTO_TEST_CASE(without_a_bound_nobody_waits) {
    const auto budget = std::make_shared<thread_budget>(0);
    const auto one = budget->take(100, at_last, at_once), two = budget->take(100, at_last, at_once);
    BOOST_TEST((one && two));
  }

  BOOST_AUTO_TEST_CASE(never_more_than_there_are_and_all_come_to_their_turn) {
    const auto budget = std::make_shared<thread_budget>(3);
    std::atomic<uint32_t> used{0}, most{0}, turns{0};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < 6; ++i)
      threads.emplace_back([&, wanted = 1 + i % 3] {
        for (int turn = 0; turn < 200; ++turn) {
          const auto share = budget->take(wanted, at_last, never);
          const auto now = used.fetch_add(wanted) + wanted;
          for (auto seen = most.load(); seen < now;)
            if (most.compare_exchange_weak(seen, now))
              break;
          ++turns;
          used.fetch_sub(wanted);
        }
      });
    for (auto& one : threads)
      one.join();
    BOOST_TEST(most.load() <= 3u);
    BOOST_TEST(turns.load() == 1200u);
  }

BOOST_AUTO_TEST_SUITE_END()
