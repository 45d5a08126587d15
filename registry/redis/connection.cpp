#include "registry/redis/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

namespace faas::registry::redis {
namespace {

/// Takes over what hiredis made; depth is bounded by its reader.
reply taken(const redisReply& from) {
  reply made;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      made.is = reply::kind::text;
      made.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ERROR:
      made.is = reply::kind::failure;
      made.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      made.is = reply::kind::number;
      made.number = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      made.is = reply::kind::list;
      made.items.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i)
        made.items.push_back(taken(*from.element[i]));
      break;
    default:
      break;
  }
  return made;
}

/// As the protocol wants it: an array of strings with their lengths.
void append(std::string& to, const command& words) {
  to += "*" + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words)
    to += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
}

struct reply_closer {
  void operator()(void* made) const noexcept { ::freeReplyObject(made); }
};

} // namespace

void connection::closer::operator()(redisContext* context) const noexcept {
  ::redisFree(context);
}

error connection::broken(const std::string& what) const {
  // A server that refuses a certificate just closes, more often than not.
  return {errc::unavailable, what, tls_ ? tls_line::hint : ""};
}

result<void> connection::wait_for(short events, time_point end) {
  using std::chrono::milliseconds;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - clock_->now());
    pollfd one{context_->fd, events, 0};
    const auto got
      = left.count() <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left.count()));
    if (got > 0)
      return {};
    if (got == 0)
      return error{errc::deadline_exceeded, "no answer in time"};
    if (errno != EINTR)
      return broken(std::strerror(errno));
  }
}

result<connection> connection::open(const address& to, duration timeout,
                                    const clock_source& clock) {
  auto* made = to.socket.empty()
                 ? ::redisConnectNonBlock(to.host.c_str(), to.port)
                 : ::redisConnectUnixNonBlock(to.socket.c_str());
  if (made == nullptr)
    return error{errc::unavailable, "out of memory"};
  connection opened{made, clock};
  if (made->err != 0)
    return opened.broken(made->errstr);
  ::fcntl(made->fd, F_SETFD, FD_CLOEXEC); // not for what the node starts
  const auto end = clock.now() + timeout;
  if (auto ok = opened.wait_for(POLLOUT, end); !ok)
    return ok.error();
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(made->fd, SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0)
    return opened.broken(std::strerror(failed));
  if (to.tls)
    if (auto ok = opened.start_tls(to, end); !ok)
      return ok.error();
  return opened;
}

result<void> connection::start_tls(const address& to, time_point end) {
  auto line = tls_line::open(to.files, to.host);
  if (!line)
    return line.error();
  tls_ = std::move(*line);
  for (;;) {
    auto over = tls_->shake_hands();
    // Also when it failed: the server shall learn why.
    const auto sent = put_out(tls_->output(), end);
    if (!over)
      return over.error();
    if (!sent || *over)
      return sent;
    if (auto ok = take_in(end); !ok)
      return ok;
  }
}

/// What has come, to OpenSSL or to the reader of replies.
result<void> connection::take_in(time_point end) {
  if (auto ok = wait_for(POLLIN, end); !ok)
    return ok;
  char part[16 * 1024];
  const auto got = ::recv(context_->fd, part, sizeof part, 0);
  if (got < 0 && (errno == EINTR || errno == EAGAIN))
    return {};
  if (got < 0)
    return broken(std::strerror(errno));
  if (got == 0)
    return broken("Server closed the connection");
  const auto size = static_cast<size_t>(got);
  if (tls_)
    tls_->put_in({part, size});
  else if (::redisReaderFeed(context_->reader, part, size) != REDIS_OK)
    return broken(context_->reader->errstr);
  return {};
}

result<void> connection::send_all(std::string_view bytes, time_point end) {
  if (!tls_)
    return put_out(bytes, end);
  if (auto ok = tls_->write(bytes); !ok)
    return ok;
  return put_out(tls_->output(), end);
}

/// Not by hiredis, whose write() would raise SIGPIPE.
result<void> connection::put_out(std::string_view bytes, time_point end) {
  while (!bytes.empty()) {
    if (auto ok = wait_for(POLLOUT, end); !ok)
      return ok;
    const auto done
      = ::send(context_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done >= 0)
      bytes.remove_prefix(static_cast<size_t>(done));
    else if (errno != EINTR && errno != EAGAIN)
      return broken(std::strerror(errno));
  }
  return {};
}

result<reply> connection::receive(time_point end) {
  for (;;) {
    if (tls_) {
      auto plain = tls_->read();
      if (!plain)
        return plain.error();
      if (!plain->empty()
          && ::redisReaderFeed(context_->reader, plain->data(), plain->size())
               != REDIS_OK)
        return broken(context_->reader->errstr);
      if (auto ok = put_out(tls_->output(), end); !ok) // a new key
        return ok.error();
    }
    void* found = nullptr;
    if (::redisReaderGetReply(context_->reader, &found) != REDIS_OK)
      return broken(context_->reader->errstr);
    if (found != nullptr) {
      const std::unique_ptr<void, reply_closer> owner{found};
      return taken(*static_cast<redisReply*>(found));
    }
    if (context_->reader->len > reply_bytes)
      return broken("the answer is too large for a catalog");
    if (auto ok = take_in(end); !ok)
      return ok.error();
  }
}

result<std::vector<reply>> connection::run(std::span<const command> commands,
                                           duration timeout) {
  const auto end = clock_->now() + timeout;
  std::string bytes;
  for (const auto& one : commands)
    append(bytes, one);
  if (auto ok = send_all(bytes, end); !ok)
    return ok.error();
  std::vector<reply> replies;
  for (size_t i = 0; i < commands.size(); ++i) {
    auto one = receive(end);
    if (!one)
      return one.error();
    replies.push_back(std::move(*one));
  }
  return replies;
}

} // namespace faas::registry::redis
