#include "functions/isolated/worker/worker_context.hpp"

#include "functions/isolated/channel/message.hpp"
#include "functions/isolated/worker/serve.hpp"

#include <exception>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace faas::isolated {

bool worker_context::cancelled() const noexcept {
  return channel_.cancelled() || remaining() <= duration{};
}

duration worker_context::remaining() const noexcept {
  return deadline_ - std::chrono::steady_clock::now();
}

part_fate worker_context::send(const reply& head,
                               std::string_view part) noexcept {
  try {
    return exchange(head, part);
  } catch (const std::exception&) { // no memory for the head: nothing was said
    return part_fate::kept;
  }
}

part_fate worker_context::exchange(const reply& head, std::string_view part) {
  packer out;
  pack_reply(out, head, part.size(), true);
  if (!channel_.answer(out.view(), part)) // it fits: native::reply_sink
    return part_fate::kept;
  const auto fate = unpack_proceed(channel_.next());
  if (!fate)
    _exit(cannot_serve); // the node speaks another language
  return *fate;
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
