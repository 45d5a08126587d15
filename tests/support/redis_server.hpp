// A real Redis server for one test.
#pragma once

#include "registry/redis/client.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faas::testing {

/// redis-server on a unix socket in a folder of its own, without persistence
/// unless `more` says so. Killed with the object, and with the test.
class redis_server {
public:
  using words = std::vector<std::string>;

  explicit redis_server(words more = {}) : more_(std::move(more)) { start(); }
  /// A sentinel that listens on that port of loopback and watches the master.
  static std::unique_ptr<redis_server> sentinel(const std::string& port,
                                                const std::string& master) {
    std::unique_ptr<redis_server> made{new redis_server{not_started{}}};
    const auto conf = made->folder_ / "sentinel.conf";
    write_file(conf, "sentinel monitor petrel 127.0.0.1 " + master
                       + " 1\nsentinel down-after-milliseconds petrel 500\n"
                         "sentinel failover-timeout petrel 3000\n");
    made->conf_ = conf.string();
    made->more_ = {"--port", port, "--bind", "127.0.0.1"};
    made->start();
    return made;
  }
  /// A port of loopback that was free just now.
  static std::string free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const bool bound
      = ::bind(probe, reinterpret_cast<sockaddr*>(&at), size) == 0
        && ::getsockname(probe, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    ::close(probe);
    BOOST_REQUIRE(bound);
    return std::to_string(ntohs(at.sin_port));
  }
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
    words command{"redis-server"};
    if (!conf_.empty()) {
      command.push_back(conf_);
      command.push_back("--sentinel");
    }
    for (const auto& word :
         words{"--port", "0", "--unixsocket", socket(), "--dir",
               folder_.path(), "--logfile", folder_ / "log"})
      command.push_back(word);
    if (conf_.empty())
      for (const auto* word : {"--save", ""})
        command.push_back(word);
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
  struct not_started {};
  explicit redis_server(not_started) {}
  void end(int signal) {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  words more_;
  std::string conf_; ///< of a sentinel
  scratch_folder folder_{memory_folder()};
  system_clock_source clock_;
  pid_t pid_ = 0;
};

} // namespace faas::testing
