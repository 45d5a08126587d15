#include "functions/process/lambda_server.hpp"

#include "libfaas/core/limits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace faas::process::lambda {

namespace http = boost::beast::http;
using kind = request_target::kind;

namespace {

/// A runtime needs one or two.
constexpr size_t most_connections = 8;
/// Taken of a connection before others get their turn.
constexpr int reads_in_a_row = 64;

} // namespace

std::vector<pollfd> server::wanted() const {
  std::vector<pollfd> all{{listener_.get(), POLLIN, 0}};
  for (const auto& one : connections_)
    all.push_back({one.fd.get(),
                   static_cast<short>(one.out.empty() ? POLLIN
                                                      : POLLIN | POLLOUT),
                   0});
  return all;
}

void server::serve(const std::vector<pollfd>& seen) {
  for (auto at = connections_.begin(); at != connections_.end();) {
    const auto found
      = std::find_if(seen.begin(), seen.end(), [&](const pollfd& one) {
          return one.fd == at->fd.get() && one.revents != 0;
        });
    bool open = true;
    if (found != seen.end()) {
      open = receive(*at);
      send(*at);
      if (at->closing && at->out.empty()) // what it still sends is read away,
        ::shutdown(at->fd.get(), SHUT_WR); // or it might not see the answer
    }
    if (!open) {
      waiting_.remove(&*at);
      at = connections_.erase(at);
    } else {
      ++at;
    }
  }
  if (!seen.empty() && seen.front().revents != 0)
    accept_all();
}

void server::accept_all() {
  while (true) {
    unique_fd fd{::accept4(listener_.get(), nullptr, nullptr,
                           SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!fd)
      return;
    if (connections_.size() >= most_connections)
      continue; // closed at once
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.emplace_back();
    connections_.back().fd = std::move(fd);
  }
}

/// False: it is closed.
bool server::receive(connection& from) {
  std::array<char, 64 * 1024> bytes;
  for (int i = 0; i < reads_in_a_row; ++i) {
    const auto n
      = ::recv(from.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      return false;
    if (n < 0)
      return true;
    if (from.closing)
      continue;
    from.in.append(bytes.data(), static_cast<size_t>(n));
    parse(from);
  }
  return true;
}

void server::parse(connection& from) {
  while (!from.in.empty() && !from.closing) {
    if (!from.parser) {
      from.parser.emplace();
      from.parser->header_limit(static_cast<uint32_t>(limits::header_bytes));
      from.parser->body_limit(max_body_);
    }
    boost::beast::error_code failed;
    const auto used = from.parser->put(
      boost::asio::buffer(from.in.data(), from.in.size()), failed);
    from.in.erase(0, used);
    if (failed == http::error::need_more) {
      if (!from.parser->is_header_done()
          && from.in.size() > limits::header_bytes)
        refuse(from, http::error::header_limit);
      return;
    }
    if (failed)
      return refuse(from, failed);
    // Not before: see http_exchange.cpp.
    from.parser->eager(from.parser->is_header_done());
    if (from.parser->is_done()) {
      handle(from);
      from.parser.reset();
    } else if (used == 0) {
      return;
    }
  }
}

void server::refuse(connection& from, const boost::beast::error_code& failed) {
  from.closing = true;
  from.in.clear();
  const bool large = failed == http::error::body_limit;
  const auto target = large ? target_of(from) : request_target{};
  if (large && target.what == kind::response && target.id == open_) {
    answer_ = lambda::failed(
      {"Function.ResponseSizeTooLarge",
       "the response is larger than " + std::to_string(max_body_)
         + " bytes (petrel.max_body)"});
    last_ = std::exchange(open_, {});
    from.out += plain_answer(413, "RequestEntityTooLarge",
                             "the response is too large", false);
    return;
  }
  wrong_ = "it sent what is no HTTP request: " + failed.message();
  from.out += plain_answer(400, "InvalidRequest", failed.message(), false);
}

std::string server::header(const connection& of, const char* name) const {
  const auto value = of.parser->get()[name];
  return {value.data(), value.size()};
}

request_target server::target_of(const connection& from) {
  const auto& message = from.parser->get();
  const auto method = message.method_string(), path = message.target();
  return parse_target({method.data(), method.size()},
                      {path.data(), path.size()});
}

void server::handle(connection& from) {
  auto& message = from.parser->get();
  const auto target = target_of(from);
  const auto said = [&] {
    return parse_failure(message.body(),
                         header(from, "Lambda-Runtime-Function-Error-Type"));
  };
  switch (target.what) {
  case kind::next:
    waiting_.push_back(&from);
    return;
  case kind::response: {
    reply made;
    // Lambda's answers are JSON whatever this header says; it may say more.
    made.content_type = header(from, "Content-Type");
    if (made.content_type.empty())
      made.content_type = "application/json";
    made.body = blob{std::move(message.body())};
    return finish_event(from, target.id, std::move(made));
  }
  case kind::error:
    return finish_event(from, target.id, failed(said()));
  case kind::init_error:
    init_failure_ = said();
    from.out += plain_answer(202, "", "OK");
    return;
  case kind::unknown:
    from.out += plain_answer(404, "NotFound", "no such part of the API");
  }
}

void server::finish_event(connection& from, const std::string& id,
                          reply&& answer) {
  if (!id.empty() && id == open_) {
    answer_ = std::move(answer);
    last_ = std::exchange(open_, {});
    from.out += plain_answer(202, "", "OK");
  } else if (!id.empty() && id == last_) {
    from.out += plain_answer(403, "StateTransitionFailed",
                             "the event is answered already");
  } else {
    from.out += plain_answer(400, "InvalidRequestID",
                             "no event of that id is open");
  }
}

void server::send(connection& to) {
  while (!to.out.empty()) {
    const auto n = ::send(to.fd.get(), to.out.data(), to.out.size(),
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return; // full, or closed: reading finds out
    to.out.erase(0, static_cast<size_t>(n));
  }
}

void server::give(const invocation& event, wall_time deadline) {
  auto* to = waiting_.front();
  waiting_.pop_front();
  answer_.reset();
  open_ = event.id.to_string();
  to->out += next_answer(of_, event, deadline);
  send(*to);
}

reply server::take_answer() {
  auto made = std::move(*answer_);
  answer_.reset();
  return made;
}

} // namespace faas::process::lambda
