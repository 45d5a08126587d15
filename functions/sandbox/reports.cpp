#include "functions/sandbox/reports.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

namespace faas::sandbox {

bool wait_readable(int fd, time_point deadline) {
  using namespace std::chrono;
  for (;;) {
    const auto left = std::clamp(deadline - time_point::clock::now(),
                                 duration{0}, duration{hours{1}});
    pollfd one{fd, POLLIN, 0};
    const int ready
      = ::poll(&one, 1, static_cast<int>(ceil<milliseconds>(left).count()));
    if (ready > 0)
      return true;
    if (left <= duration{0} && (ready == 0 || errno != EINTR))
      return false;
  }
}

std::optional<received_report> next_report(const descriptor& control,
                                           time_point deadline) {
  if (!wait_readable(control.get(), deadline))
    return std::nullopt;
  received_report got;
  iovec part{&got.body, sizeof got.body};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  const auto bytes
    = ::recvmsg(control.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (bytes != sizeof got.body)
    return std::nullopt;
  for (auto* part_of = CMSG_FIRSTHDR(&message); part_of;
       part_of = CMSG_NXTHDR(&message, part_of))
    if (part_of->cmsg_type == SCM_CREDENTIALS) {
      ucred who{};
      std::memcpy(&who, CMSG_DATA(part_of), sizeof who);
      got.sender = who.pid;
    }
  got.body.step[sizeof got.body.step - 1] = 0;
  got.body.detail[sizeof got.body.detail - 1] = 0;
  return got;
}

} // namespace faas::sandbox
