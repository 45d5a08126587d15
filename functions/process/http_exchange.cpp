#include "functions/process/http_exchange.hpp"

#include "functions/process/http_rules.hpp"
#include "libfaas/core/limits.hpp"

#include <boost/beast/http.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace faas::process {
namespace {

namespace http = boost::beast::http;
using parser_type = http::response_parser<http::string_body>;
using how = exchange_outcome::how;
using clock = std::chrono::steady_clock;

/// Interim answers that a program may send before its answer.
constexpr int most_interim = 16;
constexpr size_t read_bytes = 64 * 1024;

std::string text_of(int number) {
  return std::strerror(number);
}

std::string head_too_large() {
  return "the head of its answer is larger than "
         + std::to_string(limits::header_bytes) + " bytes";
}

class running_exchange {
public:
  running_exchange(int fd, const exchange_request& request,
                   const io_waiter& wait)
    : fd_(fd), request_(request), wait_(wait) {
    reset_parser();
  }

  exchange_outcome run() {
    bool look = false; // not before waiting: an answer takes its time
    while (!done_) {
      const bool unsent = sending();
      const short events = unsent ? POLLIN | POLLOUT : POLLIN;
      if (unsent && send_some())
        continue; // as long as the socket takes it
      if (look && receive_some())
        continue;
      switch (wait_(fd_, events, request_.until)) {
      case wait_end::ready:
        look = true;
        break;
      case wait_end::timeout:
        end(how::timeout);
        break;
      case wait_end::stopped:
        end(how::stopped);
        break;
      }
    }
    return std::move(out_);
  }

private:
  void reset_parser() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(limits::header_bytes));
    parser_->body_limit(request_.max_body);
    parser_->skip(request_.head_only);
    whole_ = false;
  }

  bool sending() const noexcept {
    return !broken_ && sent_ < request_.head.size() + request_.body.size();
  }

  /// True when some was sent.
  bool send_some() {
    const auto head = request_.head.size();
    const auto part = sent_ < head ? request_.head.substr(sent_)
                                   : request_.body.substr(sent_ - head);
    iovec parts[2]{{const_cast<char*>(part.data()), part.size()},
                   {const_cast<char*>(request_.body.data()),
                    request_.body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = sent_ < head && !request_.body.empty() ? 2 : 1;
    const auto n = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      sent_ += static_cast<size_t>(n);
      return true;
    }
    // It may have answered before it closed; reading finds out.
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      broken_ = true;
    return false;
  }

  /// True when some was received, or the exchange is over.
  bool receive_some() {
    std::array<char, read_bytes> bytes; // not zeroed: that takes its time
    const auto n = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n > 0) {
      out_.began = true;
      in_.append(bytes.data(), static_cast<size_t>(n));
      parse();
      if (!done_)
        acknowledge();
      return true;
    }
    if (n == 0) {
      closed("the program closed the connection");
      return true;
    }
    if (errno == EAGAIN || errno == EINTR)
      return false;
    closed("connection to the program: " + text_of(errno));
    return true;
  }

  /// Many programs send head and body by themselves, without TCP_NODELAY: their
  /// body waits for the acknowledgement of the head, which the kernel would
  /// hold back for 40 ms. No matter for other sockets.
  void acknowledge() const noexcept {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }

  void parse() {
    while (!done_ && !in_.empty()) {
      boost::beast::error_code failed;
      const auto used
        = parser_->put(boost::asio::buffer(in_.data(), in_.size()), failed);
      in_.erase(0, used);
      const bool incomplete = failed == http::error::need_more;
      if (failed && !incomplete)
        return refuse(failed);
      // Not before: Beast 1.74 forgets that the head broke the body's limit
      // when it goes on with the body at once.
      parser_->eager(parser_->is_header_done());
      if (!pass_on())
        return end(clock::now() >= request_.until ? how::timeout
                                                  : how::stopped);
      if (incomplete)
        return check_head_size();
      if (!parser_->is_done()) {
        if (used == 0)
          return;
        continue;
      }
      if (parser_->get().result_int() / 100 != 1)
        return answered(false);
      interim();
    }
  }

  /// Sends what there is of an answer in parts; false: nobody waits.
  bool pass_on() {
    if (request_.parts_to == nullptr || request_.head_only || whole_
        || !parser_->is_header_done())
      return true;
    auto& body = parser_->get().body();
    const bool first = !head_;
    if (first && !take_parts_head()) {
      whole_ = true;
      return true;
    }
    if (!first && body.empty())
      return true;
    switch (request_.parts_to->send(*head_, body)) {
    case part_fate::sent:
      out_.parts = true;
      parser_->body_limit(boost::none); // what is bounded is a part
      body.clear();
      return true;
    case part_fate::kept:
      whole_ = true;
      return true;
    case part_fate::stop:
      break;
    }
    return false;
  }

  /// False: it is not an answer in parts, or no answer at all.
  bool take_parts_head() {
    const auto& message = parser_->get();
    const auto type = message[http::field::content_type];
    if (message.result_int() < 200 || message.result_int() > 599
        || !comes_in_parts({type.data(), type.size()}))
      return false;
    take_head(head_.emplace());
    return true;
  }

  void check_head_size() {
    if (!parser_->is_header_done() && in_.size() > limits::header_bytes)
      end(how::too_large, head_too_large());
  }

  void refuse(const boost::beast::error_code& failed) {
    if (failed == http::error::body_limit)
      end(how::too_large, "its answer is larger than "
                            + std::to_string(request_.max_body) + " bytes");
    else if (failed == http::error::header_limit)
      end(how::too_large, head_too_large());
    else
      end(how::malformed, "its answer is no valid HTTP: " + failed.message());
  }

  void interim() {
    if (parser_->get().result_int() == 101)
      return end(how::malformed, "it switched to another protocol unasked");
    if (++interim_ > most_interim)
      return end(how::malformed, "it sent interim answers without end");
    reset_parser();
  }

  void closed(std::string why) {
    boost::beast::error_code failed;
    if (out_.began && parser_->is_header_done()) {
      parser_->put_eof(failed);
      if (!failed && parser_->is_done())
        return answered(true);
      why += " in the middle of its answer";
    }
    end(how::closed, std::move(why));
  }

  void answered(bool eof) {
    auto& message = parser_->get();
    const auto status = message.result_int();
    if (status < 200 || status > 599)
      return end(how::malformed,
                 "it answered with status " + std::to_string(status));
    take_head(out_.answer);
    out_.answer.body = blob{std::move(message.body())};
    out_.twice = !in_.empty();
    out_.keep = !eof && !out_.twice && !sending() && !broken_
                && message.keep_alive();
    end(how::answered);
  }

  void take_head(reply& to) {
    const auto& message = parser_->get();
    to.status = static_cast<uint16_t>(message.result_int());
    std::string connection;
    for (const auto& field : message)
      if (field.name() == http::field::connection)
        connection += std::string{field.value()} + ",";
    for (const auto& field : message)
      take_header(to, connection, field.name_string(), field.value());
  }

  static void take_header(reply& to, const std::string& connection,
                          boost::beast::string_view name,
                          boost::beast::string_view value) {
    const std::string key{name}, text{value};
    if (hop_by_hop(key) || named_by(connection, key)
        || boost::beast::iequals(name, "content-length"))
      return;
    if (boost::beast::iequals(name, "content-type"))
      to.content_type = text;
    else
      to.headers.push_back({key, text});
  }

  void end(how what, std::string why = {}) {
    if (std::exchange(done_, true))
      return;
    out_.end = what;
    out_.why = std::move(why);
  }

  const int fd_;
  const exchange_request& request_;
  const io_waiter& wait_;
  std::string in_;
  std::optional<parser_type> parser_;
  exchange_outcome out_;
  std::optional<reply> head_; ///< of an answer in parts
  bool whole_ = false; ///< it is no answer in parts
  size_t sent_ = 0;
  int interim_ = 0;
  bool broken_ = false; ///< it takes no more of the request
  bool done_ = false;
};

} // namespace

exchange_outcome exchange(int fd, const exchange_request& request,
                          const io_waiter& wait) {
  return running_exchange{fd, request, wait}.run();
}

idle_state check_idle(int fd) noexcept {
  char byte = 0;
  const auto n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0)
    return idle_state::unasked;
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return idle_state::usable;
  return idle_state::closed;
}

} // namespace faas::process
