#include "functions/isolated/worker/worker_context.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

namespace faas::isolated {

bool worker_context::cancelled() const noexcept {
  return channel_.cancelled() || remaining() <= duration{};
}

duration worker_context::remaining() const noexcept {
  return deadline_ - std::chrono::steady_clock::now();
}

void worker_context::log(log_level level, std::string_view text) noexcept {
  auto byte = static_cast<char>(level);
  text = text.substr(0, limits::log_line_bytes);
  iovec parts[] = {{&byte, 1}, {const_cast<char*>(text.data()), text.size()}};
  msghdr record{};
  record.msg_iov = parts;
  record.msg_iovlen = 2;
  sendmsg(control_, &record, MSG_NOSIGNAL); // the socket has a time-out
}

} // namespace faas::isolated
