// Does harm to its process and its node, as its body says: "WORD" or "WORD REST".
#include <faas/function.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace {

/// Writes over the memory that is shared with the node; `from` bytes after its
/// start. Returns how many bytes it found.
size_t scribble(size_t from, size_t most, int value) {
  std::ifstream maps{"/proc/self/maps"};
  std::string line;
  while (std::getline(maps, line)) {
    if (line.find("petrel-worker") == line.npos)
      continue;
    uintptr_t begin = 0, end = 0;
    std::sscanf(line.c_str(), "%lx-%lx", &begin, &end);
    const auto bytes = std::min<size_t>(most, end - begin - from);
    std::memset(reinterpret_cast<char*>(begin) + from, value, bytes);
    return bytes;
  }
  return 0;
}

struct hostile {
  explicit hostile(const faas::sdk::config& node) {
    const auto how = node.environment("CREATE");
    if (how == "exit") {
      std::cout << "about to leave\n" << std::flush;
      std::exit(7);
    }
    if (how == "throw")
      throw std::runtime_error("no instance today");
    if (how == "hang")
      while (true)
        std::this_thread::sleep_for(std::chrono::hours{1});
    destroy_slowly = node.environment("DESTROY") == "hang";
    std::cout << "made\n" << std::flush;
  }
  ~hostile() {
    while (destroy_slowly)
      std::this_thread::sleep_for(std::chrono::hours{1});
  }
  std::string operator()(const faas::sdk::request& event,
                         faas::sdk::context&) {
    const auto body = event.body();
    const auto space = body.find(' ');
    const auto word = body.substr(0, space);
    const std::string rest{space == body.npos ? std::string_view{}
                                              : body.substr(space + 1)};
    ++calls;
    if (word == "segv") {
      std::fputs("last words\n", stderr);
      std::raise(SIGSEGV);
    }
    if (word == "abort")
      std::abort();
    if (word == "exit")
      std::exit(std::atoi(rest.c_str()));
    if (word == "quick-exit")
      _exit(std::atoi(rest.c_str()));
    if (word == "later") // dies once the event is answered
      std::thread{[] {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        _exit(9);
      }}.detach();
    if (word == "scribble-all")
      return std::to_string(scribble(0, ~size_t{0}, 0xff));
    if (word == "scribble-words")
      return std::to_string(scribble(64, 192, std::atoi(rest.c_str())));
    if (word == "scribble-head") // the size of its own answer's head, and on
      std::thread{[] {
        while (true)
          scribble(132, 4, 0x7f);
      }}.detach();
    if (word == "print") {
      std::cout << rest << '\n';
      std::fprintf(stderr, "and on stderr: %s", rest.c_str());
    }
    if (word == "flood") {
      const std::string line(99, 'y');
      for (long left = std::atol(rest.c_str()); left > 0; left -= 100)
        std::puts(line.c_str());
    }
    if (word == "pid")
      return std::to_string(getpid());
    if (word == "calls")
      return std::to_string(calls);
    if (word == "read") {
      std::ifstream file{rest};
      std::stringstream text;
      text << file.rdbuf();
      return file ? text.str() : "cannot read";
    }
    if (word == "fds") { // descriptors from 3 on
      std::string open;
      for (int fd = 3; fd < 1024; ++fd)
        if (fcntl_of(fd))
          open += std::to_string(fd) + " ";
      return open;
    }
    return "done";
  }
  static bool fcntl_of(int fd) { return ::lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF; }
  int calls = 0;
  bool destroy_slowly = false;
};

} // namespace

FAAS_FUNCTION(hostile)
