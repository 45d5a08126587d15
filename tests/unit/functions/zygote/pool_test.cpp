// The zygote itself, and the forks that wait: real processes.
#include "functions/zygote/zygote.hpp"
#include "tests/support/sandbox_here.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <set>
#include <sys/wait.h>

using namespace faas;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;
constexpr auto python = "/usr/bin/python3";

/// Waits for what becomes true by itself; false: it did not within a minute.
template <class Condition>
bool becomes(Condition condition) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  const auto end = time_point::clock::now() + 60s;
  while (!condition()) {
    if (time_point::clock::now() > end)
      return false;
    never.wait_for(lock, 5ms);
  }
  return true;
}

struct fixture {
  std::mutex mutex;
  std::vector<std::string> lines;

  zygote::pool_config config(const fs::path& which = python) {
    zygote::pool_config made;
    made.python = which;
    made.first_pause = 1ms;
    made.longest_pause = 50ms;
    made.log = [this](std::string line) {
      const std::lock_guard lock{mutex};
      lines.push_back(std::move(line));
    };
    return made;
  }
  size_t told() {
    const std::lock_guard lock{mutex};
    return lines.size();
  }
  static bool full(const zygote::pool& of) {
    return of.facts().at("zygote_waiting") == "2";
  }
  static pid_t pid_of(const zygote::pool& of) {
    const auto text = of.facts().at("zygote");
    return text.starts_with("pid ") ? std::stoi(text.substr(4)) : 0;
  }
  /// Ended, and not waited for.
  static bool dead(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text;
    std::getline(file, text);
    return text.find(") Z ") != text.npos;
  }
  /// Of this process, by /proc.
  static std::set<pid_t> children() {
    std::set<pid_t> found;
    for (const auto& task : fs::directory_iterator{"/proc/self/task"}) {
      std::ifstream list{task.path() / "children"};
      for (pid_t pid; list >> pid;)
        found.insert(pid);
    }
    return found;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(pool_test, fixture)

  BOOST_AUTO_TEST_CASE(nothing_is_started_before_it_is_wanted) {
    zygote::pool pool{config()};
    BOOST_TEST(children().empty());
    const auto none = pool.take();
    BOOST_REQUIRE(!none);
    BOOST_TEST((none.error().code == errc::unavailable));
    BOOST_TEST(pool.facts().at("zygote") == "none: not needed yet");
  }

  BOOST_AUTO_TEST_CASE(forks_wait_and_are_made_again) {
    zygote::pool pool{config()};
    pool.want();
    pool.want();
    BOOST_REQUIRE(becomes([&] { return full(pool); }));
    std::set<pid_t> seen;
    for (int i = 0; i < 6; ++i) { // also more than wait
      auto one = pool.take();
      BOOST_REQUIRE(one);
      BOOST_TEST(zygote::waits(*one));
      // A child of this process, not of the zygote: it is ours to wait for.
      BOOST_TEST(children().contains(one->pid));
      BOOST_TEST(seen.insert(one->pid).second);
      zygote::discard(std::move(*one));
    }
    BOOST_TEST(pool.facts().at("zygote_taken") == "6");
    BOOST_TEST(becomes([&] { return full(pool); }));
  }

  BOOST_AUTO_TEST_CASE(its_end_leaves_no_process) {
    {
      zygote::pool pool{config()};
      pool.want();
      BOOST_REQUIRE(becomes([&] { return full(pool); }));
      BOOST_TEST(children().size() == 3u);
    }
    BOOST_TEST(children().empty());
    zygote::pool early{config()};
    early.want(); // and at once again
  }

  BOOST_AUTO_TEST_CASE(a_killed_zygote_is_replaced_and_its_forks_live_on) {
    zygote::pool pool{config()};
    pool.want();
    BOOST_REQUIRE(becomes([&] { return full(pool); }));
    const auto first = pid_of(pool);
    ::kill(first, SIGKILL);
    BOOST_REQUIRE(becomes([&] { return pid_of(pool) != first; }));
    BOOST_TEST(pool.facts().at("zygote") == "none: it ended");
    auto one = pool.take();
    BOOST_REQUIRE(one);
    BOOST_TEST(zygote::waits(*one));
    zygote::discard(std::move(*one));
    BOOST_REQUIRE(becomes([&] { return pid_of(pool) != 0; }));
    BOOST_TEST(pid_of(pool) != first);
    BOOST_TEST(becomes([&] { return full(pool); }));
    BOOST_TEST(told() == 1u);
  }

  BOOST_AUTO_TEST_CASE(a_zygote_that_does_not_answer_is_replaced) {
    auto with = config();
    with.waiting = 1;
    zygote::pool pool{with};
    pool.want();
    BOOST_REQUIRE(becomes(
      [&] { return pool.facts().at("zygote_waiting") == "1"; }));
    const auto first = pid_of(pool);
    ::kill(first, SIGSTOP);
    auto one = pool.take(); // the one that waits
    BOOST_REQUIRE(one);
    zygote::discard(std::move(*one));
    BOOST_REQUIRE(becomes([&] {
      const auto now = pid_of(pool);
      return now != 0 && now != first;
    }));
    BOOST_TEST(becomes(
      [&] { return pool.facts().at("zygote_waiting") == "1"; }));
  }

  BOOST_AUTO_TEST_CASE(a_fork_that_was_killed_is_not_given) {
    zygote::pool pool{config()};
    pool.want();
    BOOST_REQUIRE(becomes([&] { return full(pool); }));
    for (const auto pid : children())
      if (pid != pid_of(pool)) {
        ::kill(pid, SIGKILL);
        BOOST_REQUIRE(becomes([&] { return dead(pid); }));
      }
    auto one = pool.take();
    BOOST_REQUIRE(one);
    BOOST_TEST(zygote::waits(*one));
    zygote::discard(std::move(*one));
  }

  BOOST_AUTO_TEST_CASE(what_is_no_python_is_said_once_and_never_waited_for) {
    testing::scratch_folder folder;
    testing::write_file(folder / "python3", "#!/bin/sh\necho no python >&2\n");
    fs::permissions(folder / "python3", fs::perms::owner_all);
    zygote::pool pool{config(folder / "python3")};
    pool.want();
    BOOST_REQUIRE(becomes([&] { return told() > 0; }));
    const auto none = pool.take();
    BOOST_REQUIRE(!none);
    BOOST_TEST(none.error().message.find("no python") != std::string::npos,
               none.error().message);
    BOOST_TEST(told() == 1u);
  }

  BOOST_AUTO_TEST_CASE(one_that_leaves_and_lives_on_is_said_to_have_ended) {
    testing::scratch_folder folder;
    testing::write_file(folder / "python3",
                        "#!/bin/sh\necho no python >&2\nexec 3>&-\n"
                        "exec sleep 60\n");
    fs::permissions(folder / "python3", fs::perms::owner_all);
    zygote::pool pool{config(folder / "python3")};
    pool.want();
    BOOST_REQUIRE(becomes([&] { return told() > 0; }));
    const auto reason = pool.facts().at("zygote");
    BOOST_TEST(reason == "none: the zygote ended while it loaded: no python");
    BOOST_TEST(!pool.take());
    BOOST_TEST(told() == 1u);
  }

  BOOST_AUTO_TEST_CASE(what_is_not_there_is_named) {
    testing::scratch_folder folder;
    zygote::pool absent{config(folder / "absent")};
    absent.want();
    BOOST_TEST(becomes([&] {
      return absent.facts().at("zygote").find("No such file") !=
             std::string::npos;
    }));
  }

  BOOST_AUTO_TEST_CASE(another_interpreter_ends_what_was_forked_of_the_old_one) {
    testing::scratch_folder folder;
    fs::create_symlink(python, folder / "python3");
    zygote::pool pool{config(folder / "python3")};
    pool.want();
    BOOST_REQUIRE(becomes([&] { return full(pool); }));
    fs::remove(folder / "python3");
    testing::write_file(folder / "python3", "#!/bin/sh\nexit 1\n");
    fs::permissions(folder / "python3", fs::perms::owner_all);
    BOOST_TEST(!pool.take());
    BOOST_TEST(becomes([] { return children().empty(); }));
  }

BOOST_AUTO_TEST_SUITE_END()
