// Random faults between a session and a model broker: nothing is lost, nothing
// is acknowledged that the application did not acknowledge.
#include "tests/unit/mqtt/model_broker.hpp"
#include "tests/unit/mqtt/session_rig.hpp"

#include <algorithm>

using namespace faas;
using namespace faas::mqtt;
using namespace std::chrono_literals;

namespace {

session_options small_bounds() {
  auto options = session_rig::defaults();
  options.max_deliveries = 4;
  options.max_outbound = 8;
  return options;
}

/// Client, broker and the two pipes between them, driven by one seed.
class world {
public:
  explicit world(uint64_t seed)
    : random_(seed), broker_(1 + random_.below(8)), session_(small_bounds()) {
    BOOST_REQUIRE(session_.subscribe({{"t", qos::at_least_once}}, now_));
  }

  void run() {
    for (int i = 0; i < 60; ++i)
      broker_.offer("in" + std::to_string(i));
    for (int step = 0; step < 1500; ++step)
      chaos();
    settle();
    check();
  }

  size_t cuts = 0, voids = 0, dups = 0, pauses = 0;

private:
  void chaos() {
    switch (random_.below(12)) {
    case 0:
      if (random_.below(4) == 0)
        cut();
      break;
    case 1:
      publish();
      break;
    case 2:
    case 3:
    case 4:
      acknowledge(random_.below(8));
      break;
    case 5:
      now_ += from_ms(static_cast<double>(random_.below(4000)));
      session_.tick(now_);
      break;
    default:
      move_bytes();
    }
    obey();
  }

  /// No further fault: everything must come to rest.
  void settle() {
    for (int i = 0; i < 5000 && !at_rest(); ++i) {
      if (!linked_)
        link();
      move_bytes();
      obey();
      acknowledge(0);
      obey();
      session_.tick(now_ += 1ms);
      obey();
    }
  }

  bool at_rest() const {
    return broker_.idle() && session_.outbound() == 0 && held_.empty();
  }

  void check() {
    BOOST_REQUIRE(broker_.idle());
    BOOST_REQUIRE_EQUAL(handled_.size(), 60u);
    BOOST_REQUIRE(broker_.received == published_); // in order, none lost
    BOOST_REQUIRE_EQUAL(done_.size(), published_.size());
    BOOST_REQUIRE_EQUAL(session_.outbound(), 0u);
  }

  void link() {
    linked_ = true;
    to_broker_.clear();
    broker_.connected();
    session_.transport_up(now_);
    obey();
  }
  void cut() {
    if (!linked_)
      return link();
    ++cuts;
    // What is under way may still arrive, or a part of it.
    broker_.receive(to_broker_.substr(0, random_.below(to_broker_.size() + 1)));
    unlink();
    session_.transport_down();
  }
  void unlink() {
    linked_ = false;
    to_broker_.clear();
    broker_.lost();
    broker_.out().clear();
  }

  void move_bytes() {
    if (!linked_)
      return;
    auto part = random_.below(to_broker_.size() + 1);
    broker_.receive(to_broker_.substr(0, part));
    to_broker_.erase(0, part);
    pauses += !session_.wants_input();
    if (!session_.wants_input())
      return;
    auto& out = broker_.out();
    part = random_.below(out.size() + 1);
    const auto bytes = out.substr(0, part);
    out.erase(0, part);
    session_.received(bytes, now_);
  }

  void publish() {
    const auto payload = "out" + std::to_string(published_.size());
    const auto id = session_.publish({"r", payload}, now_);
    if (id)
      published_.push_back(payload);
    else
      BOOST_REQUIRE((id.error().code == errc::overloaded));
  }

  void acknowledge(size_t which) {
    if (held_.empty())
      return;
    const auto at
      = held_.begin() + static_cast<ptrdiff_t>(which % held_.size());
    // Before the call: the PUBACK may reach the broker from now on.
    const auto one = *at;
    held_.erase(at);
    const bool valid = session_.acknowledge(one.id, now_);
    voids += !valid;
    if (valid)
      handled_.insert(std::string{one.payload.view()});
  }

  /// Carries out the session's effects.
  void obey() {
    for (auto& one : session_.take_effects()) {
      if (auto* bytes = std::get_if<send_bytes>(&one)) {
        to_broker_ += bytes->bytes;
        session_.written(bytes->bytes.size(), now_);
      } else if (auto* got = std::get_if<deliver>(&one)) {
        dups += got->message.dup;
        held_.push_back(std::move(got->message));
      } else if (auto* done = std::get_if<publish_done>(&one)) {
        BOOST_REQUIRE(done_.insert(done->id).second);
      } else if (std::holds_alternative<close_transport>(one)) {
        unlink(); // a ping timed out while bytes lay in the pipe
      }
    }
    for (; checked_ < broker_.taken.size(); ++checked_)
      BOOST_REQUIRE(handled_.contains(broker_.taken[checked_]));
    BOOST_REQUIRE(session_.unacknowledged_deliveries() <= 4u);
    BOOST_REQUIRE(session_.outbound() <= 8u);
  }

  random_source random_;
  model_broker broker_;
  session session_;
  time_point now_{1h};
  bool linked_ = false;
  std::string to_broker_;
  std::vector<delivery> held_; ///< by the application, void ones included
  std::set<std::string> handled_;
  size_t checked_ = 0; ///< prefix of the broker's taken
  std::vector<std::string> published_;
  std::set<publish_id> done_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(session_faults_test)

  BOOST_AUTO_TEST_CASE(nothing_is_lost_under_random_faults) {
    size_t cuts = 0, voids = 0, dups = 0, pauses = 0;
    for (uint64_t seed = 1; seed <= 300; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        world one{seed};
        one.run();
        cuts += one.cuts;
        voids += one.voids;
        dups += one.dups;
        pauses += one.pauses;
      }
    }
    BOOST_TEST_MESSAGE(cuts << " cuts, " << voids << " void acknowledgements, "
                            << dups << " redeliveries, " << pauses
                            << " turns paused");
    // The faults really happen.
    BOOST_TEST(cuts > 1000u);
    BOOST_TEST(voids > 300u);
    BOOST_TEST(dups > 300u);
    BOOST_TEST(pauses > 300u);
  }

  BOOST_AUTO_TEST_SUITE_END()
