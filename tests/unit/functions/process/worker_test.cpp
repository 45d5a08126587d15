// Protocol worker with real programs: the Python package, and programs that
// break every rule.
#include "tests/unit/functions/process/worker_world.hpp"

#include <thread>

using namespace faas;
using namespace faas::process::testing;

BOOST_FIXTURE_TEST_SUITE(worker_test, worker_world)

  BOOST_AUTO_TEST_CASE(a_python_handler_gets_the_event_and_answers) {
    python(R"(
@petrel.function
def handle(event):
    event.log.warning("seen\ntwice")
    print("printed")
    return petrel.Response(
        {"id": event.id, "method": event.method, "path": event.path,
         "query": event.query, "type": event.content_type,
         "a": event.headers.get_all("x-a"), "body": event.text,
         "time": 1 < event.remaining() < 61, "cancelled": event.cancelled},
        status=201, headers={"X-B": "2"})
)");
    auto one = start();
    auto what = event("/p", "body");
    what.method = "PUT";
    what.query = "q=1";
    what.content_type = "a/b";
    what.headers = {{"X-A", "1"}, {"X-A", "2"}};
    const auto got = one->invoke(what, calls);
    BOOST_REQUIRE_MESSAGE(got.code == errc::ok, got.message);
    BOOST_TEST(got.status == 201);
    BOOST_TEST(got.content_type == "application/json");
    BOOST_TEST((got.headers == header_list{{"X-B", "2"}}));
    BOOST_TEST(got.body.view()
               == "{\"id\":\"" + what.id.to_string()
                    + R"(","method":"PUT","path":"/p","query":"q=1",)"
                      R"("type":"a/b","a":["1","2"],"body":"body",)"
                      R"("time":true,"cancelled":false})");
    BOOST_TEST(log.id_of("seen") == what.id.to_string());
    BOOST_TEST(log.id_of("twice") == what.id.to_string());
    BOOST_TEST(fact("program") == "running");
    BOOST_TEST(fact("protocol") == "worker");
    BOOST_TEST(fact("calls_at_once") == "1 per process");
    BOOST_TEST(contains(fact("speaks"), "petrel-python"));
  }

  BOOST_AUTO_TEST_CASE(large_bodies_pass_by_shared_memory) {
    python("@petrel.function\n"
           "def handle(event):\n"
           "    return bytes(reversed(bytes(event.body)))\n");
    auto one = start();
    for (const size_t size : {size_t{0}, size_t{1}, size_t{65536},
                              size_t{65537}, size_t{3'000'000},
                              limits::body_bytes}) {
      std::string body(size, 'x');
      if (size > 0)
        body.back() = 'y';
      const auto got = ask(*one, "/", body);
      BOOST_REQUIRE_MESSAGE(got.code == errc::ok, got.message);
      BOOST_REQUIRE(got.body.size() == size);
      BOOST_TEST((size == 0 || got.body.view().front() == 'y'));
    }
  }

  BOOST_AUTO_TEST_CASE(an_exception_is_told_and_logged) {
    python("@petrel.function\n"
           "def handle(event):\n"
           "    if event.path == '/large':\n"
           "        return bytes(100)\n"
           "    if event.path == '/odd':\n"
           "        return object()\n"
           "    return {}[event.path]\n");
    spec.petrel.max_body_bytes = 50;
    auto one = start();
    const auto got = ask(*one, "/key");
    BOOST_TEST((got.code == errc::function_failed));
    BOOST_TEST(got.message == "KeyError: '/key'");
    BOOST_TEST(log.has("handler.py\", line 8"));
    BOOST_TEST(contains(ask(*one, "/large").message, "over 50"));
    BOOST_TEST(contains(ask(*one, "/odd").message, "TypeError"));
    BOOST_TEST(fact("restarts") == "0");
  }

  BOOST_AUTO_TEST_CASE(async_handlers_share_a_process) {
    python(R"(
import asyncio, os
waiting = {}
@petrel.function
async def handle(event):
    if event.path == "/go":
        for _ in range(3000):
            if len(waiting) == 3:
                break
            await asyncio.sleep(0.01)
        for one in waiting.values():
            one.set_result(None)
        return str(os.getpid())
    waiting[event.id] = asyncio.get_running_loop().create_future()
    await waiting[event.id]
    return str(os.getpid())
)");
    spec.petrel.concurrency = 8;
    auto first = start();
    BOOST_TEST(fact("calls_at_once") == "8 per process");
    std::vector<std::unique_ptr<function_instance>> more;
    for (int i = 0; i < 3; ++i)
      more.push_back(instance());
    std::vector<reply> got(3);
    std::vector<std::thread> threads;
    std::vector<std::unique_ptr<context>> contexts;
    for (size_t i = 0; i < 3; ++i) {
      contexts.push_back(std::make_unique<context>());
      threads.emplace_back([&, i] {
        got[i] = more[i]->invoke(event("/wait"), *contexts[i]);
      });
    }
    const auto last = ask(*first, "/go");
    for (auto& one : threads)
      one.join();
    BOOST_TEST((last.code == errc::ok), last.message);
    for (const auto& one : got)
      BOOST_TEST(one.body.view() == last.body.view(), one.message);
    BOOST_TEST(last.body.view() == fact("pid"));
  }

  BOOST_AUTO_TEST_CASE(sync_handlers_get_a_process_each) {
    python("import os\n@petrel.function\n"
           "def handle(event):\n    return str(os.getpid())\n");
    spec.petrel.concurrency = 2;
    auto one = start(), other = instance();
    BOOST_TEST(ask(*one, "/").body.view() != ask(*other, "/").body.view());
    BOOST_TEST(contains(fact("pid"), " "));
  }

  BOOST_AUTO_TEST_CASE(a_call_that_notices_its_deadline_keeps_the_process) {
    python(R"(
import asyncio
@petrel.function
async def handle(event):
    if event.path == "/slow":
        await asyncio.sleep(1000)
    return "ok"
)");
    auto one = start();
    const auto before = fact("pid");
    BOOST_TEST((ask(*one, "/slow", "", 50ms).code == errc::deadline_exceeded));
    BOOST_TEST(one->usable());
    EXPECT_TEXT(ask(*one, "/"), "ok");
    BOOST_TEST(fact("pid") == before);
  }

  BOOST_AUTO_TEST_CASE(a_call_that_does_not_costs_the_process) {
    python("import threading\n@petrel.function\n"
           "def handle(event):\n"
           "    event.path == '/hang' and threading.Event().wait()\n"
           "    return 'ok'\n");
    auto one = start();
    const auto before = fact("pid");
    BOOST_TEST((ask(*one, "/hang", "", 50ms).code == errc::deadline_exceeded));
    BOOST_TEST(!one->usable());
    one.reset();
    one = instance();
    EXPECT_TEXT(ask(*one, "/"), "ok");
    BOOST_TEST(fact("pid") != before);
    BOOST_TEST(fact("restarts") == "1");
    BOOST_TEST(gone(std::stoi(before)));
  }

  BOOST_AUTO_TEST_CASE(a_handler_sees_that_nobody_waits) {
    python("@petrel.function\n"
           "def handle(event):\n"
           "    while not event.cancelled:\n        pass\n"
           "    return 'noticed'\n");
    auto one = start();
    calls.cancel();
    EXPECT_TEXT(ask(*one, "/"), "noticed");
  }

  BOOST_AUTO_TEST_CASE(a_crash_costs_its_event_and_is_mended) {
    python("import os\n@petrel.function\n"
           "def handle(event):\n"
           "    if event.path == '/crash':\n"
           "        print('about to crash')\n        os._exit(3)\n"
           "    return 'ok'\n");
    auto one = start();
    EXPECT_TEXT(ask(*one, "/"), "ok");
    const auto got = ask(*one, "/crash");
    BOOST_TEST((got.code == errc::outcome_unknown));
    BOOST_TEST(contains(got.message, "exited with status 3"), got.message);
    BOOST_TEST(contains(got.message, "about to crash"), got.message);
    BOOST_TEST(!one->usable());
    // The host makes a new one; if it did not, the instance finds one itself.
    EXPECT_TEXT(ask(*one, "/"), "ok");
    BOOST_TEST(fact("restarts") == "1");
  }

  BOOST_AUTO_TEST_CASE(an_end_between_events_costs_none) {
    python("@petrel.function\ndef handle(event):\n    return 'ok'\n");
    auto one = start();
    EXPECT_TEXT(ask(*one, "/"), "ok");
    BOOST_REQUIRE(::kill(std::stoi(fact("pid")), SIGKILL) == 0);
    BOOST_TEST(becomes([&] { return !one->usable(); }));
    EXPECT_TEXT(ask(*one, "/"), "ok");
  }

  BOOST_AUTO_TEST_CASE(a_start_that_fails_shows_its_last_lines) {
    python("raise SystemExit('no configuration')\n");
    const auto failed = start_failure();
    BOOST_TEST(contains(failed, "exited with status 1"), failed);
    BOOST_TEST(contains(failed, "no configuration"), failed);
    python("def handle(event):\n    return ''\n");
    BOOST_TEST(contains(start_failure(), "has 0 handlers"));
  }

  BOOST_AUTO_TEST_CASE(a_program_that_is_never_ready_is_given_up) {
    config.start_timeout = 300ms;
    raw("print('thinking')\nthreading.Event().wait()\n");
    const auto failed = start_failure();
    BOOST_TEST(contains(failed, "not ready within 300 ms"), failed);
    raw("ready(version=2)\nframe()\n");
    BOOST_TEST(contains(start_failure(), "speaks version 2"));
  }

  BOOST_AUTO_TEST_CASE(ends_one_after_the_other_are_a_crash_loop) {
    python("import os\n@petrel.function\n"
           "def handle(event):\n    os._exit(1)\n");
    config.restarts.loop_after = 3;
    auto one = start();
    for (int i = 0; i < 3; ++i)
      BOOST_TEST((ask(*one, "/").code == errc::outcome_unknown));
    const auto got = ask(*one, "/");
    BOOST_TEST((got.code == errc::unavailable), got.message);
    BOOST_TEST(contains(got.message, "crash loop"), got.message);
    BOOST_TEST(fact("program") == "crash loop");
    BOOST_TEST(log.has("crash loop: "));
  }

  BOOST_AUTO_TEST_CASE(malformed_frames_end_the_process_and_its_events) {
    raw(R"(
ready()
while True:
    kind, call, payload = frame()
    path = path_of(payload)
    if path == "/size":
        link.sendall(struct.pack("<IIQ", 1 << 31, 17, call))
    elif path == "/kind":
        send(99, call, b"")
    elif path == "/noise":
        link.sendall(os.urandom(1 << 16))
    elif path == "/cut":
        send(17, call, b"\0")
    elif path == "/status":
        send(17, call, struct.pack("<HHIQ", 99, 0, 0, 0) + text(b""))
    elif path == "/beyond":
        answer(call, b"", size=1 << 40, memory=1)
    elif path == "/just-beyond":
        answer(call, b"", size=(16 << 20) + 1, memory=1)
    elif path == "/ready":
        ready()
    else:
        answer(call, b"ok")
        continue
    threading.Event().wait()
)");
    auto one = start();
    for (const auto path : {"/size", "/kind", "/noise", "/cut", "/status",
                            "/beyond", "/just-beyond", "/ready"}) {
      EXPECT_TEXT(ask(*one, "/"), "ok");
      const auto got = ask(*one, path);
      BOOST_TEST((got.code == errc::outcome_unknown), path);
      BOOST_TEST(contains(got.message, "protocol worker does not know"),
                 path << ": " << got.message);
      BOOST_TEST(!one->usable());
    }
    EXPECT_TEXT(ask(*one, "/"), "ok");
  }

  BOOST_AUTO_TEST_CASE(the_shared_memory_cannot_be_taken_away) {
    raw(R"(
ready()
while True:
    kind, call, payload = frame()
    try:
        os.ftruncate(memory, 0)
        said = b"cut"
    except OSError:
        said = b"sealed"
    os.pwrite(memory, b"\xff" * (16 << 20), 0)
    answer(call, said)
)");
    auto one = start();
    EXPECT_TEXT(ask(*one, "/", std::string(100'000, 'x')), "sealed");
    EXPECT_TEXT(ask(*one, "/", std::string(100'000, 'x')), "sealed");
  }

  BOOST_AUTO_TEST_CASE(second_and_late_answers_are_dropped) {
    raw(R"(
ready(at_once=2)
late = None
while True:
    kind, call, payload = frame()
    if kind == 3:
        late = call
        continue
    path = path_of(payload)
    if path == "/late":
        continue
    if late is not None:
        answer(late, b"late")
    answer(call, path.encode())
    if path == "/twice":
        answer(call, b"again")
        answer(12345, b"of none")
)");
    spec.petrel.concurrency = 2;
    auto one = start();
    auto other = instance();
    EXPECT_TEXT(ask(*one, "/twice"), "/twice");
    EXPECT_TEXT(ask(*one, "/x"), "/x");
    BOOST_TEST(log.has("answer to a call that is not open was dropped"));
    std::thread slow{[&] {
      context mine;
      BOOST_TEST((other->invoke(event("/late", "", 50ms), mine).code
                  == errc::deadline_exceeded));
    }};
    slow.join();
    // A place is still taken: the process gets no further calls.
    BOOST_TEST(!one->usable());
    EXPECT_TEXT(ask(*one, "/y"), "/y");
  }

  BOOST_AUTO_TEST_CASE(what_it_prints_and_logs_is_bounded) {
    raw(R"(
ready()
while True:
    kind, call, payload = frame()
    for _ in range(3000):
        os.write(1, b"many words\n" * 100)
        send(19, call, b"\1frame line")
    answer(call, b"ok")
)");
    auto one = start();
    EXPECT_TEXT(ask(*one, "/"), "ok");
    BOOST_TEST(log.count() < 10'000u);
    BOOST_TEST(log.has("frame line"));
  }

  BOOST_AUTO_TEST_CASE(a_program_that_reads_nothing_stops_nobody) {
    raw("ready(at_once=4)\nthreading.Event().wait()\n");
    spec.petrel.concurrency = 4;
    auto one = start();
    std::vector<std::thread> threads;
    std::vector<std::unique_ptr<function_instance>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(instance());
    for (auto& each : all)
      threads.emplace_back([&each] {
        context mine;
        for (int i = 0; i < 3; ++i)
          (void) each->invoke(event("/", std::string(65000, 'x'), 100ms), mine);
      });
    BOOST_TEST((ask(*one, "/", "", 100ms).code != errc::ok));
    for (auto& thread : threads)
      thread.join();
  }

  BOOST_AUTO_TEST_CASE(it_ends_when_its_version_does) {
    raw("ready()\nframe()\nframe()\n");
    auto one = start();
    const auto pid = std::stoi(fact("pid"));
    one.reset();
    module.reset();
    BOOST_TEST(becomes([&] { return gone(pid); }));
  }

BOOST_AUTO_TEST_SUITE_END()
