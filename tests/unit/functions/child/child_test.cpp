#include "tests/unit/functions/child/child_fixture.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <sys/wait.h>
#include <thread>

using namespace faas;
using namespace faas::testing;

namespace {

bool alive(const std::string& pid) {
  return ::kill(std::stoi(pid), 0) == 0;
}

/// Waits until nobody has that pid any more (an orphan is reaped by whoever
/// adopts it, which may take a moment).
bool gone(const std::string& pid) {
  const auto end = late();
  while (alive(pid)) {
    std::ifstream stat{"/proc/" + pid + "/stat"};
    std::string line;
    std::getline(stat, line);
    if (line.find(") Z ") != line.npos)
      return true;
    if (time_point::clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace

BOOST_AUTO_TEST_SUITE(child_test)

  BOOST_AUTO_TEST_CASE(runs_a_program_and_tells_how_it_ended) {
    BOOST_TEST(run(shell("echo hello")).output == "hello\n");
    auto failed = run(shell("exit 3")).status;
    BOOST_TEST(failed.code == 3);
    BOOST_TEST(failed.signal == 0);
    BOOST_TEST(failed.text() == "exited with status 3");
    auto killed = run(shell("kill -SEGV $$")).status;
    BOOST_TEST(killed.signal == SIGSEGV);
    BOOST_TEST(killed.text() == "killed by SIGSEGV (Segmentation fault)");
    BOOST_TEST(!killed.success());
  }

  BOOST_AUTO_TEST_CASE(the_environment_is_exactly_the_given_one) {
    spawn_request request;
    request.argv = {"/usr/bin/env"};
    request.env = {{"A", "1"}, {"B", "two words=x"}};
    ::setenv("PETREL_CHILD_TEST", "secret", 1);
    BOOST_TEST(run(request).output == "A=1\nB=two words=x\n");
  }

  BOOST_AUTO_TEST_CASE(starts_in_the_given_folder) {
    auto request = shell("pwd");
    request.folder = "/usr/bin";
    BOOST_TEST(run(request).output == "/usr/bin\n");
    BOOST_TEST(run(shell("pwd")).output == "/\n");
  }

  BOOST_AUTO_TEST_CASE(gets_the_named_descriptors_and_no_other) {
    pipe_ends secret, given;
    const int leaked = ::dup(secret.write.get()); // not closed on exec
    auto request = shell("cd /proc/self/fd && for f in *; do echo $f; done; "
                         "readlink 0; echo hi >&7");
    request.fds.push_back({given.write.get(), 7});
    request.fds.push_back({given.write.get(), 3}); // petrel-init's own number
    auto done = run(request);
    ::close(leaked);
    // The shell opens one for the folder while it lists it.
    BOOST_TEST(contains(done.output, "0\n1\n2\n3\n"));
    BOOST_TEST(contains(done.output, "7\n/dev/null\n"));
    BOOST_TEST(given.rest() == "hi\n");
    BOOST_TEST(std::count(done.output.begin(), done.output.end(), '\n') <= 7);
  }

  BOOST_AUTO_TEST_CASE(descriptors_may_change_places) {
    pipe_ends a, b;
    // Whatever numbers the pipes have, each is the other's target.
    auto request = shell("echo a >&" + std::to_string(b.write.get())
                         + "; echo b >&" + std::to_string(a.write.get()));
    request.fds = {{a.write.get(), b.write.get()},
                   {b.write.get(), a.write.get()}};
    auto one = started(request);
    BOOST_TEST(a.rest() == "a\n");
    BOOST_TEST(b.rest() == "b\n");
  }

  BOOST_AUTO_TEST_CASE(end_of_file_comes_when_the_program_closes_its_output) {
    pipe_ends out, in;
    auto request = shell("exec >&- 2>&-; read line");
    request.fds = {{out.write.get(), 1}, {in.read.get(), 0}};
    auto one = started(request);
    BOOST_TEST(out.rest() == "");
    BOOST_TEST(!one.poll().has_value());
    in.write.reset();
    BOOST_TEST(one.wait_until(late()).has_value());
  }

  BOOST_AUTO_TEST_CASE(tells_its_pid_and_when_it_has_ended) {
    pipe_ends out, in;
    auto request = shell("echo $$; read line; exit 5");
    request.fds = {{out.write.get(), 1}, {in.read.get(), 0}};
    auto one = started(request);
    BOOST_TEST(out.line() == std::to_string(one.pid()));
    BOOST_TEST(!one.poll().has_value());
    BOOST_TEST(!one.wait_until(time_point::clock::now()).has_value());
    in.write.reset();
    pollfd ready{one.pidfd(), POLLIN, 0};
    BOOST_TEST(::poll(&ready, 1, 30'000) == 1);
    BOOST_TEST(one.poll().value().code == 5);
    BOOST_TEST(one.poll().value().code == 5); // again
  }

  BOOST_AUTO_TEST_CASE(terminate_is_a_signal_that_can_be_handled) {
    pipe_ends out;
    auto request
      = shell("trap 'echo bye; exit 4' TERM; echo ready; "
              "while :; do sleep 600 & wait; done");
    request.fds = {{out.write.get(), 1}};
    auto one = started(request);
    BOOST_TEST(out.line() == "ready");
    one.terminate();
    BOOST_TEST(out.rest() == "bye\n");
    BOOST_TEST(one.wait_until(late()).value().code == 4);
  }

  BOOST_AUTO_TEST_CASE(kill_ends_what_ignores_sigterm) {
    pipe_ends out;
    auto request = shell("trap '' TERM; echo ready; while :; do sleep 600; "
                         "done");
    request.fds = {{out.write.get(), 1}};
    auto one = started(request);
    BOOST_TEST(out.line() == "ready");
    one.terminate();
    one.kill();
    BOOST_TEST(one.wait_until(late()).value().signal == SIGKILL);
    BOOST_TEST(out.rest() == "");
  }

  BOOST_AUTO_TEST_CASE(kill_ends_children_groups_sessions_and_daemons) {
    pipe_ends out;
    auto request = shell(
      "sleep 600 & echo $!; setsid sh -c 'echo $$; exec sleep 600' & "
      "( ( setsid sh -c 'echo $$; exec sleep 600' & ) & ) ; wait");
    request.fds = {{out.write.get(), 1}};
    auto one = started(request);
    const std::string pids[] = {out.line(), out.line(), out.line()};
    for (const auto& pid : pids)
      BOOST_TEST(alive(pid));
    one.kill();
    BOOST_TEST(one.wait_until(late()).has_value());
    for (const auto& pid : pids)
      BOOST_TEST(gone(pid));
  }

  BOOST_AUTO_TEST_CASE(what_the_program_leaves_ends_with_it) {
    pipe_ends out, in;
    auto request
      = shell("setsid sh -c 'echo $$; exec sleep 600' & read line; exit 2");
    request.fds = {{out.write.get(), 1}, {in.read.get(), 0}};
    auto one = started(request);
    const auto pid = out.line();
    BOOST_TEST(alive(pid));
    in.write.reset();
    BOOST_TEST(one.wait_until(late()).value().code == 2);
    BOOST_TEST(gone(pid));
  }

  BOOST_AUTO_TEST_CASE(the_destructor_kills_and_reaps) {
    pipe_ends out;
    std::string pid;
    {
      auto request = shell("echo $$; exec sleep 600");
      request.fds = {{out.write.get(), 1}};
      auto one = started(request);
      pid = out.line();
      auto other = std::move(one);
      BOOST_TEST(!one);
      BOOST_TEST(bool(other));
    }
    BOOST_TEST(!alive(pid));
  }

  BOOST_AUTO_TEST_CASE(ends_when_its_parent_is_killed) {
    pipe_ends out;
    const auto parent = ::fork(); // this test has one thread
    BOOST_REQUIRE(parent >= 0);
    if (parent == 0) {
      auto request = shell("sleep 600 & echo $!; echo $$; wait");
      request.fds = {{out.write.get(), 1}};
      auto one = child_process::spawn(request);
      ::pause();
      ::_exit(1);
    }
    const std::string pids[] = {out.line(), out.line()};
    BOOST_TEST(alive(pids[1]));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    for (const auto& pid : pids)
      BOOST_TEST(gone(pid));
  }

  BOOST_AUTO_TEST_CASE(outlives_the_thread_that_started_it) {
    pipe_ends out, in;
    child_process one;
    std::thread{[&] {
      auto request = shell("read line; echo still here");
      request.fds = {{out.write.get(), 1}, {in.read.get(), 0}};
      one = started(request);
    }}.join();
    in.write.reset();
    BOOST_TEST(out.rest() == "still here\n");
  }

  BOOST_AUTO_TEST_CASE(a_program_by_name_is_looked_up_in_the_path_given) {
    spawn_request request;
    request.argv = {"echo", "found"};
    request.env = {{"PATH", "/nowhere::/usr/bin"}};
    BOOST_TEST(run(request).output == "found\n");
    request.env = {};
    BOOST_TEST(run(request).output == "found\n");
  }

  BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_executed_is_explained) {
    spawn_request request;
    request.argv = {"no-such-program"};
    request.env = {{"PATH", "/usr/bin:/bin"}};
    auto failed = refusal(request);
    BOOST_TEST((failed.code == errc::bad_bundle));
    BOOST_TEST(contains(failed.message, "no-such-program"));
    BOOST_TEST(contains(failed.message, "No such file"));

    request.argv = {"/etc/passwd"};
    failed = refusal(request);
    BOOST_TEST(contains(failed.message, "Permission denied"));
    BOOST_TEST(contains(failed.next_step, "chmod +x"));

    request.argv = {"/usr/bin"};
    BOOST_TEST((refusal(request).code == errc::bad_bundle));

    request = shell("true");
    request.folder = "/no/such/folder";
    failed = refusal(request);
    BOOST_TEST((failed.code == errc::invalid_argument));
    BOOST_TEST(contains(failed.message, "/no/such/folder"));
  }

  BOOST_AUTO_TEST_CASE(requests_that_cannot_work_are_refused) {
    BOOST_TEST((refusal({}).code == errc::invalid_argument));
    auto request = shell("true");
    request.fds = {{0, 5}, {1, 5}};
    BOOST_TEST((refusal(request).code == errc::invalid_argument));
    request.fds = {{0, 256}};
    BOOST_TEST((refusal(request).code == errc::invalid_argument));
    request = shell("true");
    request.env["A=B"] = "x";
    BOOST_TEST((refusal(request).code == errc::invalid_argument));
    request = shell(std::string("a\0b", 3));
    BOOST_TEST((refusal(request).code == errc::invalid_argument));
    request = shell(std::string(2 << 20, 'x'));
    BOOST_TEST((refusal(request).code == errc::invalid_argument));
    request = shell("true");
    request.fds = {{9999, 5}};
    BOOST_TEST((refusal(request).code == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(many_threads_may_spawn_at_once) {
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int turn = 0; turn < 8; ++turn) {
          auto made = child_process::spawn(shell("exit 7"));
          if (!made)
            continue;
          const auto status = made->wait_until(late());
          good += status && status->code == 7;
        }
      });
    for (auto& thread : threads)
      thread.join();
    BOOST_TEST(good == 64);
  }

BOOST_AUTO_TEST_SUITE_END()
