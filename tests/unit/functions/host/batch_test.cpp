// Events that wait are run together, and answered one by one.
#include "tests/unit/functions/host/host_fixture.hpp"

using namespace faas;
using namespace faas::test;

namespace {

struct batch_fixture : host_fixture {
  door first, inside; ///< of events "hold"; of batches with an event "stuck"
  std::mutex mutex;
  std::vector<size_t> batches; ///< sizes

  batch_fixture() {
    config.threads = 1;
    inside.open();
    auto& script = scripts["f"];
    script.batches = {4, {}};
    script.invoke = [this](const invocation& event, invocation_context&) {
      if (event.body.view() == "hold")
        first.pass();
      return text_reply("alone " + std::string{event.body.view()});
    };
    script.together = [this](auto events, auto, auto answers) {
      {
        const std::lock_guard lock{mutex};
        batches.push_back(events.size());
      }
      for (size_t i = 0; i < events.size(); ++i)
        answers[i]
          = text_reply("joined " + std::string{events[i]->body.view()});
      stuck_door().pass();
    };
  }
  ~batch_fixture() {
    if (hosts)
      hosts->stop(0s);
    BOOST_TEST(eventually([&] { return scripts["f"].modules == 0; }));
  }

  door& stuck_door() { return stuck ? *stuck : inside; }
  std::string answer(uint64_t token) {
    const auto got_one = got->wait(token);
    return got_one.code == errc::ok ? std::string{got_one.body.view()}
                                    : code_name(got_one);
  }
  std::vector<size_t> sizes() {
    const std::lock_guard lock{mutex};
    return batches;
  }
  /// Submits while an event holds the only executor, then lets it go.
  std::vector<uint64_t>
  behind_the_first(function_host& host,
                   const std::vector<std::pair<std::string, duration>>& all) {
    submit(host, "hold");
    first.await(1);
    std::vector<uint64_t> tokens_of;
    for (const auto& [body, left] : all)
      tokens_of.push_back(submit(host, body, left));
    first.open();
    return tokens_of;
  }

  std::unique_ptr<door> stuck;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(batch_test, batch_fixture)

  BOOST_AUTO_TEST_CASE(events_that_wait_run_together) {
    auto host = open_ready(request("f"));
    const auto sent
      = behind_the_first(*host, {{"a", 10s}, {"b", 10s}, {"c", 10s}});
    BOOST_TEST(answer(sent[0]) == "joined a");
    BOOST_TEST(answer(sent[1]) == "joined b");
    BOOST_TEST(answer(sent[2]) == "joined c");
    BOOST_TEST(sizes() == std::vector<size_t>{3});
    BOOST_TEST(got->each_once());
    const auto facts = host->facts();
    BOOST_TEST(facts.at("batches") == "1");
    BOOST_TEST(facts.at("events_in_batches") == "3");
    BOOST_TEST(host->stats().answered == 4u);
    BOOST_TEST(host->stats().waiting == 0u);
  }

  /// Shares add up to the batch, which is told by each of its events alike.
  BOOST_AUTO_TEST_CASE(answers_tell_the_whole_batch) {
    scripts["f"].share = [](const invocation& event) {
      return batch_share{event.body.view() == "b" ? 2u : 1u, 0};
    };
    auto host = open_ready(request("f"));
    const auto sent = behind_the_first(*host, {{"a", 10s}, {"b", 10s}});
    const auto a = got->wait(sent[0]).times, b = got->wait(sent[1]).times;
    BOOST_TEST(a.batch.count() > 0);
    BOOST_TEST((a.batch == b.batch));
    BOOST_TEST((a.service == a.batch / 3));
    BOOST_TEST((b.service == b.batch * 2 / 3));
    BOOST_TEST((got->wait(submit(*host, "alone")).times.batch == duration{}));
  }

