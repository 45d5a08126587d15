// Protocol http with real programs.
#include "tests/unit/functions/process/world.hpp"

#include <cstdlib>
#include <map>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

using namespace faas;
using namespace faas::process::testing;

namespace {

std::filesystem::path server_script() {
  const auto* source = std::getenv("PETREL_SOURCE");
  return std::filesystem::path{source ? source : "."}
         / "tests/unit/functions/process/server.py";
}

/// With server.py as the program.
struct http_world : world {
  context calls;

  http_world() {
    script("server.py", faas::testing::read_file(server_script()));
    serve_with({});
  }
  void serve_with(std::vector<std::string> more) {
    auto& command = spec.petrel.process.command;
    command = {"python3", "-u", "server.py"};
    command.insert(command.end(), more.begin(), more.end());
  }
  void start() {
    const auto failed = load_failure();
    BOOST_REQUIRE_MESSAGE(module, failed);
  }
  reply ask(function_instance& from, std::string path, std::string body = {},
            duration time = limit) {
    return from.invoke(event(std::move(path), std::move(body), time), calls);
  }
  bool logged(std::string_view part) const { return calls.has(part); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_test, http_world)

  BOOST_AUTO_TEST_CASE(events_and_answers_pass_over_a_port) {
    start();
    auto what = event("/echo", "body");
    what.method = "PUT";
    what.query = "a=%20b";
    what.content_type = "text/y";
    what.headers = {{"X-A", "1"}, {"X-A", "2"}, {"Connection", "x-gone"},
                    {"X-Gone", "1"}};
    auto one = instance();
    const auto answer = one->invoke(what, calls);
    BOOST_REQUIRE_MESSAGE(answer.code == errc::ok, answer.message);
    BOOST_TEST(answer.status == 201);
    BOOST_TEST(answer.content_type == "text/x");
    BOOST_TEST((answer.headers == header_list{{"X-Connection", "2"}}));
    BOOST_TEST(answer.body.view()
               == "PUT /echo?a=%20b\nHost: localhost\nX-A: 1\nX-A: 2\n"
                  "Content-Type: text/y\nX-Call-Id: "
                    + what.id.to_string() + "\nContent-Length: 4\nbody");
    BOOST_TEST(fact("program") == "running");
    BOOST_TEST(fact("protocol") == "http");
    BOOST_TEST(fact("restarts") == "0");
    BOOST_TEST(fact("listen").starts_with("port "));
    BOOST_TEST(ask(*one, "/pid").body.view() == fact("pid"));
  }

  BOOST_AUTO_TEST_CASE(events_and_answers_pass_over_a_unix_socket) {
    spec.petrel.process.listen = process_listen::unix_socket;
    start();
    auto one = instance();
    const auto answer = ask(*one, "/echo", "body");
    BOOST_REQUIRE_MESSAGE(answer.code == errc::ok, answer.message);
    BOOST_TEST(contains(answer.body.view(), "POST /echo\n"));
    BOOST_TEST(fact("listen") == "unix");
    module.reset();
    one.reset();
    BOOST_TEST(std::filesystem::is_empty(sockets.path()));
  }

  BOOST_AUTO_TEST_CASE(a_port_of_an_upstream_url_is_taken) {
    const auto port = faas::process::free_port();
    BOOST_REQUIRE(port);
    const auto url = "http://127.0.0.1:" + std::to_string(*port);
    spec.environment = {{"upstream_url", url}};
    start();
    BOOST_TEST(fact("listen") == "port " + std::to_string(*port));
    BOOST_TEST(ask(*instance(), "/pid").status == 200);
    spec.environment = {{"upstream_url", "http://elsewhere:1"}};
    BOOST_TEST(contains(load_failure(), "is no address of this program"));
  }

  BOOST_AUTO_TEST_CASE(a_connection_is_kept_until_it_is_closed) {
    start();
    auto one = instance();
    const auto first = std::string{ask(*one, "/connection").body.view()};
    BOOST_TEST(ask(*one, "/connection").body.view() == first);
    BOOST_TEST(ask(*one, "/close").body.view() == "closed soon");
    // It may be closed while this is sent; then it may be sent again.
    auto what = event("/connection");
    what.method = "GET";
    const auto next = one->invoke(what, calls);
    BOOST_TEST((next.code == errc::ok), next.message);
    BOOST_TEST(next.body.view() != first);
    auto other = instance(); // has one of its own
    BOOST_TEST(ask(*other, "/connection").body.view() != next.body.view());
  }

