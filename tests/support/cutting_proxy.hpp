// A bad line between a client and a server on unix sockets.
#pragma once

#include <atomic>
#include <cstring>
#include <map>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace faas::testing {

/// Forwards bytes on a thread of its own; may delay answers, cut connections
/// and talk nonsense. Thread safe.
class cutting_proxy {
public:
  cutting_proxy(std::string at, std::string to)
    : at_(std::move(at)), to_(std::move(to)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto name = name_of(at_);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0
        || ::listen(listener_, 16) != 0 || ::pipe(stop_) != 0)
      throw std::runtime_error("cannot listen at " + at_);
    thread_ = std::thread{[this] { run(); }};
  }
  cutting_proxy(const cutting_proxy&) = delete;
  cutting_proxy& operator=(const cutting_proxy&) = delete;
  ~cutting_proxy() {
    (void) !::write(stop_[1], "x", 1);
    thread_.join();
    for (const auto& [from, to] : pairs_)
      ::close(from);
    for (const int fd : {listener_, stop_[0], stop_[1]})
      ::close(fd);
    ::unlink(at_.c_str());
  }

  const std::string& socket() const noexcept { return at_; }
  /// Holds every answer back for so long.
  void delay_answers(int ms) { delay_ms_ = ms; }
  /// The next answer is lost and its connection cut: what was asked is done.
  void cut_next_answer() { cut_answer_ = true; }
  /// The next question is lost and its connection cut: it is not done.
  void cut_next_question() { cut_question_ = true; }
  /// Answers everything so, without asking the server.
  void answer_all_with(const std::string& nonsense) {
    nonsense_ = nonsense;
    talk_nonsense_ = true;
  }
  /// Connections made so far.
  int connections() const { return connections_; }

private:
  static sockaddr_un name_of(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    return name;
  }
  struct end {
    int other = -1;
    bool server = false;
  };

  void run() {
    for (;;) {
      std::vector<pollfd> wanted{{stop_[0], POLLIN, 0},
                                 {listener_, POLLIN, 0}};
      for (const auto& [fd, end] : pairs_)
        wanted.push_back({fd, POLLIN, 0});
      if (::poll(wanted.data(), wanted.size(), -1) < 0)
        continue;
      if (wanted[0].revents != 0)
        return;
      if (wanted[1].revents != 0)
        accept_one();
      for (size_t i = 2; i < wanted.size(); ++i)
        if (wanted[i].revents != 0 && pairs_.count(wanted[i].fd) != 0)
          forward(wanted[i].fd);
    }
  }
  void accept_one() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto name = name_of(to_);
    ++connections_;
    if (::connect(server, reinterpret_cast<sockaddr*>(&name), sizeof name)
        != 0) {
      ::close(client);
      ::close(server);
      return;
    }
    pairs_[client] = {server, false};
    pairs_[server] = {client, true};
  }
  void forward(int from) {
    char bytes[65536];
    const auto got = ::read(from, bytes, sizeof bytes);
    const auto pair = pairs_[from];
    auto& cut = pair.server ? cut_answer_ : cut_question_;
    if (got <= 0 || cut.exchange(false))
      return close_both(from);
    if (talk_nonsense_ && !pair.server)
      return send(from, nonsense_.data(), nonsense_.size());
    if (pair.server && delay_ms_ > 0)
      ::poll(nullptr, 0, delay_ms_);
    send(pair.other, bytes, static_cast<size_t>(got));
  }
  void send(int to, const char* bytes, size_t size) {
    while (size > 0) {
      const auto done = ::send(to, bytes, size, MSG_NOSIGNAL);
      if (done <= 0)
        return;
      bytes += done;
      size -= static_cast<size_t>(done);
    }
  }
  void close_both(int one) {
    const int other = pairs_[one].other;
    for (const int fd : {one, other}) {
      pairs_.erase(fd);
      ::close(fd);
    }
  }

  std::string at_, to_, nonsense_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::map<int, end> pairs_; ///< of the thread
  std::atomic<int> delay_ms_{0};
  std::atomic<bool> cut_answer_{false}, cut_question_{false};
  std::atomic<bool> talk_nonsense_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

} // namespace faas::testing
