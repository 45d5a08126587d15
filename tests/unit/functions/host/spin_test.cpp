// Executors that look for work before they sleep.
#include "functions/host/executor_pool.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

using namespace faas;
using namespace faas::host;
using namespace std::chrono_literals;

namespace {

class job final : public work {
public:
  explicit job(std::atomic<int>& done)
    : work(std::chrono::steady_clock::now() + 1h), done_(done) {}
  void run(uint32_t) noexcept override { ++done_; }
  void give_up(give_up_reason, bool) noexcept override {}

private:
  std::atomic<int>& done_;
};

struct pool_fixture {
  std::atomic<int> done{0};
  std::shared_ptr<executor_pool> pool = executor_pool::start({4, "spin", {}});
  void await(int count) {
    while (done < count)
      std::this_thread::yield();
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(spin_test)

  BOOST_AUTO_TEST_CASE(a_pool_ends_while_one_looks_for_work) {
    for (int i = 0; i < 300; ++i) {
      pool_fixture one;
      BOOST_REQUIRE(one.pool->run_job(work_ptr{new job{one.done}}));
      one.await(1); // its thread looks for more now
      one.pool->stop(1s);
    }
  }

  BOOST_FIXTURE_TEST_CASE(no_work_is_left_behind, pool_fixture) {
    int sent = 0;
    for (int round = 0; round < 2000; ++round) {
      for (int i = 0; i <= round % 3; ++i) {
        BOOST_REQUIRE(pool->run_job(work_ptr{new job{done}}));
        ++sent;
      }
      await(sent);
    }
    pool->stop(1s);
  }

  BOOST_FIXTURE_TEST_CASE(what_was_held_back_runs_on_all_threads,
                          pool_fixture) {
    // Each waits until all run: on one thread they would wait for ever.
    class meeting final : public work {
    public:
      meeting(std::atomic<int>& here, std::atomic<int>& over)
        : work(std::chrono::steady_clock::now() + 1h), here_(here),
          over_(over) {}
      void run(uint32_t) noexcept override {
        ++here_;
        const auto end = std::chrono::steady_clock::now() + 30s;
        while (here_ % 3 != 0 && std::chrono::steady_clock::now() < end)
          std::this_thread::yield();
        ++over_;
      }
      void give_up(give_up_reason, bool) noexcept override {}

    private:
      std::atomic<int>&here_, &over_;
    };
    for (int round = 1; round <= 200; ++round) {
      std::atomic<int> here{0};
      const auto source = std::make_shared<work_source>(3, 10);
      pool->add(source);
      BOOST_REQUIRE(pool->hold(*source));
      const auto now = std::chrono::steady_clock::now();
      for (int i = 0; i < 3; ++i)
        BOOST_TEST((pool->submit(*source, work_ptr{new meeting{here, done}},
                                 now)
                    == admission::admitted));
      const auto before = done.load();
      std::atomic<int> quick{0};
      pool->run_job(work_ptr{new job{quick}}); // its thread looks for more
      while (quick == 0)
        std::this_thread::yield();
      pool->resume(*source);
      await(before + 3);
      BOOST_REQUIRE(here == 3);
      pool->close(*source);
    }
    pool->stop(1s);
  }

BOOST_AUTO_TEST_SUITE_END()
