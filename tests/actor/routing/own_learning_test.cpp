// What policies that learn by themselves are told.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct learning_world : port_world {
  learning_world() {
    std::vector<site> sites;
    for (int i = 0; i < 2; ++i) {
      peers.push_back(std::make_shared<fake_peer>("n" + std::to_string(i)));
      sites.push_back({nullptr, peers.back()});
    }
    learn_by("stoic", sites);
  }
  void learn_by(const std::string& policy, std::vector<site> sites) {
    publish(route_of(std::move(sites), false, 1, {}, policy));
  }
  /// One event: where it went, and what waits for its answer.
  std::pair<size_t, link_event> send_one() {
    submit();
    loop.run();
    const size_t at = peers[0]->sent.empty() ? 1 : 0;
    auto& peer = *peers[at];
    BOOST_REQUIRE(peer.sent.size() == 1u);
    auto sent = std::move(peer.sent.front());
    peer.sent.clear();
    return {at, std::move(sent)};
  }
  /// One event, answered with a byte: 30 ms of work and 1 of way at site 0, 10
  /// and 10 at site 1. Where it went.
  size_t play() {
    auto [at, sent] = send_one();
    const std::array<duration, 2> work{30ms, 10ms}, way{1ms, 10ms};
    advance(work[at] + way[at]);
    auto made = ok_reply();
    made.body = blob{"x"};
    made.times.service = work[at];
    sent.done(std::move(made));
    loop.run();
    return at;
  }
  std::vector<std::shared_ptr<fake_peer>> peers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(own_learning_test, learning_world)

BOOST_AUTO_TEST_CASE(bytes_are_those_of_both_ways) {
  // Were the way of four bytes there and one back taken for that of one byte,
  // site 1 would look five times as far.
  for (int i = 0; i < 4; ++i)
    play(); // two each, to set up
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(play() == 1u);
}

/// A site that was still loading when it was first asked must not be thought slow
/// for that.
BOOST_AUTO_TEST_CASE(a_refusal_says_nothing_of_the_time) {
  learn_by("c3", {{nullptr, peers[0]}, {nullptr, peers[1]}});
  submit();
  loop.run();
  const size_t first = peers[0]->sent.empty() ? 1 : 0;
  peers[first]->answer(errc::unavailable);
  loop.run();
  peers[1 - first]->answer(errc::ok, true);
  loop.run();
  BOOST_TEST(play() == first); // it has not been tried yet
}

/// Site 0 answers at once, and says what cannot be. Fast as it seems to this
/// router, an answer like that is no better than a failure.
struct lying_world : learning_world {
  size_t play(duration told) {
    auto [at, sent] = send_one();
    advance(at == 0 ? 1ms : 20ms);
    auto made = ok_reply();
    made.times.service = at == 0 ? told : 10ms;
    made.times.queue = made.times.cold = at == 0 ? told : 0ms;
    sent.done(std::move(made));
    loop.run();
    return at;
  }
};

BOOST_FIXTURE_TEST_CASE(impossible_times_draw_no_events, lying_world) {
  for (const auto* policy : {"last-value:explore=0", "ewma:explore=0", "c3"})
    for (const duration told :
         {duration::max(), duration::min(), duration{-1}, duration{1h}})
      BOOST_TEST_CONTEXT(policy << ", " << told.count() << " ns") {
        learn_by("stoic", {{nullptr, peers[0]}, {nullptr, peers[1]}});
        learn_by(policy, {{nullptr, peers[0]}, {nullptr, peers[1]}});
        play(told);
        play(told); // one each
        for (int i = 0; i < 5; ++i)
          BOOST_TEST(play(told) == 1u);
      }
}

BOOST_AUTO_TEST_SUITE_END()
