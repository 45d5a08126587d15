// A node's surroundings as a worker might find them: another function's files,
// a process with a secret, listeners, shared objects.
#pragma once

#include "tests/support/scratch_folder.hpp"
#include "tests/unit/functions/child/child_fixture.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <mqueue.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace faas::testing {

class world {
public:
  world() {
    namespace fs = std::filesystem;
    for (const char* function : {"own", "other"}) {
      write_file(folder_ / function / "bundle" / "code", "code");
      write_file(folder_ / function / "secrets" / "key", "secret");
    }
    fs::permissions(folder_ / "own" / "bundle", fs::perms{0755});
    listen_on_loopback();
    listen_on("socket", folder_ / "node.sock");
    listen_on("abstract", std::string(1, '\0') + name_);
    share();
  }
  ~world() {
    ::shmctl(segment_, IPC_RMID, nullptr);
    ::shm_unlink(("/" + name_).c_str());
    ::mq_unlink(("/" + name_).c_str());
  }

  /// A process that stands for the node, with a group of its own.
  std::string victim() {
    if (!victim_ || victim_.poll()) {
      auto request = shell("exec sleep 600");
      request.env["NODE_SECRET"] = "x";
      victim_ = started(request);
    }
    return std::to_string(victim_.pid());
  }

  spawn_request request(const std::string& abuse, bool in_sandbox) {
    spawn_request made;
    made.argv = {PETREL_ABUSER, abuse};
    const auto scratch = folder_ / "scratch";
    std::filesystem::create_directories(scratch);
    made.env = {{"BUNDLE", folder_ / "own" / "bundle"},
                {"SECRETS", folder_ / "own" / "secrets"},
                {"OTHER_BUNDLE", folder_ / "other" / "bundle" / "code"},
                {"OTHER_SECRET", folder_ / "other" / "secrets" / "key"},
                {"TMP", in_sandbox ? "/tmp" : scratch.string()},
                {"VICTIM", victim()},
                {"PORT", std::to_string(port_)},
                {"SOCKET", folder_ / "node.sock"},
                {"ABSTRACT", name_},
                {"SHM_KEY", std::to_string(key_)},
                {"SHM_NAME", "/" + name_},
                {"QUEUE", "/" + name_}};
    if (in_sandbox)
      made.sandbox = plan();
    return made;
  }

  sandbox::plan plan() const {
    sandbox::plan made;
    made.bundle = folder_ / "own" / "bundle";
    made.secrets = folder_ / "own" / "secrets";
    made.readable = {PETREL_ABUSER};
    made.tmp_bytes = 1 << 20;
    made.memory_bytes = 32 << 20;
    made.processes = 16;
    made.open_files = 64;
    return made;
  }

private:
  void listen_on_loopback() {
    const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::bind(one, reinterpret_cast<sockaddr*>(&address),
                         sizeof address)
                  == 0);
    BOOST_REQUIRE(::listen(one, 64) == 0);
    socklen_t size = sizeof address;
    ::getsockname(one, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listeners_.emplace_back(one);
  }
  void listen_on(const char* what, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const int one = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BOOST_TEST_CONTEXT(what)
    BOOST_REQUIRE(
      ::bind(one, reinterpret_cast<sockaddr*>(&address),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path)
                                    + name.size()))
      == 0);
    BOOST_REQUIRE(::listen(one, 64) == 0);
    listeners_.emplace_back(one);
  }
  void share() {
    key_ = static_cast<key_t>(0x70650000 + ::getpid() % 0xffff);
    segment_ = ::shmget(key_, 4096, IPC_CREAT | 0600);
    BOOST_REQUIRE(segment_ >= 0);
    const descriptor memory{
      ::shm_open(("/" + name_).c_str(), O_CREAT | O_RDWR, 0600)};
    BOOST_REQUIRE(bool(memory));
    const auto queue
      = ::mq_open(("/" + name_).c_str(), O_CREAT | O_RDWR, 0600, nullptr);
    if (queue >= 0)
      ::mq_close(queue);
  }

  scratch_folder folder_;
  std::string name_ = "petrel-test-" + std::to_string(::getpid());
  std::vector<descriptor> listeners_;
  uint16_t port_ = 0;
  key_t key_ = 0;
  int segment_ = -1;
  child_process victim_;
};

} // namespace faas::testing
