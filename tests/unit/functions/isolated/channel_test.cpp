// Both ends of a channel, with the memory between them also written by hand.
#include "functions/isolated/channel/channel.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace faas;
using namespace faas::isolated;
using namespace std::chrono_literals;

namespace {

time_point in(duration d) {
  return std::chrono::steady_clock::now() + d;
}

struct channel_fixture {
  channel_fixture()
    : mine(must(segment::make(10'000))),
      its(must(segment::open(::dup(mine.fd())))), node(mine), worker(its) {}
  static segment must(result<segment> made) {
    BOOST_REQUIRE(made);
    return std::move(*made);
  }
  segment mine, its;
  node_end node;
  worker_end worker;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(channel_test, channel_fixture)

  BOOST_AUTO_TEST_CASE(a_question_is_answered) {
    BOOST_REQUIRE(node.ask("head", "body"));
    BOOST_TEST(!node.taken());
    BOOST_TEST(worker.next() == "head");
    BOOST_TEST(node.taken());
    BOOST_TEST(worker.body(4) == "body");
    BOOST_TEST((node.wait(in(1ms)) == wait_result::timed_out));
    BOOST_REQUIRE(worker.answer("its head", "its body"));
    BOOST_TEST((node.wait(in(0ms)) == wait_result::answered));
    BOOST_TEST(*node.answer_head() == "its head");
    BOOST_TEST(node.answer_body(8) == "its body");
  }

  BOOST_AUTO_TEST_CASE(sleeping_ends_wake_each_other) {
    std::thread other{[&] {
      for (int i = 0; i < 2000; ++i) {
        const std::string head{worker.next()};
        worker.answer(head, head);
      }
    }};
    int right = 0;
    for (int i = 0; i < 2000; ++i) {
      const auto text = std::to_string(i);
      node.ask(text, {});
      if (node.wait(in(20s)) == wait_result::answered
          && node.answer_head() == text)
        ++right;
      if (i % 500 == 0) { // long enough for the other to fall asleep
        std::mutex mutex;
        std::condition_variable never;
        std::unique_lock lock{mutex};
        never.wait_for(lock, 2ms);
      }
    }
    other.join();
    BOOST_TEST(right == 2000);
  }

  BOOST_AUTO_TEST_CASE(what_does_not_fit_is_not_sent) {
    BOOST_TEST(!node.ask(std::string(300'000, 'x'), {}));
    BOOST_TEST(!node.ask("head", std::string(13'000, 'x')));
    BOOST_TEST(node.ask("head", std::string(10'000, 'x')));
    worker.next();
    BOOST_TEST(!worker.answer("head", std::string(13'000, 'x')));
    BOOST_TEST(worker.answer("head", std::string(10'000, 'x')));
  }

  BOOST_AUTO_TEST_CASE(a_wrong_number_is_corruption) {
    node.ask("head", {});
    its.words().answered.store(0xffffffff);
    BOOST_TEST((node.wait(in(1s)) == wait_result::corrupted));
    its.words().answered.store(2); // of the next question
    BOOST_TEST((node.wait(in(1s)) == wait_result::corrupted));
  }

  BOOST_AUTO_TEST_CASE(lies_about_sizes_lead_nowhere) {
    node.ask("head", {});
    its.words().answered_head.store(0xfffffff0);
    its.words().answered.store(1);
    BOOST_REQUIRE((node.wait(in(1s)) == wait_result::answered));
    BOOST_TEST(!node.answer_head());
    BOOST_TEST(node.answer_body(~uint64_t{0}).size() == 12'288u);
  }

  BOOST_AUTO_TEST_CASE(a_read_head_does_not_change_any_more) {
    node.ask("head", {});
    worker.next();
    worker.answer("good", {});
    BOOST_REQUIRE((node.wait(in(1s)) == wait_result::answered));
    const auto head = node.answer_head();
    std::memset(its.answer_head().data(), 'x', 4);
    BOOST_TEST(*head == "good");
  }

  BOOST_AUTO_TEST_CASE(cancelling_reaches_the_question_that_runs) {
    node.ask("one", {});
    worker.next();
    BOOST_TEST(!worker.cancelled());
    node.cancel();
    BOOST_TEST(worker.cancelled());
    worker.answer("x", {});
    node.ask("two", {});
    worker.next();
    BOOST_TEST(!worker.cancelled());
  }

  BOOST_AUTO_TEST_CASE(no_process_can_change_the_size) {
    BOOST_TEST(ftruncate(mine.fd(), 4096) != 0);
    BOOST_TEST(ftruncate(mine.fd(), 1 << 30) != 0);
    BOOST_TEST(fcntl(mine.fd(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
  }

  BOOST_AUTO_TEST_CASE(memory_of_large_bodies_is_given_back) {
    auto big = must(segment::make(4 * limits::mib));
    std::memset(big.request_body().data(), 1, 4 * limits::mib);
    std::memset(big.answer_body().data(), 1, 4 * limits::mib);
    struct stat before {}, after {};
    fstat(big.fd(), &before);
    big.release_bodies(limits::mib);
    fstat(big.fd(), &after);
    BOOST_TEST((before.st_blocks - after.st_blocks) * 512
               == 6 * static_cast<int64_t>(limits::mib));
    BOOST_TEST(big.request_body()[limits::mib - 1] == 1);
    BOOST_TEST(big.request_body()[limits::mib] == 0);
  }

  BOOST_AUTO_TEST_CASE(memory_of_another_kind_is_not_opened) {
    const int wrong = memfd_create("other", MFD_CLOEXEC);
    BOOST_TEST(!segment::open(wrong));
    BOOST_REQUIRE(ftruncate(wrong, 1 << 20) == 0);
    BOOST_TEST(!segment::open(wrong));
    uint64_t words[] = {shared_words::known_magic, ~uint64_t{0}};
    BOOST_REQUIRE(pwrite(wrong, words, 16, 0) == 16);
    BOOST_TEST(!segment::open(wrong));
    ::close(wrong);
  }

  BOOST_AUTO_TEST_CASE(spinning_adapts_within_its_bounds) {
    spin_budget none{false};
    none.found(true);
    BOOST_TEST((none.value() == 0ns));
    spin_budget some{true};
    BOOST_TEST((some.value() == spin_budget::most));
    for (int i = 0; i < 100; ++i)
      some.found(false);
    BOOST_TEST((some.value() == spin_budget::least));
    for (int i = 0; i < 100; ++i)
      some.found(true);
    BOOST_TEST((some.value() == spin_budget::most));
  }

  BOOST_AUTO_TEST_SUITE_END()
