#include "registry/redis/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
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
  return {errc::unavailable, what};
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
  if (auto ok = opened.wait_for(POLLOUT, clock.now() + timeout); !ok)
    return ok.error();
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(made->fd, SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0)
    return opened.broken(std::strerror(failed));
  return opened;
}

/// Not by hiredis, whose write() would raise SIGPIPE.
result<void> connection::send_all(std::string_view bytes, time_point end) {
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
    void* found = nullptr;
    if (::redisGetReplyFromReader(context_.get(), &found) != REDIS_OK)
      return broken(context_->errstr);
    if (found != nullptr) {
      const std::unique_ptr<void, reply_closer> owner{found};
      return taken(*static_cast<redisReply*>(found));
    }
    if (context_->reader->len > reply_bytes)
      return broken("the answer is too large for a catalog");
    if (auto ok = wait_for(POLLIN, end); !ok)
      return ok.error();
    if (::redisBufferRead(context_.get()) != REDIS_OK)
      return broken(context_->errstr);
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
