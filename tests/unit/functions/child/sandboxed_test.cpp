#include "tests/unit/functions/child/child_fixture.hpp"

#include "functions/sandbox/cgroup.hpp"
#include "tests/support/sandbox_here.hpp"
#include "tests/support/scratch_folder.hpp"

#include <fstream>
#include <sys/stat.h>
#include <thread>

using namespace faas;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

spawn_request sandboxed(std::string script) {
  auto request = shell(std::move(script));
  request.sandbox.emplace();
  return request;
}

/// A folder that everybody may read, in one that nobody else may enter.
struct folders {
  scratch_folder above;
  fs::path shown = above / "shown";
  folders() {
    write_file(shown / "file", "content\n");
    fs::permissions(shown, fs::perms{0755});
  }
};

/// Where the kernel keeps the worker's group of a controller.
fs::path group_of(const child_process& one, const fs::path& base,
                  const std::string& controller) {
  std::ifstream file{"/proc/" + std::to_string(one.pid()) + "/cgroup"};
  for (std::string line; std::getline(file, line);)
    if (contains(line, ":" + controller + ":") || line.starts_with("0::/"))
      if (const auto name = fs::path{line}.filename();
          name.native().starts_with("petrel-"))
        return base / name;
  return {};
}

uint64_t throttled(const fs::path& group) {
  std::ifstream file{group / "cpu.stat"};
  std::string key;
  uint64_t value = 0;
  while (file >> key >> value)
    if (key == "nr_throttled")
      return value;
  return 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sandboxed_test,
                      *boost::unit_test::precondition(
                        faas::testing::sandbox_here))

  BOOST_AUTO_TEST_CASE(runs_a_program_and_tells_how_it_ended) {
    auto done = run(sandboxed("echo hello; exit 3"));
    BOOST_TEST(done.output == "hello\n");
    BOOST_TEST(done.status.code == 3);
    BOOST_TEST(run(sandboxed("kill -SEGV $$")).status.signal == SIGSEGV);
    BOOST_TEST(run(sandboxed("kill -ABRT $$")).status.signal == SIGABRT);
  }

  BOOST_AUTO_TEST_CASE(the_program_is_an_ordinary_user_without_rights) {
    auto done = run(sandboxed("id -u; id -g; id -un; uname -n; "
                              "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' "
                              "/proc/self/status"));
    BOOST_TEST(done.output
               == "1000\n1000\nfunction\nfunction\n"
                  "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
                  "NoNewPrivs:\t1\nSeccomp:\t2\n");
  }

  BOOST_AUTO_TEST_CASE(sees_the_folders_of_its_plan_at_their_places) {
    folders bundle, secrets, more, writable;
    auto request
      = sandboxed("cat " + (bundle.shown / "file").string() + " "
                  + (secrets.shown / "file").string()
                  + " /var/openfaas/secrets/file "
                  + (more.shown / "file").string() + "; echo new > "
                  + (writable.shown / "made").string() + "; ls "
                  + bundle.above.path().string());
    request.folder = bundle.shown;
    request.sandbox->bundle = bundle.shown;
    request.sandbox->secrets = secrets.shown;
    request.sandbox->readable = {more.shown / "file"};
    request.sandbox->writable = {writable.shown};
    BOOST_TEST(run(request).output
               == "content\ncontent\ncontent\ncontent\nshown\n");
    BOOST_TEST(read_file(writable.shown / "made") == "new\n");
  }

  BOOST_AUTO_TEST_CASE(a_secret_that_is_replaced_shows_at_once) {
    folders secrets;
    pipe_ends out, in;
    auto request = sandboxed("read go; cat "
                             + (secrets.shown / "file").string());
    request.sandbox->secrets = secrets.shown;
    request.fds = {{out.write.get(), 1}, {in.read.get(), 0}};
    auto one = started(request);
    write_file(secrets.shown / ".new", "changed\n");
    fs::rename(secrets.shown / ".new", secrets.shown / "file");
    in.write.reset();
    BOOST_TEST(out.rest() == "changed\n");
  }

  BOOST_AUTO_TEST_CASE(a_socket_in_a_writable_folder_can_be_reached) {
    folders place;
    pipe_ends out;
    spawn_request request;
    request.argv = {"/usr/bin/python3", "-c",
                    "import socket,sys\n"
                    "s=socket.socket(socket.AF_UNIX);s.bind(sys.argv[1])\n"
                    "s.listen();print('ready',flush=True)\n"
                    "s.accept()[0].sendall(b'hi')",
                    (place.shown / "s").string()};
    request.sandbox.emplace().writable = {place.shown};
    request.fds = {{out.write.get(), 1}, {out.write.get(), 2}};
    auto one = started(request);
    BOOST_TEST(out.line() == "ready");
    BOOST_TEST(fs::is_socket(place.shown / "s"));
  }

  BOOST_AUTO_TEST_CASE(has_a_loopback_of_its_own) {
    spawn_request request;
    request.argv = {"/usr/bin/python3", "-c",
                    "import socket\n"
                    "s=socket.create_server(('127.0.0.1',0))\n"
                    "c=socket.create_connection(s.getsockname())\n"
                    "s.accept()[0].sendall(b'hi')\n"
                    "print(c.recv(2))"};
    request.sandbox.emplace();
    BOOST_TEST(run(request).output == "b'hi'\n");
  }

  BOOST_AUTO_TEST_CASE(usual_means_of_programs_work) {
    // Threads, processes, shared memory, temporary files, random numbers.
    spawn_request request;
    request.argv = {"/usr/bin/python3", "-c",
                    "import concurrent.futures as f, multiprocessing as m\n"
                    "import tempfile,os,subprocess\n"
                    "from multiprocessing import shared_memory as sm\n"
                    "with f.ThreadPoolExecutor(4) as p: "
                    "print(sum(p.map(int,'1234')))\n"
                    "a=sm.SharedMemory(create=True,size=4096);a.buf[0]=7\n"
                    "q=m.Process(target=print,args=('child',));"
                    "import sys;sys.stdout.flush();q.start();q.join()\n"
                    "print(tempfile.TemporaryFile().write(b'x'),"
                    "len(os.urandom(8)),os.path.exists(a._name))\n"
                    "a.close();a.unlink()\n"
                    "print(subprocess.run(['echo','sub'],"
                    "capture_output=True).stdout)"};
    request.env = {{"PATH", "/usr/bin:/bin"}};
    request.sandbox.emplace();
    BOOST_TEST(run(request).output
               == "10\nchild\n1 8 False\nb'sub\\n'\n");
  }

  BOOST_AUTO_TEST_CASE(orphans_are_reaped_while_it_runs) {
    // More than its bound of processes, one after the other, all orphans.
    auto request = sandboxed(
      "for i in $(seq 400); do (true &) || exit 1; done; echo all");
    request.sandbox->processes = 128;
    auto done = run(request);
    BOOST_TEST(contains(done.output, "all"));
    BOOST_TEST(done.status.code == 0);
  }

  BOOST_AUTO_TEST_CASE(terminate_and_kill_reach_it) {
    pipe_ends out;
    auto request = sandboxed("trap 'echo bye; exit 4' TERM; echo ready; "
                             "while :; do sleep 600 & wait; done");
    request.fds = {{out.write.get(), 1}};
    auto one = started(request);
    BOOST_TEST(out.line() == "ready");
    one.terminate();
    BOOST_TEST(out.rest() == "bye\n");
    BOOST_TEST(one.wait_until(late()).value().code == 4);

    auto stubborn = started(sandboxed("trap '' TERM; sleep 600"));
    stubborn.terminate();
    stubborn.kill();
    BOOST_TEST(stubborn.wait_until(late()).value().signal == SIGKILL);
  }

  BOOST_AUTO_TEST_CASE(a_program_that_spins_is_slowed_down) {
    const auto base = sandbox::find_cgroup_base();
    if (base.cpu.empty()) {
      BOOST_TEST_MESSAGE("skipped: " << base.reason);
      return;
    }
    auto request = sandboxed("while :; do :; done");
    request.sandbox->cpus = 0.05;
    auto one = started(request);
    const auto group = group_of(one, base.cpu, "cpu");
    BOOST_REQUIRE(!group.empty());
    const auto end = late();
    while (throttled(group) == 0 && time_point::clock::now() < end)
      std::this_thread::yield();
    BOOST_TEST(throttled(group) > 0u);
    one = {};
    BOOST_TEST(!fs::exists(group));
  }

  BOOST_AUTO_TEST_CASE(what_cannot_be_shown_is_explained) {
    auto request = sandboxed("true");
    request.sandbox->bundle = "/no/such/bundle";
    auto failed = refusal(request);
    BOOST_TEST((failed.code == errc::unavailable));
    BOOST_TEST(contains(failed.message, "/no/such/bundle"));

    request = sandboxed("true");
    request.argv = {"/no/such/program"};
    BOOST_TEST((refusal(request).code == errc::bad_bundle));

    request = sandboxed("true");
    request.folder = "/root"; // exists, but not there
    BOOST_TEST((refusal(request).code == errc::invalid_argument));

    if (::geteuid() == 0) {
      scratch_folder closed;
      request = sandboxed("true");
      request.sandbox->bundle = closed.path();
      failed = refusal(request);
      BOOST_TEST((failed.code == errc::invalid_argument));
      BOOST_TEST(contains(failed.next_step, "chmod"));
    }
  }

  BOOST_AUTO_TEST_CASE(links_in_the_plan_do_not_lead_elsewhere) {
    // A folder below a link of the new root: mounted inside, never outside.
    folders place;
    auto request = sandboxed("ls /bin/../share > /dev/null; echo good");
    request.sandbox->readable = {place.shown, "/usr/share"};
    BOOST_TEST(run(request).output == "good\n");
  }

  BOOST_AUTO_TEST_CASE(failed_starts_leave_nothing) {
    const auto base = sandbox::find_cgroup_base();
    const auto count = [&](const fs::path& folder) {
      int found = 0;
      if (!folder.empty())
        for (const auto& one : fs::directory_iterator{folder})
          found += one.path().filename().native().starts_with(
            "petrel-" + std::to_string(::getpid()) + "-");
      return found;
    };
    for (int i = 0; i < 5; ++i) {
      auto request = sandboxed("true");
      request.sandbox->bundle = "/no/such/bundle";
      refusal(request);
    }
    BOOST_TEST(count(base.processes) == 0);
    std::ifstream list{"/proc/self/task/" + std::to_string(::gettid())
                       + "/children"};
    std::string children;
    std::getline(list, children);
    BOOST_TEST(children == ""); // no zombie either
  }

  BOOST_AUTO_TEST_CASE(the_machine_says_what_it_can_do) {
    const auto found = sandbox::probe();
    BOOST_TEST(found.facts().size() == 11u);
    BOOST_TEST(found.enough());
    BOOST_TEST(found.missing() == "");
    for (const auto& [name, text] : found.facts()) {
      BOOST_TEST_MESSAGE(name << ": " << text);
      BOOST_TEST((text.starts_with("yes (") || text.starts_with("no (")));
    }
  }

  BOOST_AUTO_TEST_CASE(what_is_missing_is_named_with_its_reason) {
    auto found = sandbox::probe();
    found.seccomp = {false, "Function not implemented"};
    found.pid_namespace = {false, "Operation not permitted"};
    BOOST_TEST(!found.enough());
    BOOST_TEST(found.missing()
               == "this machine has no pid namespace (Operation not "
                  "permitted), no seccomp (Function not implemented)");
    found = sandbox::probe();
    found.own_uid = found.cpu = found.memory = {};
    BOOST_TEST(found.enough()); // weaker, but no way out
  }

BOOST_AUTO_TEST_SUITE_END()
