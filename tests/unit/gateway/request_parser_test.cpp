#include "gateway/http/request_parser.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::http;

namespace {

struct collect final : body_sink {
  bool piece(std::string_view bytes) override {
    text += bytes;
    return text.size() <= limit;
  }
  std::string text;
  size_t limit = 1 << 20;
};

struct outcome {
  parse_status status = parse_status::need_more;
  std::string body;
  size_t used = 0;
};

/// Feeds `text` in steps of `step` bytes, each time in moved memory.
outcome parse(std::string_view text, size_t step = 1 << 20,
              request_head* head = nullptr, size_t limit = 8192) {
  auto parser = make_beast_parser(limit);
  outcome out;
  size_t have = 0, used = 0;
  std::string bytes;
  while (out.status == parse_status::need_more && have < text.size()) {
    have = std::min(text.size(), have + step);
    bytes = std::string{text.substr(0, have)};
    bytes.shrink_to_fit();
    out.status = parser->parse_head(bytes, used);
  }
  if (out.status != parse_status::done)
    return out;
  out.used = used;
  if (head)
    *head = parser->head();
  if (!parser->head().has_body)
    return out;
  out.status = parse_status::need_more;
  collect sink;
  for (;;) {
    size_t taken = 0;
    out.status
      = parser->parse_body(text.substr(out.used, have - out.used), taken, sink);
    out.used += taken;
    if (out.status != parse_status::need_more || have == text.size())
      break;
    have = std::min(text.size(), have + step);
  }
  out.body = sink.text;
  return out;
}

parse_status status_of(std::string_view text) {
  return parse(text).status;
}

constexpr std::string_view post = "POST /function/a?b HTTP/1.1\r\nHost: h\r\n"
                                  "X-Call-ID: 7\r\nContent-Length: 5\r\n\r\n"
                                  "hello";

} // namespace

