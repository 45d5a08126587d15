// Lines of workers, and what happens after their deaths: pure parts.
#include "functions/isolated/crash_budget.hpp"
#include "functions/isolated/log_intake.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::isolated;
using namespace std::chrono_literals;

namespace {

struct listener final : invocation_context {
  bool cancelled() const noexcept override { return false; }
  duration remaining() const noexcept override { return 1s; }
  void log(log_level level, std::string_view text) noexcept override {
    lines.push_back(std::to_string(static_cast<int>(level)) + " "
                    + std::string{text});
  }
  std::vector<std::string> lines;
};

} // namespace

BOOST_AUTO_TEST_SUITE(lines_test)

  BOOST_AUTO_TEST_CASE(lines_are_cut_where_they_end) {
    line_splitter splitter;
    std::vector<std::string> got;
    const auto take = [&](std::string_view line) { got.emplace_back(line); };
    splitter.add("one\ntw", take);
    splitter.add("o\r\n\nrest", take);
    BOOST_TEST((got == std::vector<std::string>{"one", "two", ""}));
    splitter.flush(take);
    splitter.flush(take);
    BOOST_TEST(got.size() == 4u);
    BOOST_TEST(got.back() == "rest");
  }

  BOOST_AUTO_TEST_CASE(endless_lines_are_bounded) {
    line_splitter splitter;
    std::vector<std::string> got;
    const auto take = [&](std::string_view line) { got.emplace_back(line); };
    for (int i = 0; i < 1000; ++i)
      splitter.add(std::string(1000, 'x'), take);
    BOOST_TEST(got.empty());
    splitter.add("\nnext\n", take);
    BOOST_REQUIRE(got.size() == 2u);
    BOOST_TEST(got[0].size() == limits::log_line_bytes);
    BOOST_TEST(got[1] == "next");
  }

  BOOST_AUTO_TEST_CASE(lines_go_to_the_call_that_runs) {
    log_intake intake;
    listener first, second;
    intake.output("before\n");
    intake.begin(&first);
    intake.record("\x02warned");
    intake.record("\x09" "odd level");
    intake.output("said\nunfinished");
    intake.flush();
    intake.end();
    intake.output("between\n");
    intake.begin(&second);
    intake.end();
    BOOST_TEST((first.lines
                == std::vector<std::string>{"1 before", "2 warned",
                                            "3 odd level", "1 said",
                                            "1 unfinished"}));
    BOOST_TEST((second.lines == std::vector<std::string>{"1 between"}));
  }

  BOOST_AUTO_TEST_CASE(too_many_lines_are_counted_only) {
    log_intake intake;
    listener call;
    intake.begin(&call);
    for (size_t i = 0; i < log_intake::most + 5; ++i)
      intake.output("line\n");
    intake.end();
    BOOST_TEST(call.lines.size() == log_intake::most + 1);
    BOOST_TEST(call.lines.back() == "2 5 more lines of this call were left out");
    for (size_t i = 0; i < 1000; ++i)
      intake.output("held\n");
    listener next;
    intake.begin(&next);
    BOOST_TEST(next.lines.size() == log_intake::most_held);
  }

  BOOST_AUTO_TEST_CASE(the_last_lines_are_kept_for_a_report) {
    log_intake intake;
    BOOST_TEST(intake.last_lines() == "");
    for (int i = 0; i < 7; ++i)
      intake.output(std::to_string(i) + "\n");
    BOOST_TEST(intake.last_lines() == "; its last lines: 2 | 3 | 4 | 5 | 6");
  }

  BOOST_AUTO_TEST_CASE(the_first_death_costs_nothing_and_many_end_it) {
    crash_budget budget{{4, 50ms, 1s}};
    const time_point now{1h};
    budget.died(now);
    BOOST_TEST((budget.not_before() <= now));
    budget.died(now);
    BOOST_TEST((budget.not_before() == now + 50ms));
    budget.died(now);
    BOOST_TEST((budget.not_before() == now + 100ms));
    BOOST_TEST(!budget.exhausted());
    budget.died(now);
    BOOST_TEST(budget.exhausted());
  }

  BOOST_AUTO_TEST_CASE(an_answer_forgives_deaths) {
    crash_budget budget{{2, 50ms, 1s}};
    const time_point now{1h};
    for (int i = 0; i < 10; ++i) {
      budget.died(now);
      budget.served();
    }
    BOOST_TEST(!budget.exhausted());
    BOOST_TEST((budget.not_before() <= now));
  }

  BOOST_AUTO_TEST_CASE(pauses_have_a_bound) {
    crash_budget budget{{1000, 50ms, 1s}};
    const time_point now{1h};
    for (int i = 0; i < 500; ++i)
      budget.died(now);
    BOOST_TEST((budget.not_before() == now + 1s));
  }

  BOOST_AUTO_TEST_SUITE_END()
