#include "functions/sandbox/image.hpp"

#include "functions/sandbox/init/wire.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/socket.h>

// The program itself, so that no file of an installation can be missing, moved
// or replaced.
asm(".pushsection .rodata\n"
    ".balign 16\n"
    ".global petrel_init_begin\n"
    ".global petrel_init_end\n"
    "petrel_init_begin:\n"
    ".incbin \"" PETREL_INIT_FILE "\"\n"
    "petrel_init_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" const char petrel_init_begin[];
extern "C" const char petrel_init_end[];

namespace faas::sandbox {
namespace {

/// Numbers that posix_spawn's file actions do not touch.
constexpr int above_actions = 10;

error trouble(const std::string& what, int number) {
  return {errc::unavailable, what + ": " + std::strerror(number),
          "the node needs free descriptors and processes, /proc, and files in "
          "memory that may be executed (vm.memfd_noexec=0)"};
}

descriptor lifted(int number) {
  descriptor low{number};
  return descriptor{::fcntl(low.get(), F_DUPFD_CLOEXEC, above_actions)};
}

/// A sealed file in memory with the program.
result<descriptor> make_image() {
  constexpr unsigned exec = 0x10; // MFD_EXEC; not in these headers
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int raw = ::memfd_create("petrel-init", flags | exec);
  if (raw < 0 && errno == EINVAL) // before Linux 6.3
    raw = ::memfd_create("petrel-init", flags);
  descriptor file = lifted(raw);
  if (!file)
    return trouble("cannot make petrel-init", errno);
  std::string_view rest{petrel_init_begin, petrel_init_end};
  while (!rest.empty()) {
    const auto put = ::write(file.get(), rest.data(), rest.size());
    if (put < 0 && errno != EINTR)
      return trouble("cannot make petrel-init", errno);
    if (put > 0)
      rest.remove_prefix(static_cast<size_t>(put));
  }
  if (::fcntl(file.get(), F_ADD_SEALS,
              F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
      < 0)
    return trouble("cannot seal petrel-init", errno);
  return file;
}

/// The same for all workers and never changed: made once per process.
const result<descriptor>& image() {
  static const auto made = make_image();
  return made;
}

result<pid_t> spawn(const char* argument, int given, int as) {
  const auto& file = image();
  if (!file)
    return file.error();
  const auto path = "/proc/self/fd/" + std::to_string(file->get());
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int standard = 0; standard < 3; ++standard)
    posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR,
                                     0);
  posix_spawn_file_actions_adddup2(&actions, given, as);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF
                                          | POSIX_SPAWN_SETSIGMASK
                                          | POSIX_SPAWN_SETSID);
  char name[] = "petrel-init";
  char* const arguments[] = {name, const_cast<char*>(argument), nullptr};
  char* const nothing[] = {nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, path.c_str(), &actions, &attributes,
                                   arguments, nothing);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return trouble("cannot start petrel-init", failed);
  return pid;
}

} // namespace

result<std::pair<descriptor, descriptor>> control_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return trouble("cannot make a socket pair", errno);
  std::pair<descriptor, descriptor> made{descriptor{ends[0]}, lifted(ends[1])};
  if (!made.second)
    return trouble("cannot make a socket pair", errno);
  // Its reports tell who sent them.
  const int on = 1;
  ::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  return made;
}

result<started_init> start_init() {
  auto ends = control_pair();
  if (!ends)
    return ends.error();
  auto pid = spawn(nullptr, ends->second.get(), wire::control_fd);
  if (!pid)
    return pid.error();
  return started_init{*pid, std::move(ends->first)};
}

result<started_init> start_probe(const descriptor& output) {
  const auto lifted_output = lifted(::fcntl(output.get(), F_DUPFD_CLOEXEC, 0));
  auto pid = spawn("probe", lifted_output.get(), 1);
  if (!pid)
    return pid.error();
  return started_init{*pid, {}};
}

} // namespace faas::sandbox
