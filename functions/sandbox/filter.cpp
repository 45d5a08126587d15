#include "functions/sandbox/filter.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faas::sandbox {
namespace {

using context = std::unique_ptr<void, decltype(&::seccomp_release)>;

error trouble(const char* what, int number) {
  return {errc::unavailable,
          std::string{"cannot make the system call filter ("} + what
            + "): " + std::strerror(number < 0 ? -number : number),
          "use a kernel with CONFIG_SECCOMP_FILTER"};
}

/// Where this architecture has no such call, there is nothing to do.
int add(const context& filter, uint32_t action, const char* name) {
  const int call = ::seccomp_syscall_resolve_name(name);
  return call == __NR_SCMP_ERROR
           ? 0
           : ::seccomp_rule_add(filter.get(), action, call, 0);
}

int add(const context& filter, uint32_t action, const char* name,
        scmp_arg_cmp argument) {
  const int call = ::seccomp_syscall_resolve_name(name);
  return call == __NR_SCMP_ERROR
           ? 0
           : ::seccomp_rule_add(filter.get(), action, call, 1, argument);
}

result<std::string> bytes_of(const context& filter) {
  const int file = ::memfd_create("filter", MFD_CLOEXEC);
  if (file < 0)
    return trouble("memfd_create", errno);
  std::string bytes;
  int failed = ::seccomp_export_bpf(filter.get(), file);
  if (failed == 0) {
    bytes.resize(static_cast<size_t>(::lseek(file, 0, SEEK_CUR)));
    if (::pread(file, bytes.data(), bytes.size(), 0)
        != static_cast<ssize_t>(bytes.size()))
      failed = EIO;
  }
  ::close(file);
  if (failed != 0)
    return trouble("export", failed);
  return bytes;
}

result<std::string> by_call() {
  context filter{::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), ::seccomp_release};
  if (!filter)
    return trouble("init", ENOMEM);
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (const char* name : allowed_calls())
    if (const int failed = add(filter, SCMP_ACT_ALLOW, name))
      return trouble(name, failed);
  for (const char* name : refused_calls())
    if (const int failed = add(filter, SCMP_ACT_ERRNO(EPERM), name))
      return trouble(name, failed);
  for (const unsigned family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK})
    if (const int failed = add(filter, SCMP_ACT_ALLOW, "socket",
                               SCMP_A0_32(SCMP_CMP_EQ, family)))
      return trouble("socket", failed);
  for (const unsigned persona : {unsigned{PER_LINUX}, 0xffffffffu})
    if (const int failed = add(filter, SCMP_ACT_ALLOW, "personality",
                               SCMP_A0_32(SCMP_CMP_EQ, persona)))
      return trouble("personality", failed);
  return bytes_of(filter);
}

result<std::string> by_argument() {
  constexpr auto refuse = SCMP_ACT_ERRNO(EPERM);
  context filter{::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release};
  if (!filter)
    return trouble("init", ENOMEM);
  constexpr uint64_t new_namespaces[]
    = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWIPC,
       CLONE_NEWUTS,  CLONE_NEWNET, CLONE_NEWCGROUP};
  for (const auto flag : new_namespaces) {
#ifdef __s390x__
    const auto has = SCMP_A1(SCMP_CMP_MASKED_EQ, flag, flag);
#else
    const auto has = SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag);
#endif
    if (const int failed = add(filter, refuse, "clone", has))
      return trouble("clone", failed);
  }
  constexpr uint64_t linux_console = 0x541c; // TIOCLINUX
  for (const uint64_t command : {uint64_t{TIOCSTI}, linux_console})
    if (const int failed
        = add(filter, refuse, "ioctl",
              SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, command)))
      return trouble("ioctl", failed);
  return bytes_of(filter);
}

} // namespace

result<filters> make_filters() {
  auto calls = by_call();
  if (!calls)
    return calls.error();
  auto arguments = by_argument();
  if (!arguments)
    return arguments.error();
  return filters{std::move(*calls), std::move(*arguments)};
}

} // namespace faas::sandbox
