#include "tests/integration/sandbox/abuse_table.hpp"
#include "tests/integration/sandbox/world.hpp"

#include "functions/sandbox/cgroup.hpp"
#include "functions/zygote/zygote.hpp"
#include "tests/support/sandbox_here.hpp"

#include <csignal>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <set>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>

using namespace faas;
using namespace faas::testing;

namespace {

/// The only terminal a worker could have: one that it was given.
struct terminal {
  descriptor master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  descriptor slave;
  terminal() {
    ::grantpt(master.get());
    ::unlockpt(master.get());
    slave = descriptor{
      ::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)};
  }
};

std::string attempt(world& around, const abuse_row& row, bool in_sandbox) {
  terminal typed;
  auto request = around.request(row.name, in_sandbox);
  if (typed.slave)
    request.fds.push_back({typed.slave.get(), 0});
  auto done = run(request);
  while (!done.output.empty() && done.output.back() == '\n')
    done.output.pop_back();
  return done.output.empty() ? done.status.text() : done.output;
}

/// The same program, executed by a Python that a zygote forked.
struct forked_python {
  static zygote::pool_config config() {
    zygote::pool_config made;
    made.python = "/usr/bin/python3";
    return made;
  }
  zygote::pool pool{config()};

  void prepare(const std::filesystem::path& bundle) {
    namespace fs = std::filesystem;
    const auto* source = std::getenv("PETREL_SOURCE");
    const auto to = bundle / "python_packages/petrel";
    fs::create_directories(to);
    fs::copy(fs::path{source ? source : "."} / "python/src/petrel", to,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    write_file(bundle / "handler.py",
               "import os, sys\n"
               "assert 'csv' in sys.modules  # of the zygote's\n"
               "os.execv(os.environ['ABUSER'],\n"
               "         [os.environ['ABUSER'], os.environ['ABUSE']])\n");
    for (const auto& one : fs::recursive_directory_iterator{bundle})
      fs::permissions(one, one.is_directory() ? fs::perms{0755}
                                              : fs::perms{0644});
  }
  std::string attempt(world& around, const abuse_row& row) {
    terminal typed;
    pipe_ends out;
    auto request = around.request(row.name, true);
    request.fds = {{out.write.get(), 1}, {out.write.get(), 2}};
    if (typed.slave)
      request.fds.push_back({typed.slave.get(), 0});
    request.folder = request.sandbox->bundle;
    prepare(request.folder);
    request.env["PYTHONPATH"] = (request.folder / "python_packages").string();
    request.env["ABUSER"] = PETREL_ABUSER;
    request.env["ABUSE"] = row.name;
    request.argv = {"python3", "-m", "petrel", "handler.py"};
    request.forks = [this] { return pool.take(); };
    auto one = started(request);
    BOOST_TEST(one.forked());
    auto output = out.rest();
    const auto status = one.wait_until(late());
    BOOST_REQUIRE(status.has_value());
    while (!output.empty() && output.back() == '\n')
      output.pop_back();
    return output.empty() ? status->text() : output;
  }
};

bool must_succeed(shown when) {
  return when == shown::always
         || (when == shown::as_root && ::geteuid() == 0);
}

/// "done", or why that was not tried or found.
std::string without_sandbox(world& around, const abuse_row& row) {
  if (row.without == shown::never)
    return std::string{"not tried: "} + row.why;
  const auto got = attempt(around, row, false);
  if (must_succeed(row.without))
    BOOST_TEST(got == "done");
  return got;
}

void print(const std::string& name, const std::string& without,
           const std::string& within, const std::string& by) {
  std::cout << "| " << std::left << std::setw(37) << name << " | "
            << std::setw(42) << without << " | " << std::setw(21) << within
            << " | " << by << "\n";
}

bool alive(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  std::getline(stat, line);
  return !line.empty() && line.find(") Z ") == line.npos;
}

bool ends(pid_t pid) {
  const auto end = late();
  while (alive(pid) && time_point::clock::now() < end)
    std::this_thread::yield();
  return !alive(pid);
}

} // namespace

