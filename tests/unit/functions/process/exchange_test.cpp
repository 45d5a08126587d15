// The HTTP client against scripted bytes: no process is started here.
#include "functions/process/http_exchange.hpp"
#include "functions/process/unique_fd.hpp"
#include "libfaas/core/limits.hpp"
#include "tests/unit/functions/process/world.hpp"

#include <sys/socket.h>

using namespace faas;
using namespace faas::process;
using faas::process::testing::context;
using namespace std::chrono_literals;
using how = exchange_outcome::how;

namespace {

/// Two connected sockets: ours, and the program's.
struct line {
  unique_fd ours, theirs;
  line() {
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
                  == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  /// What the program will have sent; then its end, if it closes.
  void says(std::string_view bytes, bool closes = false) {
    BOOST_REQUIRE(::send(theirs.get(), bytes.data(), bytes.size(), 0)
                  == static_cast<ssize_t>(bytes.size()));
    if (closes)
      ::shutdown(theirs.get(), SHUT_WR);
  }
  std::string heard() {
    std::string all(1 << 16, '\0');
    const auto n = ::recv(theirs.get(), all.data(), all.size(), MSG_DONTWAIT);
    return all.substr(0, static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  exchange_outcome ask(std::string_view body = {}, bool head = false,
                       duration time = 30s,
                       invocation_context* parts_to = nullptr) {
    return exchange(ours.get(),
                    {"POST / HTTP/1.1\r\n\r\n", body, head, 1000,
                     std::chrono::steady_clock::now() + time, parts_to},
                    waiter([] { return false; }));
  }
};

exchange_outcome answer_of(std::string_view bytes, bool closes = false) {
  line l;
  l.says(bytes, closes);
  return l.ask();
}

} // namespace

BOOST_AUTO_TEST_SUITE(exchange_test)

  BOOST_AUTO_TEST_CASE(an_answer_comes_with_status_headers_and_body) {
    line l;
    l.says("HTTP/1.1 201 Created\r\nContent-Type: text/x\r\nSet-Cookie: a\r\n"
           "Set-Cookie: b\r\nConnection: X-Gone\r\nX-Gone: 1\r\n"
           "Keep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello");
    const auto end = l.ask("body");
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(l.heard() == "POST / HTTP/1.1\r\n\r\nbody");
    BOOST_TEST(end.answer.status == 201);
    BOOST_TEST(end.answer.content_type == "text/x");
    BOOST_TEST(end.answer.body.view() == "hello");
    BOOST_TEST((end.answer.headers
                == header_list{{"Set-Cookie", "a"}, {"Set-Cookie", "b"}}));
    BOOST_TEST(end.keep);
    BOOST_TEST(!end.twice);
  }

  BOOST_AUTO_TEST_CASE(chunks_are_put_together) {
    const auto end = answer_of("HTTP/1.1 200 OK\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n");
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(end.answer.body.view() == "abcde");
    BOOST_TEST(end.keep);
    BOOST_TEST(!find_header(end.answer.headers, "Transfer-Encoding"));
  }

  BOOST_AUTO_TEST_CASE(a_body_may_end_with_the_connection) {
    const auto end = answer_of("HTTP/1.0 200 OK\r\n\r\nall of it", true);
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(end.answer.body.view() == "all of it");
    BOOST_TEST(!end.keep);
  }

  BOOST_AUTO_TEST_CASE(close_is_obeyed) {
    const auto end = answer_of("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                               "Content-Length: 0\r\n\r\n");
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(!end.keep);
  }

  BOOST_AUTO_TEST_CASE(statuses_without_a_body_end_at_once) {
    for (const auto status : {"204 No", "304 Not"}) {
      const auto end
        = answer_of("HTTP/1.1 " + std::string{status} + "\r\n\r\n");
      BOOST_TEST((end.end == how::answered), status);
      BOOST_TEST(end.keep);
    }
  }

  BOOST_AUTO_TEST_CASE(the_answer_to_head_has_no_body) {
    line l;
    l.says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    const auto end = l.ask({}, true);
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(end.answer.body.empty());
    BOOST_TEST(end.keep);
  }

  BOOST_AUTO_TEST_CASE(interim_answers_are_skipped) {
    const auto end = answer_of("HTTP/1.1 100 Continue\r\n\r\n"
                               "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                               "ok");
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(end.answer.status == 200);
    BOOST_TEST(end.answer.body.view() == "ok");
    BOOST_TEST(end.answer.headers.empty());
  }

  BOOST_AUTO_TEST_CASE(interim_answers_without_end_are_refused) {
    std::string all;
    for (int i = 0; i < 50; ++i)
      all += "HTTP/1.1 102 Processing\r\n\r\n";
    BOOST_TEST((answer_of(all).end == how::malformed));
    BOOST_TEST((answer_of("HTTP/1.1 101 Switching\r\n\r\n").end
                == how::malformed));
  }

  BOOST_AUTO_TEST_CASE(what_is_no_http_is_malformed) {
    for (const auto bytes :
         {"hello\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", "HTTP/3.0 200 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
          "\x16\x03\x01\x02\x28 no HTTP but TLS\r\n\r\n"}) {
      const auto end = answer_of(bytes, true);
      BOOST_TEST((end.end == how::malformed), bytes);
      BOOST_TEST(!end.why.empty());
      BOOST_TEST(!end.keep);
    }
  }

  BOOST_AUTO_TEST_CASE(a_program_that_closes_early_is_told_apart) {
    auto end = answer_of("", true);
    BOOST_TEST((end.end == how::closed));
    BOOST_TEST(!end.began);
    for (const auto bytes :
         {"HTTP/1.1 200 OK\r\nContent-Le",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
      end = answer_of(bytes, true);
      BOOST_TEST((end.end == how::closed), bytes);
      BOOST_TEST(end.began);
    }
  }

  BOOST_AUTO_TEST_CASE(an_answer_over_the_limit_is_refused) {
    BOOST_TEST((answer_of("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
                  .end
                == how::too_large));
    BOOST_TEST((answer_of("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
                          + std::string(1001, 'x'))
                  .end
                == how::too_large));
    BOOST_TEST((answer_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                          "\r\n3e9\r\n"
                          + std::string(0x3e9, 'x') + "\r\n0\r\n\r\n")
                  .end
                == how::too_large));
    BOOST_TEST((answer_of("HTTP/1.0 200 OK\r\n\r\n" + std::string(1001, 'x'),
                          true)
                  .end
                == how::too_large));
    BOOST_TEST((answer_of("HTTP/1.1 200 OK\r\nX: "
                          + std::string(limits::header_bytes, 'x'))
                  .end
                == how::too_large));
  }

  BOOST_AUTO_TEST_CASE(a_second_answer_is_seen_and_dropped) {
    line l;
    l.says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
    const auto end = l.ask();
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(end.answer.body.view() == "a");
    BOOST_TEST(end.twice);
    BOOST_TEST(!end.keep);
  }

  BOOST_AUTO_TEST_CASE(silence_ends_at_the_deadline) {
    line l;
    const auto end = l.ask({}, false, 30ms);
    BOOST_TEST((end.end == how::timeout));
    BOOST_TEST(!end.keep);
    line half;
    half.says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
    BOOST_TEST((half.ask({}, false, 30ms).end == how::timeout));
  }

  BOOST_AUTO_TEST_CASE(nobody_waits_any_more) {
    line l;
    const auto end
      = exchange(l.ours.get(), {"x", {}, false, 1, time_point::max()},
                 waiter([] { return true; }));
    BOOST_TEST((end.end == how::stopped));
  }

  BOOST_AUTO_TEST_CASE(an_early_answer_to_a_big_body_is_taken) {
    line l; // the program reads nothing of it
    l.says("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    const auto end = l.ask(std::string(8 << 20, 'x'));
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST(end.answer.status == 413);
    BOOST_TEST(!end.keep); // the rest of the body was not taken
  }

  BOOST_AUTO_TEST_CASE(an_answer_before_the_close_is_taken) {
    line l;
    l.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    l.theirs.reset(); // writing to it fails from now on
    const auto end = l.ask("body");
    BOOST_TEST((end.end == how::answered));
    BOOST_TEST(!end.keep);
  }

  BOOST_AUTO_TEST_CASE(idle_connections_are_looked_at) {
    line l;
    BOOST_TEST((check_idle(l.ours.get()) == idle_state::usable));
    l.says("x");
    BOOST_TEST((check_idle(l.ours.get()) == idle_state::unasked));
    line closed;
    closed.theirs.reset();
    BOOST_TEST((check_idle(closed.ours.get()) == idle_state::closed));
  }

  BOOST_AUTO_TEST_CASE(an_event_stream_is_passed_on_as_it_comes) {
    line l;
    context calls;
    calls.fate = part_fate::sent;
    l.says("HTTP/1.1 201 Created\r\nContent-Type: Text/Event-Stream; x=y\r\n"
           "X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    int told = 0;
    calls.on_part = [&] { // each comes after the one before was passed on
      if (calls.parts.back() == "ab" && told++ == 0)
        l.says("3\r\ncde\r\n");
      else if (calls.parts.back() == "cde" && told++ == 1)
        l.says("0\r\n\r\n");
    };
    const auto end = l.ask({}, false, 30s, &calls);
    BOOST_REQUIRE((end.end == how::answered));
    BOOST_TEST((calls.parts == std::vector<std::string>{"", "ab", "cde"}));
    BOOST_TEST(calls.head.status == 201);
    BOOST_TEST(calls.head.content_type == "Text/Event-Stream; x=y");
    BOOST_TEST((calls.head.headers == header_list{{"X-A", "1"}}));
    BOOST_TEST(end.answer.body.empty());
    BOOST_TEST(end.keep);
  }

  BOOST_AUTO_TEST_CASE(a_stream_may_be_longer_than_a_body) {
    for (const auto fate : {part_fate::sent, part_fate::kept}) {
      line l;
      context calls;
      calls.fate = fate;
      std::string all = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson"
                        "\r\nTransfer-Encoding: chunked\r\n\r\n";
      for (int i = 0; i < 4; ++i)
        all += "190\r\n" + std::string(400, 'x') + "\r\n"; // 1600 of 1000
      l.says(all + "0\r\n\r\n");
      const auto end = l.ask({}, false, 30s, &calls);
      const bool sent = fate == part_fate::sent;
      BOOST_TEST((end.end == (sent ? how::answered : how::too_large)));
    }
  }

  BOOST_AUTO_TEST_CASE(other_answers_come_whole) {
    line l;
    context calls;
    calls.fate = part_fate::sent;
    l.says("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
           "Content-Length: 2\r\n\r\nab");
    BOOST_TEST(l.ask({}, false, 30s, &calls).answer.body.view() == "ab");
    BOOST_TEST(calls.parts.empty());
    // After an interim answer, too.
    l.says("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
           "Content-Type: text/event-stream\r\nContent-Length: 2\r\n\r\nab");
    BOOST_TEST(l.ask({}, false, 30s, &calls).answer.body.empty());
    BOOST_TEST(calls.parts.size() >= 2u);
  }

  BOOST_AUTO_TEST_CASE(a_stream_that_nobody_waits_for_is_left) {
    line l;
    context calls;
    calls.fate = part_fate::sent;
    calls.most = 1;
    l.says("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nab");
    const auto end = l.ask({}, false, 30s, &calls);
    BOOST_TEST((end.end == how::stopped));
    BOOST_TEST(!end.keep);
  }

  BOOST_AUTO_TEST_SUITE_END()
