#include "functions/zygote/process.hpp"

#include "functions/sandbox/init/wire.hpp"
#include "functions/sandbox/reports.hpp"
#include "functions/zygote/parts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
extern "C" { // which this header forgets in glibc 2.36
#include <sys/pidfd.h>
}

namespace faas::zygote {
namespace {

using sandbox::descriptor;
using std::chrono::seconds;

/// A fork takes about a millisecond; a machine in trouble may need more.
constexpr auto fork_time = std::chrono::milliseconds{500};
/// Between two questions whether it is still wanted.
constexpr auto ask_every = std::chrono::milliseconds{50};
constexpr auto end_time = seconds{5};
/// What the interpreter is told to run: the program that it finds as 6.
constexpr char boot[]
  = "import sys\n"
    "module = type(sys)('_petrel_zygote')\n"
    "with open(6, 'rb') as file:\n"
    "    text = file.read()\n"
    "exec(compile(text, '<zygote>', 'exec'), module.__dict__)\n";
/// Numbers that posix_spawn's file actions do not touch.
constexpr int above_actions = 10;

error trouble(const std::string& what, int number) {
  return {errc::unavailable, what + ": " + std::strerror(number),
          "the node needs free descriptors, memory and processes"};
}

result<descriptor> in_memory(const char* name, std::string_view bytes) {
  const descriptor low{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  descriptor made{::fcntl(low.get(), F_DUPFD_CLOEXEC, above_actions)};
  while (made && !bytes.empty()) {
    const auto put = ::write(made.get(), bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR)
      return trouble("cannot make a zygote", errno);
    if (put > 0)
      bytes.remove_prefix(static_cast<size_t>(put));
  }
  if (!made || ::lseek(made.get(), 0, SEEK_SET) != 0)
    return trouble("cannot make a zygote", errno);
  return made;
}

/// The same, never to be changed: all forks share its pages.
result<descriptor> sealed(const char* name, std::string_view bytes) {
  auto made = in_memory(name, bytes);
  if (made
      && ::fcntl(made->get(), F_ADD_SEALS,
                 F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
           < 0)
    return trouble("cannot seal a zygote's file", errno);
  return made;
}

/// What it gets as 3, 4, 5 and 6, and as its error output.
struct given {
  std::array<descriptor, 4> numbered;
  descriptor errors;
};

result<given> make_given(descriptor channel) {
  given made;
  made.numbered[0] = std::move(channel);
  size_t next = 1;
  for (const auto bytes : {library_bytes(), package_bytes(), program_bytes()}) {
    auto file = sealed("petrel-zygote", bytes);
    if (!file)
      return file.error();
    made.numbered[next++] = std::move(*file);
  }
  auto errors = in_memory("petrel-zygote-errors", {});
  if (!errors)
    return errors.error();
  made.errors = std::move(*errors);
  return made;
}

result<pid_t> spawn(const std::filesystem::path& python, const given& with) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int standard = 0; standard < 2; ++standard)
    posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR,
                                     0);
  posix_spawn_file_actions_adddup2(&actions, with.errors.get(), 2);
  for (size_t i = 0; i < with.numbered.size(); ++i)
    posix_spawn_file_actions_adddup2(&actions, with.numbered[i].get(),
                                     sandbox::wire::control_fd
                                       + static_cast<int>(i));
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF
                                          | POSIX_SPAWN_SETSIGMASK
                                          | POSIX_SPAWN_SETSID);
  auto program = python.string();
  std::string words[] = {"python3", "-c", boot};
  // Nothing of the node's; what functions get where they say nothing else.
  std::string settings[]
    = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
       "HOME=/nonexistent"};
  char* const arguments[]
    = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  char* const environment[]
    = {settings[0].data(), settings[1].data(), settings[2].data(), nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, program.c_str(), &actions, &attributes,
                                   arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return trouble("cannot start " + program, failed);
  return pid;
}