  BOOST_AUTO_TEST_CASE(the_ready_path_is_asked_until_it_answers_well) {
    spec.petrel.process.ready = "/ready";
    start();
    BOOST_TEST(ask(*instance(), "/asked").body.view() == "3");
  }

  BOOST_AUTO_TEST_CASE(a_crash_costs_its_event_only) {
    start();
    auto one = instance(), other = instance();
    const auto before = fact("pid");
    BOOST_TEST(ask(*other, "/pid").body.view() == before);
    const auto answer = ask(*one, "/crash");
    BOOST_TEST((answer.code == errc::outcome_unknown));
    BOOST_TEST(answer.status == 502);
    BOOST_TEST(contains(answer.message, "exited with status 3"),
               answer.message);
    BOOST_TEST(contains(answer.message, "about to crash"), answer.message);
    for (auto* each : {one.get(), other.get()}) {
      const auto next = ask(*each, "/pid");
      BOOST_TEST((next.code == errc::ok), next.message);
      BOOST_TEST(next.body.view() != before);
    }
    BOOST_TEST(fact("restarts") == "1");
    BOOST_TEST(contains(fact("last_end"), "status 3"));
    BOOST_TEST(log.has("the program ended: it exited with status 3"));
    BOOST_TEST(log.changes >= 3); // ready, ended, ready
  }

  BOOST_AUTO_TEST_CASE(fast_crashes_are_a_crash_loop) {
    config.restarts.loop_after = 2;
    config.restarts.longest = 1h;
    start();
    auto one = instance();
    BOOST_TEST((ask(*one, "/crash").code == errc::outcome_unknown));
    BOOST_TEST((ask(*one, "/crash").code == errc::outcome_unknown));
    BOOST_TEST(becomes([&] { return fact("program") == "crash loop"; }));
    const auto answer = ask(*one, "/pid");
    BOOST_TEST((answer.code == errc::unavailable));
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(contains(answer.message, "crash loop: it ended 2 times"),
               answer.message);
    BOOST_TEST(contains(answer.message, "about to crash"), answer.message);
    BOOST_TEST(log.has("crash loop: it exited with status 3"));
  } // and the end does not wait for the pause

  BOOST_AUTO_TEST_CASE(an_event_is_not_kept_for_a_long_pause) {
    config.restarts.first = 1h;
    config.restarts.longest = 1h;
    start();
    auto one = instance();
    BOOST_TEST((ask(*one, "/crash").code == errc::outcome_unknown));
    const auto answer = ask(*one, "/pid");
    BOOST_TEST((answer.code == errc::unavailable));
    BOOST_TEST(contains(answer.message, "is being restarted"), answer.message);
  }

  BOOST_AUTO_TEST_CASE(a_program_that_hangs_is_restarted) {
    config.restarts.hang_after = 2;
    start();
    auto one = instance();
    const auto before = fact("pid");
    const auto answer = ask(*one, "/hang", {}, 100ms);
    BOOST_TEST((answer.code == errc::deadline_exceeded));
    BOOST_TEST(answer.status == 504);
    BOOST_TEST(ask(*one, "/pid").body.view() == before); // counts anew
    (void) ask(*one, "/hang", {}, 100ms);
    (void) ask(*one, "/hang", {}, 100ms);
    BOOST_TEST(becomes([&] { return fact("restarts") == "1"; }));
    const auto next = ask(*one, "/pid");
    BOOST_TEST((next.code == errc::ok), next.message);
    BOOST_TEST(next.body.view() != before);
    BOOST_TEST(contains(fact("last_end"), "it hung: 2 events"));
  }

  BOOST_AUTO_TEST_CASE(an_answer_after_its_deadline_is_nobodys) {
    start();
    auto one = instance();
    const auto file = (bundle / "go").string();
    BOOST_TEST((ask(*one, "/late", file, 100ms).code
                == errc::deadline_exceeded));
    faas::testing::write_file(file, "");
    for (int i = 0; i < 5; ++i)
      BOOST_TEST(ask(*one, "/say", "x").body.view() == "said");
  }

