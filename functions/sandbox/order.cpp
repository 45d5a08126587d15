#include "functions/sandbox/order.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/socket.h>

namespace faas::sandbox {
namespace {

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(std::string& out, const std::vector<std::string>& texts) {
  for (const auto& text : texts)
    out.append(text.c_str(), text.size() + 1);
}

uint32_t count(const auto& list) {
  return static_cast<uint32_t>(list.size());
}

error trouble(const char* what) {
  return {errc::unavailable,
          std::string{"cannot tell petrel-init what to run: "} + what + ": "
            + std::strerror(errno),
          "the node needs free descriptors and memory"};
}

} // namespace

std::string order::encode() const {
  auto full = head;
  full.first_filter = count(first_filter);
  full.second_filter = count(second_filter);
  full.fds = count(targets);
  full.programs = count(programs);
  full.arguments = count(arguments);
  full.environment = count(environment);
  full.mounts = count(mounts);
  std::string out;
  put(out, full);
  out += first_filter;
  out += second_filter;
  for (const auto target : targets)
    put(out, target);
  put(out, programs);
  put(out, arguments);
  put(out, environment);
  out.append(folder.c_str(), folder.size() + 1);
  put(out, mounts);
  return out;
}

result<void> send_order(const descriptor& control, const order& what,
                        const std::vector<int>& fds) {
  const auto bytes = what.encode();
  const descriptor file{::memfd_create("petrel-order", MFD_CLOEXEC)};
  if (!file)
    return trouble("memfd_create");
  if (::write(file.get(), bytes.data(), bytes.size())
      != static_cast<ssize_t>(bytes.size()))
    return trouble("write");
  std::vector<int> all{file.get()};
  all.insert(all.end(), fds.begin(), fds.end());

  char byte = 'O';
  iovec part{&byte, 1};
  const auto payload = all.size() * sizeof(int);
  alignas(cmsghdr) char space[CMSG_SPACE((wire::most_fds + 1) * sizeof(int))]
    = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = CMSG_SPACE(payload);
  auto* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(payload);
  std::memcpy(CMSG_DATA(rights), all.data(), payload);
  if (::sendmsg(control.get(), &message, MSG_NOSIGNAL) != 1)
    return trouble("sendmsg");
  return {};
}

} // namespace faas::sandbox
