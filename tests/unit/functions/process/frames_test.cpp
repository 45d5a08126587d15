// Frames of protocol worker, and the texts of the Lambda Runtime API.
#include "functions/process/lambda_rules.hpp"
#include "functions/process/worker_frames.hpp"
#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::process;
using namespace std::chrono_literals;

namespace {

std::string le(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string text(std::string_view what) {
  return le(what.size(), 4) + std::string{what};
}

std::string answer_of(uint16_t status, uint16_t memory, uint32_t headers,
                      uint64_t size, const std::string& rest) {
  return le(status, 2) + le(memory, 2) + le(headers, 4) + le(size, 8) + rest;
}

invocation event() {
  invocation made;
  made.id = {1, 2};
  made.path = "/p";
  made.query = "q=1";
  made.content_type = "a/b";
  made.headers = {{"X-A", "1"}};
  made.body = blob{"body"};
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(frames_test)

  BOOST_AUTO_TEST_CASE(a_call_is_laid_out_as_documented) {
    const auto payload
      = le(1'500'000, 8) + le(3, 2) + le(0, 2) + le(1, 4) + le(4, 8)
        + text("00000000-0000-0001-0000-000000000002") + text("POST")
        + text("/p") + text("q=1") + text("a/b") + text("") + text("")
        + text("X-A") + text("1") + "body";
    BOOST_TEST(worker::encode_call(7, event(), 3, 1500ms)
               == le(payload.size(), 4) + le(2, 4) + le(7, 8) + payload);
    auto large = event();
    large.body = blob{std::string(worker::inline_bytes + 1, 'x')};
    BOOST_TEST(worker::encode_call(7, large, 3, 1ms).size() < 400);
    BOOST_TEST(worker::encode_cancel(9) == le(0, 4) + le(3, 4) + le(9, 8));
  }

  BOOST_AUTO_TEST_CASE(frames_come_in_any_pieces) {
    const auto bytes = worker::encode_cancel(1) + worker::encode({2, 4096, 9});
    worker::frame_reader in;
    std::vector<worker::frame> got;
    for (const char c : bytes) {
      in.feed({&c, 1});
      while (auto next = in.next())
        got.push_back(*next);
    }
    BOOST_REQUIRE(got.size() == 2);
    BOOST_TEST(got[0].call == 1u);
    BOOST_TEST(got[1].kind == 1);
    BOOST_TEST(got[1].payload == le(1, 2) + le(2, 2) + le(65536, 4)
                                   + le(4096, 8) + le(9, 8) + le(1, 4));
    BOOST_TEST(in.wrong() == "");
  }

  BOOST_AUTO_TEST_CASE(frames_that_are_too_large_or_odd_are_wrong) {
    worker::frame_reader large;
    large.feed(le(worker::most_payload + 1, 4) + le(17, 4) + le(1, 8));
    BOOST_TEST(!large.next());
    BOOST_TEST(large.wrong() != "");
    worker::frame_reader odd;
    odd.feed(le(0, 4) + le(0x1'11, 4) + le(1, 8));
    BOOST_TEST(!odd.next());
    BOOST_TEST(odd.wrong() != "");
  }

  BOOST_AUTO_TEST_CASE(answers_are_checked) {
    const auto good = worker::decode_answer(
      answer_of(201, 0, 3, 2,
                text("a/b") + text("X-A") + text("1") + text("Connection")
                  + text("close") + text("Content-Length") + text("9") + "ok"),
      10);
    BOOST_REQUIRE(good);
    BOOST_TEST(good->what.status == 201);
    BOOST_TEST(good->what.content_type == "a/b");
    BOOST_TEST((good->what.headers == header_list{{"X-A", "1"}}));
    BOOST_TEST(good->what.body.view() == "ok");
    const auto memory
      = worker::decode_answer(answer_of(200, 1, 0, 10, text("")), 10);
    BOOST_REQUIRE(memory);
    BOOST_TEST(memory->in_memory == 10u);
    const std::string wrong[] = {
      "",
      answer_of(199, 0, 0, 0, text("")),              // status
      answer_of(600, 0, 0, 0, text("")),
      answer_of(200, 2, 0, 0, text("")),              // place of the body
      answer_of(200, 1, 0, 11, text("")),             // over the limit
      answer_of(200, 1, 0, ~uint64_t{0}, text("")),
      answer_of(200, 0, 0, 11, text("") + "elevenbytes"),
      answer_of(200, 0, 0, 2, text("") + "x"),        // less than it says
      answer_of(200, 0, 0, 0, text("") + "x"),        // more
      answer_of(200, 1, 0, 1, text("") + "x"),        // both
      answer_of(200, 0, 1, 0, text("")),              // no header there
      answer_of(200, 0, 0xffffffff, 0, text("")),
      answer_of(200, 0, 1, 0, text("") + text("a b") + text("")),
      answer_of(200, 0, 1, 0, text("") + text("a") + text("x\r\ny: z")),
      answer_of(200, 0, 0, 0, text("a\nb")),
      answer_of(200, 0, 0, 0, le(0xffffffff, 4)),
    };
    for (const auto& one : wrong)
      BOOST_TEST(!worker::decode_answer(one, 10));
  }

  BOOST_AUTO_TEST_CASE(other_frames_are_checked) {
    const auto said
      = worker::decode_ready(le(1, 2) + le(4, 2) + text("python\n3"));
    BOOST_REQUIRE(said);
    BOOST_TEST(said->at_once == 4);
    BOOST_TEST(said->about == "python?3");
    BOOST_TEST(!worker::decode_ready(le(1, 2) + le(0, 2) + text("")));
    BOOST_TEST(!worker::decode_ready(""));
    BOOST_TEST(*worker::decode_failure(text("why")) == "why");
    BOOST_TEST(!worker::decode_failure(text("why") + "x"));
    BOOST_TEST(worker::decode_log("\1line")->text == "line");
    BOOST_TEST(!worker::decode_log("\4line"));
    BOOST_TEST(!worker::decode_log(""));
  }

  BOOST_AUTO_TEST_CASE(any_bytes_are_taken) {
    random_source random{42};
    for (int round = 0; round < 3000; ++round) {
      std::string bytes = round % 2 ? answer_of(200, 0, 1, 3, text("t"))
                                    : std::string{};
      for (uint64_t i = random.next() % 60; i > 0; --i)
        bytes += static_cast<char>(random.next());
      if (!bytes.empty())
        bytes[random.next() % bytes.size()] ^= 0x40;
      (void) worker::decode_answer(bytes, 100);
      (void) worker::decode_ready(bytes);
      (void) worker::decode_failure(bytes);
      (void) worker::decode_log(bytes);
      worker::frame_reader in;
      in.feed(bytes);
      while (in.next()) {
      }
    }
  }

  BOOST_AUTO_TEST_CASE(lambda_targets_are_told_apart) {
    using kind = lambda::request_target::kind;
    const auto of = [](std::string_view method, std::string_view path) {
      return lambda::parse_target(method, path);
    };
    BOOST_TEST(
      (of("GET", "/2018-06-01/runtime/invocation/next").what == kind::next));
    const auto response = of("POST", "/2018-06-01/runtime/invocation/a-b/response");
    BOOST_TEST((response.what == kind::response));
    BOOST_TEST(response.id == "a-b");
    BOOST_TEST((of("POST", "/2018-06-01/runtime/invocation/a-b/error").what
                == kind::error));
    BOOST_TEST(
      (of("POST", "/2018-06-01/runtime/init/error").what == kind::init_error));
    for (const auto path :
         {"", "/", "/2018-06-01/runtime/invocation/a", "/2018-06-01/runtime/",
          "/2018-06-01/runtime/invocation/a/b/response", "/x/runtime/init/error"})
      BOOST_TEST((of("POST", path).what == kind::unknown), path);
    BOOST_TEST((of("GET", "/2018-06-01/runtime/invocation/a/response").what
                == kind::unknown));
  }

  BOOST_AUTO_TEST_CASE(lambda_gives_an_event_with_its_headers) {
    auto what = event();
    what.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const auto text
      = lambda::next_answer({"f", 3}, what, wall_time{1'234'567ms});
    for (const std::string part :
         {"Lambda-Runtime-Aws-Request-Id: " + what.id.to_string(),
          std::string{"Lambda-Runtime-Deadline-Ms: 1234567\r\n"},
          std::string{"Invoked-Function-Arn: "
                      "arn:aws:lambda:local:000000000000:function:f:3"},
          std::string{"Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;"
                      "Parent=b7ad6b7169203331;Sampled=1"},
          std::string{"Content-Length: 4\r\n\r\nbody"}})
      BOOST_TEST(text.find(part) != text.npos, part << " in " << text);
    what.body = {};
    BOOST_TEST(lambda::next_answer({"f", 3}, what, {}).ends_with("\r\n\r\n{}"));
    what.content_type = "a\r\nb";
    BOOST_TEST(lambda::next_answer({"f", 3}, what, {}).find("a  b") != text.npos);
  }

  BOOST_AUTO_TEST_CASE(lambda_failures_have_type_and_message) {
    const auto said = lambda::parse_failure(
      R"({"errorType":"ValueError","errorMessage":"why","stackTrace":[]})", "X");
    BOOST_TEST(said.type == "ValueError");
    const auto answer = lambda::failed(said);
    BOOST_TEST(answer.status == 502);
    BOOST_TEST(answer.body.view()
               == R"({"errorMessage":"why","errorType":"ValueError"})");
    BOOST_TEST(lambda::parse_failure("no json", "Runtime.Bad").type
               == "Runtime.Bad");
    BOOST_TEST(lambda::parse_failure("[1]", "").type == "Unhandled");
    BOOST_TEST(lambda::parse_failure(R"({"errorType":3})", "").type
               == "Unhandled");
  }

  BOOST_AUTO_TEST_CASE(parts_are_laid_out_as_documented) {
    BOOST_TEST(worker::encode_part_taken(5, part_fate::stop)
               == le(1, 4) + le(4, 4) + le(5, 8) + le(2, 1));
    const auto part = worker::decode_part(
      answer_of(201, 0, 1, 3, text("a/b") + text("X-A") + text("1") + "abc"));
    BOOST_REQUIRE(part);
    BOOST_TEST(part->status == 201);
    BOOST_TEST(part->content_type == "a/b");
    BOOST_TEST(part->body.view() == "abc");
    BOOST_TEST((part->headers == header_list{{"X-A", "1"}}));
    BOOST_TEST(!worker::decode_part(answer_of(200, 1, 0, 3, text(""))));
    BOOST_TEST(!worker::decode_part(
      answer_of(200, 0, 0, worker::inline_bytes + 1,
                text("") + std::string(worker::inline_bytes + 1, 'x'))));
  }

BOOST_AUTO_TEST_SUITE_END()
