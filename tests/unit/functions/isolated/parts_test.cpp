// Answers that leave in parts, by worker process and in the node's own.
#include "tests/support/noted_parts.hpp"
#include "tests/unit/functions/isolated/isolated_fixture.hpp"

#include <csignal>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

using namespace faas;
using namespace faas::test;
namespace data = boost::unit_test::data;

namespace {

using list = std::vector<std::string>;

struct parts_fixture : isolated_fixture {
  std::shared_ptr<noted_parts> parts = std::make_shared<noted_parts>();
  parts_fixture() {
    config.trust.trust_all = true;
    config.inline_bounds = {1h, 1h};
  }
  reply ask(function_host& host, std::string body, duration timeout = 10s) {
    auto asked = event(std::move(body), timeout);
    asked.parts = parts;
    const auto token = ++tokens;
    host.submit(std::move(asked), got->promise(token));
    return got->wait(token);
  }
};

const auto modes = data::make({trust_mode::isolated, trust_mode::threads});

} // namespace

BOOST_AUTO_TEST_SUITE(parts_test)

  BOOST_DATA_TEST_CASE_F(parts_fixture, parts_leave_at_once, modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    const auto end = ask(*host, "parts 3");
    BOOST_TEST((end.code == errc::ok));
    BOOST_TEST((parts->parts() == list{"part 0;", "part 1;", "part 2;"}));
    BOOST_TEST(end.body.view() == "end");
    BOOST_TEST(parts->head().status == 201);
    BOOST_TEST(parts->head().content_type == "text/event-stream");
    BOOST_TEST((parts->head().headers == header_list{{"X-A", "1"}}));
    const auto plain = call(*host, "parts 1"); // the worker is well
    BOOST_TEST(plain.body.view() == "part 0;end");
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_head_may_leave_first, modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    BOOST_TEST(ask(*host, "head").body.view() == "end");
    BOOST_TEST((parts->parts() == list{""}));
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, nobody_takes_parts_so_it_comes_whole,
                         modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    const auto whole = call(*host, "parts 3");
    BOOST_TEST(whole.body.view() == "part 0;part 1;part 2;end");
    BOOST_TEST(whole.status == 201);
  }

  BOOST_FIXTURE_TEST_CASE(inline_answers_come_whole, parts_fixture) {
    auto host = open_ready(library("in_parts", trust_mode::inline_));
    BOOST_TEST(ask(*host, "parts 2").body.view() == "part 0;part 1;end");
    BOOST_TEST(!parts->began());
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_large_part_goes_in_pieces, modes,
                         mode) {
    auto host = open_ready(library("in_parts", mode));
    BOOST_TEST((ask(*host, "large 150000").code == errc::ok));
    BOOST_TEST(parts->parts().size() == 3u);
    BOOST_TEST(parts->all() == std::string(150'000, 'x'));
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, what_is_bounded_is_a_part, modes,
                         mode) {
    auto from = library("in_parts", mode);
    from.spec.petrel.max_body_bytes = 10;
    auto host = open_ready(from);
    BOOST_TEST((ask(*host, "parts 5").code == errc::ok)); // 35 bytes
    BOOST_TEST((call(*host, "parts 5").code == errc::function_failed));
    BOOST_TEST((ask(*host, "large 11").code == errc::function_failed));
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_fault_after_parts_is_an_error, modes,
                         mode) {
    auto host = open_ready(library("in_parts", mode));
    const auto threw = ask(*host, "throw 2");
    BOOST_TEST(code_name(threw) == "function_failed");
    BOOST_TEST(parts->parts().size() == 2u);
    const auto late = ask(*host, "start 1");
    BOOST_TEST(code_name(late) == "function_failed");
    BOOST_TEST(late.message.find("twice") != std::string::npos);
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_function_learns_that_nobody_waits,
                         modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    parts->leave_after(3);
    ask(*host, "endless");
    BOOST_TEST(eventually(
      [&] { return logged("in_parts", "stopped after 3"); }));
    BOOST_TEST((call(*host, "parts 1").code == errc::ok));
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_deaf_function_ends_all_the_same,
                         modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    parts->leave_after(1);
    ask(*host, "deaf 1000");
    BOOST_TEST(eventually([&] { return logged("in_parts", "deaf"); }));
    BOOST_TEST((call(*host, "parts 1").code == errc::ok));
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_slow_reader_holds_the_function_back,
                         modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    parts->be_full(20);
    BOOST_TEST((ask(*host, "parts 2").code == errc::ok));
    BOOST_TEST(parts->still_full() == 0);
    BOOST_TEST(parts->parts().size() == 2u);
  }

  BOOST_FIXTURE_TEST_CASE(a_worker_that_dies_between_parts_is_not_replaced,
                          parts_fixture) {
    auto from = library("in_parts");
    from.spec.petrel.idempotent = true;
    auto host = open_ready(from);
    const auto worker = std::stoi(host->facts()["workers"]);
    parts->on_part = [&] {
      ::kill(worker, SIGKILL);
      BOOST_TEST(eventually([&] { return !lives(worker); }));
    };
    const auto end = ask(*host, "parts 3");
    BOOST_TEST(code_name(end) == "outcome_unknown");
    BOOST_TEST((parts->parts() == list{"part 0;"})); // and not twice
    parts->on_part = nullptr;
    BOOST_TEST((call(*host, "parts 1").code == errc::ok));
  }

  BOOST_DATA_TEST_CASE_F(parts_fixture, a_reader_that_stands_still_ends_it,
                         modes, mode) {
    auto host = open_ready(library("in_parts", mode));
    parts->be_full(1'000'000'000);
    const auto end = ask(*host, "endless", 300ms);
    BOOST_TEST(code_name(end) == "cancelled"); // and not whole
    BOOST_TEST(host->stats().written_off == 0u);
    BOOST_TEST(eventually(
      [&] { return logged("in_parts", "stopped after 0"); }));
  }

BOOST_AUTO_TEST_SUITE_END()
