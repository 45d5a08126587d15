// A real Redis server for one test.
#pragma once

#include "registry/redis/client.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faas::testing {

/// redis-server on a unix socket in a folder of its own, without persistence
/// unless `more` says so. Killed with the object, and with the test.
class redis_server {
public:
  using words = std::vector<std::string>;

  explicit redis_server(words more = {}) : more_(std::move(more)) { start(); }
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;
  ~redis_server() { kill(); }

  std::string socket() const { return (folder_ / "redis.sock").string(); }
  const scratch_folder& folder() const { return folder_; }
  registry::redis::address address() const {
    registry::redis::address to;
    to.socket = socket();
    return to;
  }
  registry::redis::client_options client() const {
    registry::redis::client_options options;
    options.server = address();
    // A loaded machine under sanitizers.
    options.connect_timeout = options.command_timeout
      = std::chrono::seconds{20};
    options.shortest_pause = options.longest_pause
      = std::chrono::milliseconds{1};
    return options;
  }

  /// Returns when it answers.
  void start() {
    std::filesystem::remove(socket());
    words command{"redis-server", "--port",       "0",
                  "--unixsocket", socket(),       "--dir",
                  folder_.path(), "--save",       "",
                  "--logfile",    folder_ / "log", "--daemonize",
                  "no"};
    command.insert(command.end(), more_.begin(), more_.end());
    std::vector<char*> raw;
    for (auto& word : command)
      raw.push_back(word.data());
    raw.push_back(nullptr);
    pid_ = ::fork();
    BOOST_REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execvp(raw[0], raw.data());
      ::_exit(127);
    }
    for (int i = 0; i < 2000; ++i) {
      registry::redis::client probe{client(), clock_, 1};
      auto answer = probe.run_one({"PING"});
      // NOAUTH is an answer, too; LOADING is none yet.
      if (answer || answer.error().message.find("NOAUTH") != std::string::npos)
        return;
      ::poll(nullptr, 0, 10);
    }
    BOOST_FAIL("redis-server does not start: " + read_file(folder_ / "log"));
  }
  void kill() { end(SIGKILL); }
  /// SIGTERM, and waits.
  void stop() { end(SIGTERM); }
  void freeze() { ::kill(pid_, SIGSTOP); }
  void thaw() { ::kill(pid_, SIGCONT); }

  /// One command as the default user; a failure fails the test.
  registry::redis::reply ask(registry::redis::command command) const {
    registry::redis::client one{client(), clock_, 1};
    auto answer = one.run_one(std::move(command));
    BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().to_string()));
    return std::move(*answer);
  }

private:
  void end(int signal) {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  words more_;
  scratch_folder folder_{memory_folder()};
  system_clock_source clock_;
  pid_t pid_ = 0;
};

} // namespace faas::testing