/// The last lines of what it printed.
std::string text_of(const descriptor& errors) {
  std::array<char, 2000> bytes;
  const auto size = ::lseek(errors.get(), 0, SEEK_END);
  const auto got
    = ::pread(errors.get(), bytes.data(), bytes.size(),
              std::max<off_t>(size - static_cast<off_t>(bytes.size()), 0));
  std::string text{bytes.data(), got > 0 ? static_cast<size_t>(got) : 0};
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

/// One byte with a descriptor; false: the other side takes none.
bool send_with(int channel, char byte, int file) {
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  auto* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &file, sizeof file);
  return ::sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

} // namespace

process::process(pid_t pid, descriptor channel)
  : pid_(pid), channel_(std::move(channel)), pidfd_(::pidfd_open(pid, 0)) {}

process::~process() {
  if (!pidfd_) // moved from
    return;
  channel_.reset(); // it ends by itself
  if (!sandbox::wait_readable(pidfd_.get(),
                              time_point::clock::now() + end_time))
    kill();
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), nullptr, WEXITED);
}

result<process> process::start(const std::filesystem::path& python,
                               time_point until,
                               const std::function<bool()>& wanted) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return trouble("cannot make a socket pair", errno);
  descriptor ours{ends[0]}, low{ends[1]};
  auto with = make_given(
    descriptor{::fcntl(low.get(), F_DUPFD_CLOEXEC, above_actions)});
  low.reset();
  if (!with)
    return with.error();
  auto pid = spawn(python, *with);
  if (!pid)
    return pid.error();
  process made{*pid, std::move(ours)};
  with->numbered[0].reset(); // its end is seen
  if (auto loaded = made.await_loaded(until, wanted); !loaded) {
    made.kill();
    return error{errc::unavailable,
                 loaded.error().message + ": " + text_of(with->errors),
                 "Python functions start without a zygote, more slowly"};
  }
  return made;
}

result<void> process::await_loaded(time_point until,
                                   const std::function<bool()>& wanted) {
  char byte = 0;
  bool some = false;
  for (auto now = time_point::clock::now(); !some && now < until && wanted();
       now = time_point::clock::now())
    some = sandbox::wait_readable(channel_.get(),
                                  std::min<time_point>(until, now + ask_every));
  if (!some)
    return error{errc::unavailable, "the zygote was not ready in time", ""};
  if (::recv(channel_.get(), &byte, 1, MSG_DONTWAIT) == 1
      && byte == sandbox::wire::loaded)
    return {};
  // Its end of the channel closes a moment before the process is seen to end:
  // asking whether it lives would give one answer now and another next time.
  return error{errc::unavailable, "the zygote ended while it loaded", ""};
}

bool process::alive() const noexcept {
  return !sandbox::wait_readable(pidfd_.get(), {});
}

void process::kill() const noexcept {
  ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
}

result<sandbox::started_init> process::fork() const {
  auto ends = sandbox::control_pair();
  if (!ends)
    return ends.error();
  const auto failed = error{errc::unavailable, "the zygote does not answer",
                            "it is started again by itself"};
  if (!send_with(channel_.get(), sandbox::wire::fork_once, ends->second.get()))
    return failed;
  ends->second.reset();
  const auto first
    = sandbox::next_report(ends->first, time_point::clock::now() + fork_time);
  if (!first || first->body.what != sandbox::wire::report_kind::waiting
      || first->sender <= 0)
    return failed;
  return sandbox::started_init{first->sender, std::move(ends->first)};
}

void discard(sandbox::started_init&& unused) noexcept {
  unused.control.reset(); // it ends by itself
  const descriptor pidfd{::pidfd_open(unused.pid, 0)};
  if (!sandbox::wait_readable(pidfd.get(),
                              time_point::clock::now() + end_time))
    ::pidfd_send_signal(pidfd.get(), SIGKILL, nullptr, 0);
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), nullptr, WEXITED);
}

bool waits(const sandbox::started_init& fork) noexcept {
  pollfd one{fork.control.get(), POLLIN, 0};
  return ::poll(&one, 1, 0) == 0;
}

} // namespace faas::zygote
