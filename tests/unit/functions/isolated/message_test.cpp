// Heads of messages between node and worker, good and bad.
#include "functions/isolated/channel/message.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::isolated;
using namespace std::chrono_literals;

namespace {

std::string packed(const reply& answer) {
  packer to;
  pack_reply(to, answer, answer.body.size());
  return std::string{to.view()};
}

reply good() {
  reply answer;
  answer.status = 201;
  answer.content_type = "text/plain";
  answer.headers = {{"X-One", "1"}, {"X-Two", ""}};
  answer.body = blob{std::string{"body"}};
  return answer;
}

std::string why(const reply& answer, uint64_t max_body = 100) {
  auto read = unpack_reply(packed(answer), max_body);
  return read ? "good" : read.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(message_test)

  BOOST_AUTO_TEST_CASE(an_event_arrives_as_it_was) {
    invocation event;
    event.id = {7, ~uint64_t{0}};
    event.method = "PUT";
    event.path = "/a";
    event.query = "q=1";
    event.content_type = "image/png";
    event.headers = {{"Accept", "*/*"}, {"Empty", ""}};
    event.body = blob{std::string(5, 'x')};
    packer to;
    pack_call(to, event, -3ns, {"token"});
    BOOST_TEST((kind_of(to.view()) == request_kind::call));
    const auto got = unpack_call(to.view());
    BOOST_REQUIRE(got);
    BOOST_TEST((got->event.id == event.id));
    BOOST_TEST(got->event.method == "PUT");
    BOOST_TEST(got->event.path == "/a");
    BOOST_TEST(got->event.query == "q=1");
    BOOST_TEST(got->event.content_type == "image/png");
    BOOST_TEST((got->event.headers == event.headers));
    BOOST_TEST((got->remaining == -3ns));
    BOOST_TEST((got->changed == std::vector<std::string>{"token"}));
    BOOST_TEST(got->body_bytes == 5u);
  }

  BOOST_AUTO_TEST_CASE(what_a_worker_needs_arrives_as_it_was) {
    const create_request about{"/b/f.so", "f",     "/b", {{"A", "1"}, {"B", ""}},
                               99,        "/sec", {"one", "two"}};
    packer to;
    pack(to, about);
    const auto got = unpack_create(to.view());
    BOOST_REQUIRE(got);
    BOOST_TEST(got->library == about.library);
    BOOST_TEST(got->function == about.function);
    BOOST_TEST(got->folder == about.folder);
    BOOST_TEST((got->environment == about.environment));
    BOOST_TEST(got->max_body == about.max_body);
    BOOST_TEST(got->secret_folder == about.secret_folder);
    BOOST_TEST((got->secrets == about.secrets));
  }

  BOOST_AUTO_TEST_CASE(an_answer_arrives_as_it_was) {
    auto read = unpack_reply(packed(good()), 4);
    BOOST_REQUIRE(read);
    BOOST_TEST(read->answer.status == 201);
    BOOST_TEST(read->answer.content_type == "text/plain");
    BOOST_TEST((read->answer.headers == good().headers));
    BOOST_TEST(read->body_bytes == 4u);
  }

  BOOST_AUTO_TEST_CASE(cut_messages_are_none) {
    const auto whole = packed(good());
    for (size_t size = 0; size < whole.size(); ++size)
      BOOST_TEST(!unpack_reply(std::string_view{whole}.substr(0, size), 100));
    BOOST_TEST(!unpack_reply(whole + "x", 100));
    packer to;
    pack_call(to, {}, 1s, {});
    for (size_t size = 0; size < to.view().size(); ++size)
      BOOST_TEST(!unpack_call(to.view().substr(0, size)));
  }

  BOOST_AUTO_TEST_CASE(an_answer_that_no_worker_gives_is_refused) {
    auto answer = good();
    BOOST_TEST(why(answer) == "good");
    BOOST_TEST(why(answer, 3).find("over the 3") != std::string::npos);
    answer.status = 99;
    BOOST_TEST(why(answer).find("status 99") != std::string::npos);
    answer = good();
    answer.content_type = "text/plain\r\nX-Injected: 1";
    BOOST_TEST(why(answer).find("control") != std::string::npos);
    answer = good();
    answer.headers = {{"X-A", "1\r\nX-Injected: 1"}};
    BOOST_TEST(why(answer).find("header") != std::string::npos);
    answer.headers = {{"X A", "1"}};
    BOOST_TEST(why(answer).find("header") != std::string::npos);
    answer.headers = {{"X-A", std::string(70'000, 'x')}};
    BOOST_TEST(why(answer).find("headers of") != std::string::npos);
    answer = good();
    answer.code = errc::quarantined; // the host's to say
    BOOST_TEST(why(answer).find("code") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_text_longer_than_its_message_is_refused) {
    packer to;
    to.number(0);
    to.number(200);
    to.number(~uint64_t{0}); // size of a text
    BOOST_TEST(!unpack_reply(to.view(), 100));
  }

  BOOST_AUTO_TEST_CASE(a_part_says_that_it_is_one) {
    packer to;
    pack_reply(to, good(), 4, true);
    const auto part = unpack_reply(to.view(), 100);
    BOOST_REQUIRE(part);
    BOOST_TEST(part->part);
    BOOST_TEST(!unpack_reply(packed(good()), 100)->part);
  }

  BOOST_AUTO_TEST_CASE(what_became_of_a_part_arrives) {
    for (const auto fate :
         {part_fate::sent, part_fate::kept, part_fate::stop}) {
      packer to;
      pack_proceed(to, fate);
      BOOST_TEST((kind_of(to.view()) == request_kind::proceed));
      BOOST_TEST((unpack_proceed(to.view()) == fate));
      BOOST_TEST(!unpack_proceed(std::string{to.view()} + "x"));
    }
    packer wrong;
    wrong.number(static_cast<uint64_t>(request_kind::proceed));
    wrong.number(3);
    BOOST_TEST(!unpack_proceed(wrong.view()));
  }

BOOST_AUTO_TEST_SUITE_END()
