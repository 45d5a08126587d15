#include "abuser.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <mqueue.h>
#include <string>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace abuser {
namespace {

int reach(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, name.data(), name.size());
  const auto size
    = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int one = socket(AF_UNIX, SOCK_STREAM, 0);
  return one < 0 ? errno
                 : outcome(connect(one, reinterpret_cast<sockaddr*>(&address),
                                   size));
}

int reach_loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(atoi(fact("PORT"))));
  const int one = socket(AF_INET, SOCK_STREAM, 0);
  return outcome(
    connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address));
}
int reach_abstract() { // the first byte is zero there
  return reach(std::string(1, '\0') + fact("ABSTRACT"));
}
int reach_by_path() { return reach(fact("SOCKET")); }
int listen_to_packets() { return outcome(socket(AF_PACKET, SOCK_RAW, 0)); }
int open_raw_socket() { return outcome(socket(AF_INET, SOCK_RAW, 1)); }
int other_family() { return outcome(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
int share_memory() { return outcome(shmget(atoi(fact("SHM_KEY")), 0, 0)); }
int share_named_memory() {
  return outcome(shm_open(fact("SHM_NAME"), O_RDONLY, 0));
}
int read_queue() { return outcome(mq_open(fact("QUEUE"), O_RDONLY)); }

constexpr abuse all[] = {
  {"connect to the node's loopback", reach_loopback},
  {"connect to an abstract socket", reach_abstract},
  {"connect to a socket's path", reach_by_path},
  {"listen to packets", listen_to_packets},
  {"open a raw socket", open_raw_socket},
  {"open a socket of a rare family", other_family},
  {"open System V shared memory", share_memory},
  {"open POSIX shared memory", share_named_memory},
  {"open a message queue", read_queue},
};

} // namespace

std::span<const abuse> on_networks() {
  return all;
}

} // namespace abuser
