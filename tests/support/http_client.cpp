#include "tests/support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace faas::test {

http_client::http_client(uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address)
      != 0)
    throw std::runtime_error("cannot connect");
}

http_client::~http_client() {
  close();
}

void http_client::close() {
  if (socket_ >= 0)
    ::close(socket_);
  socket_ = -1;
}

void http_client::reset() {
  linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void http_client::shutdown_send() {
  ::shutdown(socket_, SHUT_WR);
}

bool http_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool http_client::fill() {
  char bytes[65536];
  const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0)
    return false;
  in_.append(bytes, static_cast<size_t>(got));
  return true;
}

bool http_client::closed() {
  return in_.empty() && !fill() && errno != EAGAIN;
}

http_answer http_client::read_head() {
  http_answer answer;
  while (in_.find("\r\n\r\n") == std::string::npos)
    if (!fill())
      return answer;
  const auto end = in_.find("\r\n\r\n");
  const auto head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  answer.status = std::atoi(head.substr(9, 3).c_str());
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const auto colon = head.find(": ", at);
    auto name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  return answer;
}

/// Moves one chunk from in_ to line_; false at the last one or the end.
bool http_client::chunk() {
  while (in_.find("\r\n") == std::string::npos)
    if (!fill())
      return false;
  const auto size = std::strtoul(in_.c_str(), nullptr, 16);
  const auto begin = in_.find("\r\n") + 2;
  while (in_.size() < begin + size + 2)
    if (!fill())
      return false;
  line_ += in_.substr(begin, size);
  in_.erase(0, begin + size + 2);
  return size != 0;
}

http_answer http_client::read(bool head) {
  auto answer = read_head();
  if (answer.status == 100)
    answer = read_head();
  if (head || answer.status == 0 || answer.status == 204)
    return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    line_.clear();
    while (chunk()) {
    }
    answer.body = std::exchange(line_, {});
    return answer;
  }
  const auto length
    = answer.headers.contains("content-length")
        ? std::strtoul(answer.header("content-length").c_str(), nullptr, 10)
        : std::string::npos;
  while (in_.size() < length)
    if (!fill())
      break;
  answer.body = in_.substr(0, length);
  in_.erase(0, length);
  return answer;
}

std::string http_client::read_line() {
  while (line_.find('\n') == std::string::npos)
    if (!chunk())
      return {};
  const auto end = line_.find('\n');
  auto line = line_.substr(0, end);
  line_.erase(0, end + 1);
  return line;
}

http_answer http_client::request(std::string_view method,
                                 std::string_view target, std::string_view body,
                                 std::string_view headers) {
  std::string text{method};
  text += " ";
  text += target;
  text += " HTTP/1.1\r\nHost: localhost\r\n";
  text += headers;
  if (!body.empty())
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  send(text);
  return read(method == "HEAD");
}

} // namespace faas::test