BOOST_AUTO_TEST_SUITE(request_parser_test)

  BOOST_AUTO_TEST_CASE(a_request_is_read_in_pieces_of_any_size) {
    for (size_t step = 1; step <= post.size(); ++step) {
      const auto seen = parse(post, step);
      BOOST_TEST((seen.status == parse_status::done), "step " << step);
      BOOST_TEST(seen.body == "hello");
      BOOST_TEST(seen.used == post.size());
    }
  }

  BOOST_AUTO_TEST_CASE(the_head_says_what_was_sent) {
    const std::string text{post};
    auto parser = make_beast_parser(8192);
    size_t used = 0;
    BOOST_REQUIRE((parser->parse_head(text, used) == parse_status::done));
    const auto& head = parser->head();
    BOOST_TEST(head.method == "POST");
    BOOST_TEST(head.target == "/function/a?b");
    BOOST_TEST(head.keep_alive);
    BOOST_TEST(head.content_length == 5u);
    BOOST_REQUIRE(head.find(known_header::call_id));
    BOOST_TEST(head.find(known_header::call_id)->value == "7");
    BOOST_TEST(!head.find(known_header::timeout));
  }

  BOOST_AUTO_TEST_CASE(chunks_are_joined_and_trailers_skipped) {
    const auto seen = parse("POST / HTTP/1.1\r\nHost: h\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"
                            "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrail: er\r\n\r\n",
                            3);
    BOOST_TEST((seen.status == parse_status::done));
    BOOST_TEST(seen.body == "hello");
  }

  BOOST_AUTO_TEST_CASE(chunks_arrive_in_pieces_of_any_size) {
    const std::string head
      = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string body :
         {"0\r\n\r\n", "000;a=b\r\n\r\n", "0\r\nA: b\r\nC: d\r\n\r\n",
          "A \r\n0123456789\r\n0\r\n\r\n"})
      for (size_t step = 1; step < 12; ++step) {
        const auto seen = parse(head + body, step);
        BOOST_TEST((seen.status == parse_status::done), body << step);
        BOOST_TEST(seen.used == head.size() + body.size());
      }
  }

  BOOST_AUTO_TEST_CASE(malformed_chunks_are_refused) {
    const std::string head
      = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string body :
         {"\r\n", ";a\r\n", "x\r\n", "-1\r\n", "0x1\r\n", "1\n", "1\r\nab",
          "1\r\na\n", "1\r\na\rx", "0\r\n\n", "0\r\n\rx", "0\r\nA\nB\r\n",
          "0;\n\r\n", "ffffffffffffffffff\r\n"})
      BOOST_TEST((parse(head + body, 1).status == parse_status::malformed),
                 body);
    const auto endless = head + "0\r\nA: " + std::string(9000, 'x');
    BOOST_TEST((parse(endless).status == parse_status::malformed));
  }

  BOOST_AUTO_TEST_CASE(a_parser_reads_one_request_after_the_other) {
    const std::string two
      = std::string{post} + "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    auto parser = make_beast_parser(8192);
    collect sink;
    size_t head = 0, body = 0;
    BOOST_REQUIRE((parser->parse_head(two, head) == parse_status::done));
    BOOST_REQUIRE(
      (parser->parse_body(std::string_view{two}.substr(head), body, sink)
       == parse_status::done));
    BOOST_TEST(body == 5u);
    parser->next();
    BOOST_REQUIRE(
      (parser->parse_head(std::string_view{two}.substr(head + body), head)
       == parse_status::done));
    BOOST_TEST(parser->head().method == "GET");
    BOOST_TEST(!parser->head().has_body);
  }

  BOOST_AUTO_TEST_CASE(what_two_servers_could_read_differently_is_refused) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
    for (const auto bad :
         {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
          "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
          "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
          "Content-Length: +5\r\n\r\nhello", "Content-Length: -1\r\n\r\n",
          "Content-Length: 5x\r\n\r\nhello", "Content-Length: \r\n\r\n",
          "Content-Length: 99999999999999999999\r\n\r\n", "Host: other\r\n\r\n",
          "A: b\r\n folded\r\n\r\n", "Bad Header: x\r\n\r\n",
          "Space : x\r\n\r\n", ": x\r\n\r\n", "NoColon\r\n\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"})
      BOOST_TEST((status_of(head + bad) == parse_status::malformed), bad);
    for (const auto other : {"gzip", "chunked, gzip", "gzip, chunked",
                             "identity", "xchunked", "chunked;q=1"})
      BOOST_TEST((status_of(head + "Transfer-Encoding: " + other + "\r\n\r\n")
                  != parse_status::done),
                 other);
  }

  BOOST_AUTO_TEST_CASE(the_host_is_needed_from_http_1_1_on) {
    BOOST_TEST(
      (status_of("GET / HTTP/1.1\r\n\r\n") == parse_status::malformed));
    BOOST_TEST((status_of("GET / HTTP/1.0\r\n\r\n") == parse_status::done));
  }

  BOOST_AUTO_TEST_CASE(keep_alive_follows_version_and_header) {
    const auto keeps = [](std::string_view text) {
      auto parser = make_beast_parser(8192);
      size_t used = 0;
      BOOST_REQUIRE((parser->parse_head(text, used) == parse_status::done));
      return parser->head().keep_alive;
    };
    BOOST_TEST(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    BOOST_TEST(
      !keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    BOOST_TEST(!keeps("GET / HTTP/1.0\r\n\r\n"));
    BOOST_TEST(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  }

  BOOST_AUTO_TEST_CASE(no_http_is_malformed) {
    for (const auto bad :
         {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n",
          "G\tT / HTTP/1.1\r\n\r\n",
          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello hello",
          "GET / HTTP/1.1\r\nA: \x01\r\n\r\n"})
      BOOST_TEST((status_of(bad) == parse_status::malformed), bad);
    for (const auto other :
         {"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
          "GET / HTTQ/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\nHost: h\n\n",
          "GET / HTTP/1.2\r\nHost: h\r\n\r\n"})
      BOOST_TEST((status_of(other) != parse_status::done), other);
  }

  BOOST_AUTO_TEST_CASE(one_empty_line_before_a_request_is_skipped) {
    BOOST_TEST((status_of("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
                == parse_status::done));
    BOOST_TEST((parse("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 1).status
                == parse_status::done));
  }

  BOOST_AUTO_TEST_CASE(a_head_over_the_limit_is_too_large) {
    const auto filler = "X-Fill: " + std::string(9000, 'a');
    const auto head = "GET / HTTP/1.1\r\nHost: h\r\n" + filler;
    BOOST_TEST((status_of(head) == parse_status::too_large));
    BOOST_TEST((parse(head, 100).status == parse_status::too_large));
    BOOST_TEST((status_of(std::string(9000, 'A')) == parse_status::too_large));
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 200; ++i)
      many += "a: b\r\n";
    BOOST_TEST((status_of(many + "\r\n") == parse_status::too_large));
  }

  BOOST_AUTO_TEST_CASE(a_sink_that_is_full_stops_the_body) {
    auto parser = make_beast_parser(8192);
    size_t used = 0;
    BOOST_REQUIRE((parser->parse_head(post, used) == parse_status::done));
    collect sink;
    sink.limit = 3;
    BOOST_TEST((parser->parse_body(post.substr(used), used, sink)
                == parse_status::too_large));
  }

  BOOST_AUTO_TEST_CASE(mangled_requests_never_crash_the_parser) {
    constexpr uint64_t seed = 7;
    BOOST_TEST_MESSAGE("seed " << seed);
    faas::random_source random{seed};
    const std::string chunked = "POST /x HTTP/1.1\r\nHost: h\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n0\r\n\r\n";
    int done = 0;
    for (int i = 0; i < 20'000; ++i) {
      auto text = i % 2 ? std::string{post} : chunked;
      for (auto n = random.below(4); n > 0; --n) {
        const auto at = random.below(text.size());
        switch (random.below(3)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, random.below(8));
          break;
        default:
          text.insert(at, text.substr(random.below(text.size()), 6));
        }
        if (text.empty())
          text = "x";
      }
      done += parse(text, 1 + random.below(40)).status == parse_status::done;
    }
    BOOST_TEST(done > 1000); // the untouched ones
    BOOST_TEST(done < 19'000);
  }

  BOOST_AUTO_TEST_SUITE_END()
