#include "functions/sandbox/init/init.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::sandbox::init {
namespace {

/// Above all targets, so that none is in the way of another.
constexpr int out_of_the_way = wire::highest_target + 1;

char** strings(const char*& at, uint32_t count) {
  auto** list = static_cast<char**>(malloc((count + 1) * sizeof(char*)));
  if (!list)
    fail("hold the order");
  for (uint32_t i = 0; i < count; ++i) {
    list[i] = const_cast<char*>(at);
    at += strlen(at) + 1;
  }
  list[count] = nullptr;
  return list;
}

const char* map_order(int file) {
  struct stat info {};
  must(fstat(file, &info), "read the order");
  void* bytes = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ,
                     MAP_PRIVATE, file, 0);
  if (bytes == MAP_FAILED)
    fail("read the order");
  close(file);
  return static_cast<const char*>(bytes);
}

} // namespace

order receive() {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE((wire::most_fds + 1) * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  const auto got = must(recvmsg(wire::control_fd, &message, MSG_CMSG_CLOEXEC),
                        "receive the order");
  const auto* rights = CMSG_FIRSTHDR(&message);
  if (got == 0) // the node changed its mind
    _exit(0);
  if (!rights || rights->cmsg_type != SCM_RIGHTS)
    fail("receive the order");
  int received[wire::most_fds + 1];
  memcpy(received, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));

  const char* at = map_order(received[0]);
  order what;
  memcpy(&what.head, at, sizeof what.head);
  at += sizeof what.head;
  what.filters = at;
  at += what.head.first_filter + what.head.second_filter;
  memcpy(what.targets, at, what.head.fds * sizeof(int));
  at += what.head.fds * sizeof(int);
  what.programs = strings(at, what.head.programs);
  what.arguments = strings(at, what.head.arguments);
  what.environment = strings(at, what.head.environment);
  what.folder = at;
  at += strlen(at) + 1;
  what.mounts = strings(at, what.head.mounts);
  for (uint32_t i = 0; i < what.head.fds; ++i) {
    what.fds[i] = static_cast<int>(
      must(fcntl(received[i + 1], F_DUPFD_CLOEXEC, out_of_the_way),
           "hold the descriptors"));
    close(received[i + 1]);
  }
  return what;
}

} // namespace faas::sandbox::init