BOOST_AUTO_TEST_SUITE(abuse_test,
                      *boost::unit_test::precondition(
                        faas::testing::sandbox_here))

  BOOST_AUTO_TEST_CASE(what_succeeds_without_a_sandbox_is_refused_within) {
    world around;
    print("abuse", "without", "within", "by");
    int succeeded = 0;
    for (const auto& row : abuse_table())
      BOOST_TEST_CONTEXT(row.name) {
        const auto without = without_sandbox(around, row);
        succeeded += without == "done";
        const auto within = attempt(around, row, true);
        BOOST_TEST(within == std::string{"refused: "} + row.refusal);
        print(row.name, without, within, row.by);
      }
    if (::geteuid() == 0)
      BOOST_TEST(succeeded >= 25);
  }

  BOOST_AUTO_TEST_CASE(all_of_it_is_refused_to_a_fork_of_a_zygote) {
    if (sandbox::find_cgroup_base().memory.empty())
      return; // such forks are made where a group bounds the memory
    world around;
    forked_python python;
    python.pool.want();
    const auto end = late();
    while (python.pool.facts().at("zygote_waiting") == "0"
           && time_point::clock::now() < end)
      std::this_thread::yield();
    for (const auto& row : abuse_table())
      BOOST_TEST_CONTEXT(row.name)
        BOOST_TEST(python.attempt(around, row)
                   == std::string{"refused: "} + row.refusal);
  }

  BOOST_AUTO_TEST_CASE(using_more_memory_ends_the_worker_only) {
    world around;
    const abuse_row row{"use more memory", "", ""};
    BOOST_TEST(attempt(around, row, false) == "done");
    auto done = run(around.request(row.name, true));
    print(row.name, "done", done.status.text(), "cgroup memory or rlimit");
    if (sandbox::find_cgroup_base().memory.empty()) {
      BOOST_TEST(done.output == "refused: ENOMEM\n");
    } else {
      BOOST_TEST(done.status.signal == SIGKILL);
      BOOST_TEST(done.status.out_of_memory);
    }
  }

  BOOST_AUTO_TEST_CASE(a_daemon_does_not_outlive_its_worker) {
    world around;
    const std::string name = "outlive the node";
    { // started by hand, it does
      pipe_ends out;
      std::string program = PETREL_ABUSER, argument = name;
      char* arguments[] = {program.data(), argument.data(), nullptr};
      posix_spawn_file_actions_t actions;
      ::posix_spawn_file_actions_init(&actions);
      ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
      pid_t pid = 0;
      BOOST_REQUIRE(::posix_spawn(&pid, program.c_str(), &actions, nullptr,
                                  arguments, environ)
                    == 0);
      ::posix_spawn_file_actions_destroy(&actions);
      const auto daemon = std::stoi(out.line());
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      BOOST_TEST(alive(daemon));
      ::kill(daemon, SIGKILL);
    }
    pipe_ends out;
    auto request = around.request(name, true);
    request.fds = {{out.write.get(), 1}};
    pid_t daemon = 0;
    {
      auto one = started(request);
      out.line(); // its number in its own namespace
      std::ifstream list{"/proc/" + std::to_string(one.pid()) + "/stat"};
      std::string skip;
      list >> skip >> skip >> skip >> daemon; // the parent: its first process
      BOOST_TEST(alive(daemon));
    }
    BOOST_TEST(!alive(daemon));
    BOOST_TEST(out.rest() == ""); // all writers are gone
  }

  BOOST_AUTO_TEST_CASE(a_worker_ends_with_a_killed_node) {
    world around;
    pipe_ends out;
    const auto node = ::fork(); // this test has one thread
    BOOST_REQUIRE(node >= 0);
    if (node == 0) {
      auto request = around.request("outlive the node", true);
      request.fds = {{out.write.get(), 1}};
      auto one = child_process::spawn(request);
      ::dprintf(out.write.get(), "%d\n", one ? one->pid() : -1);
      ::pause();
      ::_exit(1);
    }
    const auto first = std::stoi(out.line()), second = std::stoi(out.line());
    const auto worker = std::max(first, second); // the other is a small number
    BOOST_TEST(alive(worker));
    ::kill(node, SIGKILL);
    ::waitpid(node, nullptr, 0);
    BOOST_TEST(ends(worker));
    BOOST_TEST(out.rest() == "");
    sandbox::sweep_cgroups(sandbox::find_cgroup_base());
  }

  BOOST_AUTO_TEST_CASE(two_workers_have_users_of_their_own) {
    if (sandbox::probe().own_uid.works == false)
      return;
    world around;
    std::set<std::string> users;
    std::vector<child_process> workers;
    for (int i = 0; i < 2; ++i) {
      pipe_ends out;
      auto request = around.request("outlive the node", true);
      request.fds = {{out.write.get(), 1}};
      workers.push_back(started(request));
      std::ifstream status{"/proc/" + std::to_string(workers.back().pid())
                           + "/status"};
      for (std::string line; std::getline(status, line);)
        if (line.starts_with("Uid:"))
          users.insert(line);
    }
    BOOST_TEST(users.size() == 2u);
    BOOST_TEST(!users.contains("Uid:\t0\t0\t0\t0"));
  }

BOOST_AUTO_TEST_SUITE_END()
