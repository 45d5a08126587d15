#include "actors/system/thread_roll.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <future>
#include <utility>

#include <pthread.h>

namespace {

using namespace faas::actors;
using namespace std::chrono_literals;

/// Holds a thread up at its very end: behind all that other libraries do there,
/// which CAF still waits for.
struct farewell {
  farewell() { BOOST_REQUIRE(pthread_key_create(&key, last_words) == 0); }
  ~farewell() { pthread_key_delete(key); }

  static void last_words(void* of) {
    auto& me = *static_cast<farewell*>(of);
    if (!std::exchange(me.second_round, true)) {
      pthread_setspecific(me.key, of); // asks to be called once more
      return;
    }
    me.said.set_value();
    me.may_end.get_future().wait();
  }

  pthread_key_t key{};
  bool second_round = false;
  std::promise<void> said, may_end;
};

} // namespace

BOOST_AUTO_TEST_SUITE(thread_roll_test)

BOOST_AUTO_TEST_CASE(a_thread_that_has_not_ended_is_waited_for) {
  auto roll = std::make_shared<thread_roll>();
  farewell end;
  {
    caf::actor_system_config config;
    config.add_thread_hook<roll_hook>(roll);
    caf::actor_system system{config};
    const auto before = roll->size();
    system.spawn<caf::detached>([&](caf::event_based_actor*) {
      pthread_setspecific(end.key, &end);
    });
    system.await_all_actors_done();
    BOOST_TEST(roll->size() > before); // also detached ones are on the roll
  }
  // The system is gone, the thread is not.
  end.said.get_future().wait();
  BOOST_TEST(!roll->wait_until_ended(1ms));
  end.may_end.set_value();
  BOOST_TEST(roll->wait_until_ended(20s));
}

BOOST_AUTO_TEST_SUITE_END()
