// Protocol lambda with real programs. awslambdaric itself is run in
// tests/integration/nodes/python_test.py.
#include "tests/unit/functions/process/world.hpp"

using namespace faas;
using namespace faas::process::testing;

namespace {

/// The Runtime API by hand: one connection, as a custom runtime has.
constexpr std::string_view by_hand = R"(
import http.client, json, os, sys, threading
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
BASE = "/2018-06-01/runtime/"
def ask(method, path, body=None, headers={}):
    api.request(method, BASE + path, body, headers)
    got = api.getresponse()
    return got.status, got.read(), got.headers
def next():
    status, body, headers = ask("GET", "invocation/next")
    return headers["Lambda-Runtime-Aws-Request-Id"], body, headers
def respond(id, body):
    return ask("POST", f"invocation/{id}/response", body)
)";

struct lambda_world : pooled_world {
  lambda_world() {
    spec.petrel.process.protocol = process_protocol::lambda;
    spec.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  }
  void python(std::string_view text) {
    script("run.py", std::string{by_hand} + std::string{text});
    spec.petrel.process.command = {"/usr/bin/python3", "-u", "run.py"};
  }
  reply ask(function_instance& from, std::string body,
            duration time = limit) {
    return from.invoke(event("/", std::move(body), time), calls);
  }
};

constexpr auto behaving = R"(
while True:
    id, body, headers = next()
    what = json.loads(body)
    if what == "error":
        print("will fail")
        ask("POST", f"invocation/{id}/error",
            json.dumps({"errorType": "KeyError", "errorMessage": "no key"}))
    elif what == "ids":
        said = [ask("POST", "invocation/0-0/response", b"x")[0],
                ask("POST", "invocation/0-0/error", b"{}")[0],
                ask("GET", "nothing")[0], respond(id, b"1")[0]]
        said.append(respond(id, b"2")[0])
        print("answers", said)
    elif what == "crash":
        print("about to crash")
        os._exit(3)
    elif what == "hang":
        threading.Event().wait()
    elif what == "large":
        print("status", respond(id, bytes(2000))[0])
        api.close()
    elif what == "malformed":
        api.sock.sendall(b"no http at all\r\n\r\n")
        threading.Event().wait()
    elif what == "env":
        respond(id, json.dumps(
            [os.environ["AWS_LAMBDA_FUNCTION_NAME"],
             os.environ["LAMBDA_TASK_ROOT"] == os.getcwd(),
             headers["Lambda-Runtime-Invoked-Function-Arn"],
             int(headers["Lambda-Runtime-Deadline-Ms"]) > 1600000000000]))
    else:
        respond(id, json.dumps({"got": what}))
)";

} // namespace

