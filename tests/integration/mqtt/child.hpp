// A child process whose output can be waited for line by line.
#pragma once

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace faas::test {

/// Started at construction with stdin, stdout and stderr as pipes; killed at
/// destruction, and with its parent.
class child {
public:
  explicit child(std::vector<std::string> command) {
    int in[2];
    int out[2];
    BOOST_REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    BOOST_REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    std::vector<char*> words;
    for (auto& word : command)
      words.push_back(word.data());
    words.push_back(nullptr);
    pid_ = ::fork();
    BOOST_REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(out[1], 2);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~child() {
    kill();
    ::close(out_);
    close_input();
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  void write(const std::string& text) {
    for (size_t at = 0; at < text.size();) {
      const auto done = ::write(in_, text.data() + at, text.size() - at);
      BOOST_REQUIRE(done > 0);
      at += static_cast<size_t>(done);
    }
  }
  void close_input() {
    if (in_ >= 0)
      ::close(in_);
    in_ = -1;
  }

  /// The next line of output; "" at its end or after 20 s.
  std::string line() {
    for (;;) {
      if (const auto end = text_.find('\n'); end != std::string::npos) {
        auto one = text_.substr(0, end);
        text_.erase(0, end + 1);
        return one;
      }
      pollfd ready{out_, POLLIN, 0};
      if (::poll(&ready, 1, 20'000) <= 0)
        return {};
      char bytes[4096];
      const auto got = ::read(out_, bytes, sizeof bytes);
      if (got <= 0)
        return {};
      text_.append(bytes, static_cast<size_t>(got));
    }
  }

  /// Whether output comes within that time.
  bool ready(std::chrono::milliseconds time) {
    pollfd one{out_, POLLIN, 0};
    return !text_.empty()
           || ::poll(&one, 1, static_cast<int>(time.count())) > 0;
  }

  /// SIGKILL, and waits for the end.
  void kill() {
    if (pid_ > 0)
      ::kill(pid_, SIGKILL);
    wait();
  }
  /// Exit status; -1 when killed.
  int wait() {
    int status = -1;
    if (pid_ > 0)
      ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string text_;
};

} // namespace faas::test