  BOOST_AUTO_TEST_CASE(a_second_answer_is_nobodys) {
    start();
    auto one = instance();
    BOOST_TEST(ask(*one, "/twice").body.view() == "first");
    BOOST_TEST(ask(*one, "/say", "x").body.view() == "said");
    BOOST_TEST(logged("more than one answer"));
  }

  BOOST_AUTO_TEST_CASE(bad_answers_are_502_and_the_program_serves_on) {
    spec.petrel.max_body_bytes = 1000;
    start();
    auto one = instance();
    struct bad {
      const char *path, *body, *why;
    };
    for (const auto& [path, body, why] :
         {bad{"/garbage", "", "no valid HTTP"},
          bad{"/half", "", "in the middle of its answer"},
          bad{"/big", "1001", "larger than 1000 bytes"}}) {
      const auto answer = ask(*one, path, body);
      BOOST_TEST((answer.code == errc::outcome_unknown), path);
      BOOST_TEST(answer.status == 502);
      BOOST_TEST(contains(answer.message, why), answer.message);
      BOOST_TEST(ask(*one, "/pid").status == 200);
    }
    BOOST_TEST(fact("restarts") == "0");
  }

  BOOST_AUTO_TEST_CASE(output_without_end_is_bounded) {
    start();
    auto one = instance();
    const auto answer = ask(*one, "/print", "50000000");
    BOOST_TEST((answer.code == errc::ok), answer.message);
    BOOST_TEST(becomes([&] { return !fact("lines_dropped").empty(); }));
    BOOST_TEST(log.count() < 20'000u); // of 500,000
  }

  BOOST_AUTO_TEST_CASE(lines_belong_to_the_only_event_under_way) {
    spec.environment = {{"AFTER", "0.3"}}; // the line is read meanwhile
    start();
    auto one = instance();
    const auto what = event("/say", "hello from within");
    BOOST_TEST((one->invoke(what, calls).code == errc::ok));
    BOOST_TEST(log.id_of("hello from within") == what.id.to_string());
    BOOST_TEST(log.id_of("serving") == "");
  }

  BOOST_AUTO_TEST_CASE(the_end_is_asked_for_and_then_enforced) {
    config.stop_grace = 50ms;
    serve_with({"stubborn"});
    start();
    const auto pid = std::stoi(fact("pid"));
    BOOST_TEST(!gone(pid));
    module.reset();
    BOOST_TEST(becomes([&] { return gone(pid); }));
    BOOST_TEST(log.has("did not end after SIGTERM"));
    config.stop_grace = limit;
    serve_with({});
    start();
    module.reset(); // does not take a minute
    BOOST_TEST(becomes([&] { return gone(pid); }));
  }

  BOOST_AUTO_TEST_CASE(nobody_waits_any_more) {
    start();
    auto one = instance();
    std::thread caller{[&] {
      BOOST_TEST((ask(*one, "/hang").code == errc::cancelled));
    }};
    calls.cancel();
    caller.join();
    BOOST_TEST(fact("restarts") == "0"); // its own deadline had not passed
  }

  BOOST_AUTO_TEST_CASE(a_program_that_ends_at_start_shows_its_last_lines) {
    shell("echo 'one line'; echo 'no configuration' >&2; exit 7");
    const auto why = load_failure();
    BOOST_TEST(contains(why, "bad_bundle: f does not start"), why);
    BOOST_TEST(contains(why, "exited with status 7"), why);
    BOOST_TEST(contains(why, "one line | no configuration"), why);
    shell("exit 0");
    BOOST_TEST(contains(load_failure(), "printed nothing"));
  }

  BOOST_AUTO_TEST_CASE(a_program_that_never_gets_ready_shows_its_last_lines) {
    config.start_timeout = 2s;
    shell("echo waiting for godot\nexec sleep 1000\n");
    const auto why = load_failure();
    BOOST_TEST(contains(why, "not ready within 2000 ms"), why);
    BOOST_TEST(contains(why, "waiting for godot"), why);
  }

  BOOST_AUTO_TEST_CASE(a_full_pipe_does_not_keep_it_from_getting_ready) {
    shell("head -c 1000000 /dev/zero | tr '\\0' '\\n'\n"
          "exec python3 -u server.py\n");
    start();
    BOOST_TEST(ask(*instance(), "/pid").status == 200);
  }

  BOOST_AUTO_TEST_CASE(a_link_in_place_of_the_socket_is_not_followed) {
    const auto other = (bundle / "other").string();
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    other.copy(at.sun_path, sizeof at.sun_path - 1);
    const faas::process::unique_fd listener{
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    BOOST_REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at),
                         sizeof at)
                  == 0);
    BOOST_REQUIRE(::listen(listener.get(), 1) == 0);
    config.start_timeout = 1s;
    spec.petrel.process.listen = process_listen::unix_socket;
    shell("ln -s " + other + " \"$PETREL_SOCKET\"\nexec sleep 1000\n");
    BOOST_TEST(contains(load_failure(), "not ready within"));
  }

