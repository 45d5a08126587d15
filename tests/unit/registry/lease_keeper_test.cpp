#include "registry/lease/led_catalog.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"
#include "tests/support/memory_lease.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <poll.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
using namespace std::chrono_literals;

namespace {

/// Moved by the test; read by the keeper's thread.
struct test_clock final : clock_source {
  time_point now() const noexcept override { return time_point{at.load()}; }
  wall_time wall() const noexcept override { return {}; }
  void pass(duration time) { at = at.load() + time; }
  std::atomic<duration> at{duration{1h}};
};

/// One lease for all, used from several threads; can be away.
struct shared_lease {
  explicit shared_lease(const clock_source& clock) : lease(clock) {}
  std::mutex mutex;
  memory_lease lease;
  std::atomic<bool> away{false};
};

class lease_view final : public lease_store {
public:
  explicit lease_view(shared_lease& of) : of_(of) {}
  result<lease_answer> acquire(const std::string& holder,
                               duration ttl) override {
    const std::lock_guard lock{of_.mutex};
    if (of_.away)
      return error{errc::unavailable, "gone fishing", "wait"};
    return of_.lease.acquire(holder, ttl);
  }
  result<bool> renew(const lease& held, duration ttl) override {
    const std::lock_guard lock{of_.mutex};
    if (of_.away)
      return error{errc::unavailable, "gone fishing", "wait"};
    return of_.lease.renew(held, ttl);
  }
  result<void> release(const lease& held) override {
    const std::lock_guard lock{of_.mutex};
    return of_.lease.release(held);
  }

private:
  shared_lease& of_;
};

/// A store that remembers under which lease it was written.
struct fenced_catalog : memory_catalog {
  void fence(const lease& held) override { last = held; }
  lease last;
};

struct keeper_world {
  std::unique_ptr<lease_keeper> keeper(const std::string& holder) {
    lease_keeper_config config;
    config.store = std::make_unique<lease_view>(shared);
    config.holder = holder;
    config.clock = &clock;
    config.seed = 1;
    config.on_lost = [this](const std::string& to) {
      lost_to.set_value(to);
    };
    return std::make_unique<lease_keeper>(std::move(config));
  }
  template <class Condition>
  void until(Condition holds) {
    for (int i = 0; i < 3000 && !holds(); ++i)
      ::poll(nullptr, 0, 10);
    BOOST_REQUIRE(holds());
  }

  test_clock clock;
  shared_lease shared{clock};
  std::promise<std::string> lost_to;
  const std::function<bool()> never = [] { return false; };
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(lease_keeper_test, keeper_world)

  BOOST_AUTO_TEST_CASE(it_renews_in_time_and_gives_the_lease_back) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->acquire(1s, never));
    const auto first = one->held();
    BOOST_TEST(first.token == 1u);
    // Far beyond one term, in steps that leave time to renew.
    for (int i = 0; i < 4; ++i) {
      const auto before = clock.now();
      clock.pass(900ms);
      // The store must have been asked again since.
      until([&] {
        const std::lock_guard lock{shared.mutex};
        const auto other = shared.lease.acquire("b", 1s);
        return !other->granted
               && other->left > leadership::options{}.ttl - 900ms
               && clock.now() > before;
      });
      BOOST_TEST((one->held() == first));
    }
    one.reset();
    BOOST_TEST(!!shared.lease.acquire("b", 1s)->granted);
  }

  BOOST_AUTO_TEST_CASE(a_standby_waits_and_takes_over) {
    auto leader = keeper("a");
    BOOST_REQUIRE(!!leader->acquire(1s, never));
    auto standby = keeper("b");
    std::atomic<bool> asked{false};
    auto waiting = std::async(std::launch::async, [&] {
      return standby->acquire(1s, [&] {
        asked = true;
        return false;
      });
    });
    until([&] { return asked.load(); });
    BOOST_TEST(standby->held().token == 0u);
    leader.reset();
    until([&] {
      clock.pass(100ms);
      return waiting.wait_for(0s) == std::future_status::ready;
    });
    BOOST_TEST(!!waiting.get());
    BOOST_TEST(standby->held().token == 2u);
  }

  BOOST_AUTO_TEST_CASE(waiting_ends_when_asked_to_or_when_the_store_is_away) {
    BOOST_REQUIRE(!!shared.lease.acquire("other", 1h)->granted);
    auto one = keeper("a");
    int asked = 0;
    const auto stopped = one->acquire(1s, [&] { return ++asked > 3; });
    BOOST_REQUIRE(!stopped);
    BOOST_TEST((stopped.error().code == errc::cancelled));
    shared.away = true;
    auto two = keeper("b");
    const auto away = two->acquire(2s, [&] {
      clock.pass(100ms);
      return false;
    });
    BOOST_REQUIRE(!away);
    BOOST_TEST(away.error().message == "gone fishing");
  }

  BOOST_AUTO_TEST_CASE(without_a_term_nothing_is_committed) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->acquire(1s, never));
    auto inner = std::make_unique<fenced_catalog>();
    auto* store = inner.get();
    auto* kept = one.get();
    led_catalog catalog{std::move(one), std::move(inner)};
    auto state = *catalog.load();
    const auto change = *plan(state, deploy_of("f", 1), wall_time{});
    shared.away = true;
    clock.pass(10s);
    const auto refused = catalog.commit(change);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    BOOST_TEST(store->commits() == 0u);
    until([&] {
      return catalog.commit(change).error().message.find("gone fishing")
             != std::string::npos;
    });
    // It comes back under a new token.
    shared.away = false;
    until([&] {
      clock.pass(100ms);
      return kept->held().token != 0;
    });
    BOOST_TEST(!!catalog.commit(change));
    BOOST_TEST(store->last.token == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_leader_that_was_replaced_is_told_by_whom) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->acquire(1s, never));
    shared.away = true; // as if stopped
    clock.pass(1min);
    {
      const std::lock_guard lock{shared.mutex};
      BOOST_REQUIRE(!!shared.lease.acquire("b", 1h)->granted);
    }
    shared.away = false;
    auto told = lost_to.get_future();
    until([&] {
      clock.pass(100ms);
      return told.wait_for(0s) == std::future_status::ready;
    });
    BOOST_TEST(told.get() == "b");
    BOOST_TEST(one->held().token == 0u);
    BOOST_TEST(one->trouble().message.find("b has the lease")
               != std::string::npos);
  }

BOOST_AUTO_TEST_SUITE_END()
