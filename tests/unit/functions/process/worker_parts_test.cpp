// Protocol worker: answers in parts.
#include "tests/unit/functions/process/worker_world.hpp"

using namespace faas;
using namespace faas::process::testing;

BOOST_FIXTURE_TEST_SUITE(worker_parts_test, worker_world)

  BOOST_AUTO_TEST_CASE(a_generator_answers_in_parts) {
    python(R"(
@petrel.function
def handle(event):
    return petrel.Response((f"part {i};" for i in range(3)), status=201,
                           content_type="text/event-stream")
)");
    auto one = start();
    calls.fate = part_fate::sent;
    EXPECT_TEXT(ask(*one, "/"), "");
    BOOST_TEST((calls.parts
                == std::vector<std::string>{"part 0;", "part 1;", "part 2;"}));
    BOOST_TEST(calls.head.status == 201);
    BOOST_TEST(calls.head.content_type == "text/event-stream");
    calls.fate = part_fate::kept;
    const auto whole = ask(*one, "/");
    BOOST_TEST(whole.body.view() == "part 0;part 1;part 2;");
    BOOST_TEST(whole.status == 201);
  }

  BOOST_AUTO_TEST_CASE(a_generator_is_closed_when_nobody_waits) {
    python(R"(
@petrel.function
async def handle(event):
    try:
        while True:
            yield "more"
    finally:
        event.log.info("closed")
)");
    auto one = start();
    calls.fate = part_fate::sent;
    calls.most = 3;
    BOOST_TEST((ask(*one, "/").code == errc::function_failed));
    BOOST_TEST(calls.parts.size() == 4u);
    BOOST_TEST(becomes([&] { return log.has("closed"); }));
    BOOST_TEST(one->usable());
  }

  BOOST_AUTO_TEST_CASE(parts_that_do_not_wait_end_the_program) {
    raw(R"(
ready()
def made(kind, call, body):
    payload = struct.pack("<HHIQ", 200, 0, 0, len(body)) + text(b"") + body
    return struct.pack("<IIQ", len(payload), kind, call) + payload
def both(*frames):
    link.sendall(b"".join(frames)) # so that they are read together
while True:
    kind, call, payload = frame()
    if kind != 2:
        continue
    path = path_of(payload)
    if path == "/two":
        both(made(20, call, b"1"), made(20, call, b"2"))
    elif path == "/answer":
        both(made(20, call, b"1"), made(17, call, b"2"))
    elif path == "/large":
        both(made(20, call, b"x" * 65537))
    elif path == "/none":
        both(made(20, call + 1, b"1"), made(17, call, b"fine"))
    elif path == "/failure": # as a cancelled call may
        both(made(20, call, b"1"), struct.pack("<IIQ", 7, 18, call)
             + text(b"why"))
)");
    calls.fate = part_fate::sent;
    auto one = start();
    EXPECT_TEXT(ask(*one, "/none"), "fine");
    BOOST_TEST(ask(*one, "/failure").message == "why");
    BOOST_TEST(calls.parts.empty());
    BOOST_TEST(log.has("a part of an answer to a call that is not open"));
    for (const auto* path : {"/two", "/answer", "/large"}) {
      const auto answer = ask(*one, path);
      BOOST_TEST((answer.code == errc::outcome_unknown), path);
      BOOST_TEST(contains(answer.message, "does not know"), answer.message);
      one = start();
    }
  }

BOOST_AUTO_TEST_SUITE_END()