  BOOST_AUTO_TEST_CASE(a_long_path_of_sockets_is_refused_at_once) {
    config.sockets = sockets / std::string(120, 'x');
    spec.petrel.process.listen = process_listen::unix_socket;
    BOOST_TEST(contains(load_failure(), "socket would be too long"));
  }

  BOOST_AUTO_TEST_CASE(many_events_at_once_share_the_program) {
    start();
    std::vector<std::thread> callers;
    std::atomic<int> good{0};
    for (int i = 0; i < 8; ++i)
      callers.emplace_back([&, one = std::shared_ptr{instance()}] {
        context own;
        for (int k = 0; k < 20; ++k)
          good += one->invoke(event("/say", "x"), own).body.view() == "said";
      });
    for (auto& each : callers)
      each.join();
    BOOST_TEST(good == 160);
  }

  BOOST_AUTO_TEST_CASE(several_programs_share_the_instances) {
    for (const auto where :
         {process_listen::port, process_listen::unix_socket}) {
      spec.petrel.process.listen = where;
      spec.petrel.process.processes = 2;
      spec.petrel.concurrency = 3;
      start();
      BOOST_TEST(fact("programs") == "1 of 2"); // the others when needed
      std::vector<std::unique_ptr<function_instance>> all;
      std::map<std::string, int> pids;
      for (int i = 0; i < 3; ++i) {
        all.push_back(instance());
        ++pids[std::string{ask(*all.back(), "/pid").body.view()}];
      }
      BOOST_TEST(pids.size() == 2u);
      BOOST_TEST(fact("programs") == "2 of 2");
      const auto second = std::string{ask(*all[2], "/pid").body.view()};
      BOOST_TEST(pids[second] == 1);
      BOOST_TEST(fact("pid").ends_with(" " + second));
      // A crash is one program's.
      BOOST_TEST((ask(*all[2], "/crash").code == errc::outcome_unknown));
      BOOST_TEST((ask(*all[0], "/pid").code == errc::ok));
      all.pop_back(); // nobody has it any more
      BOOST_TEST(fact("programs") == "1 of 2");
      all.push_back(instance());
      BOOST_TEST((ask(*all.back(), "/pid").code == errc::ok));
      BOOST_TEST(fact("programs") == "2 of 2");
      all.clear();
      module.reset();
    }
    BOOST_TEST(std::filesystem::is_empty(sockets.path()));
  }

  BOOST_AUTO_TEST_CASE(several_programs_cannot_share_a_port_of_the_node) {
    spec.environment = {{"upstream_url", "http://127.0.0.1:5000"}};
    spec.petrel.process.processes = 2;
    spec.petrel.concurrency = 2;
    BOOST_TEST(contains(load_failure(), "cannot share the port of "
                                        "upstream_url"));
  }

  BOOST_AUTO_TEST_CASE(a_second_program_that_does_not_start_is_done_without) {
    script("once.sh", "#!/bin/sh\n[ -e started ] && { echo no more; exit 1; }\n"
                      "touch started; exec python3 -u server.py\n");
    spec.petrel.process.command = {"./once.sh"};
    spec.petrel.process.processes = 2;
    spec.petrel.concurrency = 2;
    start();
    const auto one = instance();
    const auto two = instance();
    BOOST_TEST(log.has("a further program does not start"));
    BOOST_TEST(log.has("no more"));
    BOOST_TEST(ask(*two, "/pid").body.view() == ask(*one, "/pid").body.view());
    BOOST_TEST(fact("programs") == "1 of 2");
  }

BOOST_AUTO_TEST_SUITE_END()