BOOST_FIXTURE_TEST_SUITE(lambda_test, lambda_world)

  BOOST_AUTO_TEST_CASE(events_and_answers_pass) {
    python(behaving);
    auto one = start();
    for (int i = 0; i < 3; ++i) {
      const auto got = ask(*one, std::to_string(i));
      BOOST_REQUIRE_MESSAGE(got.code == errc::ok, got.message);
      BOOST_TEST(got.status == 200);
      BOOST_TEST(got.content_type == "application/json");
      BOOST_TEST(got.body.view() == "{\"got\": " + std::to_string(i) + "}");
    }
    BOOST_TEST(ask(*one, "").body.view() == "{\"got\": {}}");
    BOOST_TEST(
      ask(*one, "\"env\"").body.view()
      == R"(["f", true, "arn:aws:lambda:local:000000000000:function:f:1", true])");
    BOOST_TEST(fact("protocol") == "lambda");
    BOOST_TEST(fact("program") == "running");
    const std::string large(1'000'000, 'x');
    BOOST_TEST(ask(*one, "\"" + large + "\"").body.view()
               == "{\"got\": \"" + large + "\"}");
  }

  BOOST_AUTO_TEST_CASE(an_error_is_502_with_type_and_message) {
    python(behaving);
    auto one = start();
    const auto got = ask(*one, "\"error\"");
    BOOST_TEST((got.code == errc::ok));
    BOOST_TEST(got.status == 502);
    BOOST_TEST(got.body.view()
               == R"({"errorMessage":"no key","errorType":"KeyError"})");
    BOOST_TEST(ask(*one, "1").status == 200);
    BOOST_TEST(log.has("will fail"));
  }

  BOOST_AUTO_TEST_CASE(ids_that_are_not_open_are_refused) {
    python(behaving);
    auto one = start();
    BOOST_TEST(ask(*one, "\"ids\"").body.view() == "1");
    // Its second answer is read with the next event.
    BOOST_TEST(ask(*one, "5").body.view() == "{\"got\": 5}");
    BOOST_TEST(log.has("answers [400, 400, 404, 202, 403]"));
  }

  BOOST_AUTO_TEST_CASE(an_answer_over_the_limit_is_refused) {
    spec.petrel.max_body_bytes = 1000;
    python(behaving);
    auto one = start();
    const auto got = ask(*one, "\"large\"");
    BOOST_TEST(got.status == 502);
    BOOST_TEST(contains(got.body.view(), "Function.ResponseSizeTooLarge"));
    BOOST_TEST(ask(*one, "5").body.view() == "{\"got\": 5}");
    BOOST_TEST(log.has("status 413"));
  }

  BOOST_AUTO_TEST_CASE(a_crash_costs_its_event) {
    python(behaving);
    auto one = start();
    BOOST_TEST(ask(*one, "1").status == 200);
    const auto got = ask(*one, "\"crash\"");
    BOOST_TEST((got.code == errc::outcome_unknown));
    BOOST_TEST(contains(got.message, "exited with status 3"), got.message);
    BOOST_TEST(contains(got.message, "about to crash"), got.message);
    BOOST_TEST(!one->usable());
    BOOST_TEST(ask(*one, "2").body.view() == "{\"got\": 2}");
    BOOST_TEST(fact("restarts") == "1");
  }

  BOOST_AUTO_TEST_CASE(a_hang_is_ended_at_the_deadline) {
    python(behaving);
    auto one = start();
    const auto before = std::stoi(fact("pid"));
    BOOST_TEST(
      (ask(*one, "\"hang\"", 100ms).code == errc::deadline_exceeded));
    BOOST_TEST(!one->usable());
    BOOST_TEST(ask(*one, "2").body.view() == "{\"got\": 2}");
    BOOST_TEST(gone(before));
  }

  BOOST_AUTO_TEST_CASE(malformed_http_ends_it) {
    python(behaving);
    auto one = start();
    const auto got = ask(*one, "\"malformed\"");
    BOOST_TEST((got.code == errc::outcome_unknown));
    BOOST_TEST(contains(got.message, "no HTTP request"), got.message);
    BOOST_TEST(ask(*one, "2").body.view() == "{\"got\": 2}");
  }

  BOOST_AUTO_TEST_CASE(a_start_that_fails_says_why) {
    python("ask('POST', 'init/error', json.dumps({'errorType': "
           "'Runtime.ImportModuleError', 'errorMessage': 'no module x'}))\n"
           "sys.exit(1)\n");
    auto failed = start_failure();
    BOOST_TEST(contains(failed, "Runtime.ImportModuleError: no module x"),
               failed);
    python("print('no configuration')\nsys.exit(7)\n");
    failed = start_failure();
    BOOST_TEST(contains(failed, "exited with status 7"), failed);
    BOOST_TEST(contains(failed, "no configuration"), failed);
    config.start_timeout = 300ms;
    python("threading.Event().wait()\n");
    failed = start_failure();
    BOOST_TEST(contains(failed, "did not ask for an event within 300 ms"),
               failed);
  }

BOOST_AUTO_TEST_SUITE_END()