  BOOST_AUTO_TEST_CASE(batches_are_no_larger_than_the_most) {
    auto host = open_ready(request("f"));
    std::vector<std::pair<std::string, duration>> all(9, {"x", 10s});
    for (const auto token : behind_the_first(*host, all))
      BOOST_TEST(!answer(token).empty());
    BOOST_TEST(sizes() == (std::vector<size_t>{4, 4}));
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(an_idle_function_waits_for_nobody) {
    auto host = open_ready(request("f"));
    BOOST_TEST(answer(submit(*host, "a")) == "alone a");
    BOOST_TEST(sizes().empty());
  }

  BOOST_AUTO_TEST_CASE(what_cannot_be_joined_runs_alone) {
    scripts["f"].share = [](const invocation& event) {
      return batch_share{event.body.view() == "bad" ? 0u : 1u,
                         event.body.view() == "other" ? 1u : 0u};
    };
    auto host = open_ready(request("f"));
    const auto sent = behind_the_first(
      *host, {{"a", 10s}, {"bad", 10s}, {"other", 10s}, {"b", 10s}});
    BOOST_TEST(answer(sent[0]) == "joined a");
    BOOST_TEST(answer(sent[1]) == "alone bad");
    BOOST_TEST(answer(sent[2]) == "alone other");
    BOOST_TEST(answer(sent[3]) == "joined b");
  }

  BOOST_AUTO_TEST_CASE(event_that_the_batch_would_make_late_runs_alone) {
    scripts["f"].batch_time
      = [](uint32_t items) -> duration { return items > 2 ? 1h : 1ms; };
    auto host = open_ready(request("f"));
    const auto sent
      = behind_the_first(*host, {{"a", 10s}, {"b", 10s}, {"c", 10s}});
    for (const auto token : sent)
      answer(token);
    BOOST_TEST(sizes() == std::vector<size_t>{2});
    BOOST_TEST(answer(sent[2]) == "alone c");
  }

  BOOST_AUTO_TEST_CASE(each_event_of_a_batch_has_its_own_deadline) {
    stuck = std::make_unique<door>();
    auto host = open_ready(request("f"));
    const auto sent = behind_the_first(*host, {{"a", 10s}, {"b", 300ms}});
    BOOST_TEST(answer(sent[1]) == "deadline_exceeded");
    BOOST_TEST(!got->has(sent[0]));
    stuck->open();
    BOOST_TEST(!answer(sent[0]).empty());
    BOOST_TEST(host->stats().written_off == 0u);
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(thread_is_written_off_when_all_are_late) {
    stuck = std::make_unique<door>();
    auto host = open_ready(request("f"));
    const auto sent = behind_the_first(*host, {{"a", 300ms}, {"b", 400ms}});
    BOOST_TEST(answer(sent[0]) == "deadline_exceeded");
    BOOST_TEST(answer(sent[1]) == "deadline_exceeded");
    BOOST_TEST(eventually([&] { return host->stats().written_off == 1u; }));
    BOOST_TEST(answer(submit(*host, "next")) == "alone next");
    stuck->open();
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_CASE(window_is_waited_for_until_the_batch_is_full) {
    scripts["f"].batches = {2, 5s};
    auto host = open_ready(request("f"));
    const auto one = submit(*host, "a"), other = submit(*host, "b");
    BOOST_TEST(answer(one) == "joined a");
    BOOST_TEST(answer(other) == "joined b");
  }

  BOOST_AUTO_TEST_CASE(stop_answers_all_of_a_batch) {
    stuck = std::make_unique<door>();
    auto host = open_ready(request("f"));
    const auto sent = behind_the_first(*host, {{"a", 30s}, {"b", 30s}});
    stuck->await(1);
    hosts->stop(0s);
    BOOST_TEST(answer(sent[0]) == "shutting_down");
    BOOST_TEST(answer(sent[1]) == "shutting_down");
    stuck->open();
    BOOST_TEST(got->each_once());
  }

  BOOST_AUTO_TEST_SUITE_END()
