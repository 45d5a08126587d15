#include "registry/lease/lease_keeper.hpp"
#include "registry/lease/led_catalog.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"
#include "tests/support/memory_lease.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
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

/// What followers are told, in order.
struct told_news {
  void operator()(leader_news now) {
    const std::lock_guard lock{mutex};
    all.push_back(std::move(now));
  }
  leader_news last() {
    const std::lock_guard lock{mutex};
    return all.empty() ? leader_news{} : all.back();
  }
  std::mutex mutex;
  std::vector<leader_news> all;
};

struct keeper_world {
  std::shared_ptr<lease_keeper> keeper(const std::string& holder) {
    lease_keeper_config config;
    config.store = std::make_unique<lease_view>(shared);
    config.holder = holder;
    config.clock = &clock;
    config.seed = 1;
    return std::make_shared<lease_keeper>(std::move(config));
  }
  template <class Condition>
  void until(Condition holds) {
    for (int i = 0; i < 3000 && !holds(); ++i)
      ::poll(nullptr, 0, 10);
    BOOST_REQUIRE(holds());
  }
  /// Time passes until the condition holds.
  template <class Condition>
  void pass_until(Condition holds) {
    until([&] {
      clock.pass(100ms);
      return holds();
    });
  }

  test_clock clock;
  shared_lease shared{clock};
  told_news news;
  const std::function<bool()> never = [] { return false; };
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(lease_keeper_test, keeper_world)

  BOOST_AUTO_TEST_CASE(it_renews_in_time_and_gives_the_lease_back) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->begin(1s, never));
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

  BOOST_AUTO_TEST_CASE(a_standby_begins_at_once_and_takes_over) {
    auto leader = keeper("a 1");
    BOOST_REQUIRE(!!leader->begin(1s, never));
    auto standby = keeper("b 1");
    BOOST_REQUIRE(!!standby->begin(1s, never));
    BOOST_TEST(standby->held().token == 0u);
    standby->follow(std::ref(news));
    BOOST_TEST((news.last() == leader_news{{}, "a 1"}));
    BOOST_TEST(standby->trouble().message.find("a does") != std::string::npos);
    BOOST_TEST((standby->trouble().code == errc::unavailable));
    leader.reset();
    pass_until([&] { return news.last().held.token != 0; });
    BOOST_TEST((news.last() == leader_news{{"b 1", 2}, ""}));
    BOOST_TEST((standby->held() == lease{"b 1", 2}));
  }

  BOOST_AUTO_TEST_CASE(it_waits_for_the_lease_of_its_former_process) {
    BOOST_REQUIRE(!!shared.lease.acquire("a 1", 2s)->granted);
    auto one = keeper("a 2");
    const auto start = clock.now();
    BOOST_REQUIRE(!!one->begin(1s, [&] {
      clock.pass(100ms);
      return false;
    }));
    BOOST_TEST(one->held().token == 2u);
    BOOST_TEST((clock.now() - start >= 2s));
  }

  BOOST_AUTO_TEST_CASE(one_that_resigns_says_so_before_another_can_lead) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->begin(1s, never));
    bool free_when_told = true;
    one->follow([&](const leader_news& now) {
      news(now);
      if (now.held.token != 0)
        return;
      const std::lock_guard lock{shared.mutex};
      free_when_told = !!shared.lease.acquire("b", 1s)->granted;
    });
    one->resign();
    BOOST_TEST(news.last().held.token == 0u);
    BOOST_TEST(!free_when_told);
    BOOST_TEST(one->held().token == 0u);
    BOOST_TEST(!!shared.lease.acquire("b", 1s)->granted);
    clock.pass(1h);
    BOOST_TEST(one->held().token == 0u);
    one->follow(nullptr);
  }

  BOOST_AUTO_TEST_CASE(beginning_ends_when_asked_to_or_when_the_store_is_away) {
    shared.away = true;
    auto one = keeper("a");
    int asked = 0;
    const auto stopped = one->begin(1h, [&] { return ++asked > 3; });
    BOOST_REQUIRE(!stopped);
    BOOST_TEST((stopped.error().code == errc::cancelled));
    auto two = keeper("b");
    const auto away = two->begin(2s, [&] {
      clock.pass(100ms);
      return false;
    });
    BOOST_REQUIRE(!away);
    BOOST_TEST(away.error().message == "gone fishing");
  }

  BOOST_AUTO_TEST_CASE(without_a_term_nothing_is_read_or_committed) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->begin(1s, never));
    auto inner = std::make_unique<fenced_catalog>();
    auto* store = inner.get();
    led_catalog catalog{one, std::move(inner)};
    auto state = *catalog.load();
    const auto change = *plan(state, deploy_of("f", 1), wall_time{});
    shared.away = true;
    clock.pass(10s);
    const auto refused = catalog.commit(change);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    BOOST_TEST(store->commits() == 0u);
    BOOST_TEST((catalog.replace({}, {}).error().code == errc::unavailable));
    BOOST_TEST((catalog.load().error().code == errc::unavailable));
    until([&] {
      return catalog.commit(change).error().message.find("gone fishing")
             != std::string::npos;
    });
    // It comes back under a new token.
    shared.away = false;
    pass_until([&] { return one->held().token != 0; });
    BOOST_TEST(!!catalog.commit(change));
    BOOST_TEST(store->last.token == 2u);
    store->last = {};
    catalog_state other;
    other.at = {"imported", 9};
    BOOST_TEST(!!catalog.replace(other, {}));
    BOOST_TEST(store->last.token == 2u);
    BOOST_TEST((store->state() == other));
  }

  BOOST_AUTO_TEST_CASE(a_term_that_is_over_is_told_while_the_store_hangs) {
    auto one = keeper("a");
    BOOST_REQUIRE(!!one->begin(1s, never));
    one->follow(std::ref(news));
    BOOST_TEST(news.last().held.token == 1u);
    shared.away = true;
    pass_until([&] { return news.last().held.token == 0; });
    BOOST_TEST(news.last().held_by == "");
    BOOST_TEST(one->trouble().message.find("gone fishing")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_leader_that_was_replaced_stands_by_and_leads_again) {
    auto one = keeper("a 1");
    BOOST_REQUIRE(!!one->begin(1s, never));
    one->follow(std::ref(news));
    shared.away = true; // as if stopped
    clock.pass(1min);
    lease other;
    {
      const std::lock_guard lock{shared.mutex};
      other = *shared.lease.acquire("b 1", 1h)->granted;
    }
    shared.away = false;
    pass_until([&] { return news.last().held_by == "b 1"; });
    BOOST_TEST(one->held().token == 0u);
    BOOST_TEST(one->trouble().message.find("b does") != std::string::npos);
    // Away, it still says who was the last to lead.
    shared.away = true;
    clock.pass(1min);
    BOOST_TEST(one->trouble().message.find("b does") != std::string::npos);
    shared.away = false;
    {
      const std::lock_guard lock{shared.mutex};
      (void) shared.lease.release(other);
    }
    pass_until([&] { return one->held().token != 0; });
    until([&] { return news.last().held.token != 0; });
    BOOST_TEST(news.last().held.token > other.token);
  }

BOOST_AUTO_TEST_SUITE_END()
