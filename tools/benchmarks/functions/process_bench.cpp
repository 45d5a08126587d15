// What a call of a program costs: over HTTP beside asking the same program
// directly, and as a process for each event beside starting the same program in
// the same sandbox by hand. Rounds take turns. Prints tables in Markdown.
//
//   bench_process [ROUNDS]
#include "functions/host/node_hosts.hpp"
#include "functions/process/process_runtime.hpp"
#include "tools/benchmarks/functions/calls.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace faas;
using namespace faas::bench;
namespace fs = std::filesystem;

namespace {

constexpr const char* server = R"(
const http = require('http');
http.createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', () => response.end(Buffer.concat(parts)));
}).listen(process.env.PETREL_SOCKET);
)";

struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "pb-XXXXXX");
    if (!::mkdtemp(name.data()))
      stop("no temporary folder");
    path = name;
    fs::permissions(path, fs::perms{0755});
  }
  ~folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// The programs of this benchmark, sandboxed where the machine can.
struct world {
  folder bundle, sockets;
  bool sandboxed = sandbox::probe().enough();
  host::node_function_hosts hosts{config()};

  world() {
    std::ofstream{bundle.path / "server.js"} << server;
    hosts.add_worker_runtime(
      runtime_kind::process,
      [this]() -> result<std::unique_ptr<function_runtime>> {
        process::runtime_config made;
        made.sockets = sockets.path;
        made.sandboxed = sandboxed;
        return std::unique_ptr<function_runtime>{
          std::make_unique<process::process_runtime>(made)};
      });
  }
  static host::node_hosts_config config() {
    host::node_hosts_config made;
    made.trust.trust_all = true;
    return made;
  }

  function_spec spec(process_protocol protocol,
                     std::vector<std::string> command) const {
    function_spec made;
    made.name = function_name{"program"};
    made.petrel.runtime = runtime_kind::process;
    made.petrel.mode = trust_mode::isolated;
    made.petrel.process.protocol = protocol;
    made.petrel.process.command = std::move(command);
    made.petrel.process.listen = protocol == process_protocol::http
                                   ? process_listen::unix_socket
                                   : process_listen::port;
    made.petrel.concurrency = 32;
    made.petrel.queue = 100'000;
    made.petrel.max_body_bytes = 16u << 20;
    return made;
  }
  std::shared_ptr<function_host> open(function_spec of) {
    host_request request;
    request.version = {of.name, ++versions};
    request.folder = bundle.path;
    request.spec = std::move(of);
    return open_ready(hosts, std::move(request));
  }
  uint32_t versions = 0;
};

/// One kept connection, and plain blocking HTTP/1.1 over it.
class direct_client {
public:
  explicit direct_client(const fs::path& socket) {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    socket.native().copy(to.sun_path, sizeof to.sun_path - 1);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      stop("cannot connect to " + socket.string());
  }
  ~direct_client() { ::close(fd_); }
  direct_client(const direct_client&) = delete;
  direct_client& operator=(const direct_client&) = delete;

  void ask(std::string_view body) {
    const auto head = "POST / HTTP/1.1\r\nHost: program\r\nContent-Type: "
                      "text/plain\r\nContent-Length: "
                      + std::to_string(body.size()) + "\r\n\r\n";
    iovec parts[] = {{const_cast<char*>(head.data()), head.size()},
                     {const_cast<char*>(body.data()), body.size()}};
    size_t sent = 0;
    const auto total = head.size() + body.size();
    if (const auto n = ::writev(fd_, parts, 2); n > 0)
      sent = static_cast<size_t>(n);
    while (sent < total) {
      const auto rest = sent < head.size()
                          ? std::string_view{head}.substr(sent)
                          : body.substr(sent - head.size());
      const auto n = ::write(fd_, rest.data(), rest.size());
      if (n <= 0)
        stop("cannot write to the program");
      sent += static_cast<size_t>(n);
    }
    read_answer(body.size());
  }

private:
  /// Node answers in chunks for bodies of unknown length: counts body bytes
  /// only by the end of the last chunk.
  void read_answer(size_t) {
    text_.clear();
    char bytes[256 * 1024];
    while (true) {
      const auto n = ::read(fd_, bytes, sizeof bytes);
      if (n <= 0)
        stop("the program closed the connection");
      text_.append(bytes, static_cast<size_t>(n));
      const auto head = text_.find("\r\n\r\n");
      if (head == text_.npos)
        continue;
      const auto length = text_.find("Content-Length: ");
      if (length < head) {
        if (text_.size() - head - 4
            >= std::strtoull(text_.c_str() + length + 16, nullptr, 10))
          return;
      } else if (text_.ends_with("0\r\n\r\n")) {
        return;
      }
    }
  }

  int fd_ = -1;
  std::string text_;
};

template <class F>
samples timed(size_t count, F&& call) {
  samples all;
  for (size_t i = 0; i < count; ++i) {
    const auto begin = clock_type::now();
    call();
    all.push_back(
      std::chrono::duration<double, std::micro>(clock_type::now() - begin)
        .count());
  }
  return all;
}

/// The same, from several threads at once.
template <class Make>
samples timed_by(size_t threads, size_t count, Make&& make) {
  std::vector<samples> parts(threads);
  std::vector<std::thread> running;
  for (size_t i = 0; i < threads; ++i)
    running.emplace_back([&, i] {
      auto call = make();
      parts[i] = timed(count / threads, call);
    });
  for (auto& each : running)
    each.join();
  samples all;
  for (const auto& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// A process in the sandbox of the function: body in a file, output from a
/// pipe, waited for.
void start_by_hand(const child::spawn_request& how, std::string_view body) {
  const int in = ::memfd_create("body", MFD_CLOEXEC);
  if (::write(in, body.data(), body.size()) < 0 || ::lseek(in, 0, SEEK_SET))
    stop("no file in memory");
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0)
    stop("no pipe");
  auto request = how;
  request.fds = {{in, 0}, {out[1], 1}};
  auto child = child::child_process::spawn(request);
  ::close(out[1]);
  ::close(in);
  if (!child)
    stop(child.error().to_string());
  char bytes[65536];
  while (::read(out[0], bytes, sizeof bytes) > 0)
    ;
  ::close(out[0]);
  child->wait_until(clock_type::now() + 10s);
}

void add(samples& to, const samples& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void row(const char* what, size_t size, size_t in_flight, samples& bare,
         samples& ours) {
  const auto base = quantile(bare, 0.5), half = quantile(ours, 0.5);
  std::printf("| %s | %zu KiB | %zu | %.1f | %.1f | %.1f | %.1f | %.2f |\n",
              what, size / 1024, in_flight, base, quantile(bare, 0.99), half,
              quantile(ours, 0.99), half / base);
  std::fflush(stdout);
}

void measure_http(world& in, int rounds) {
  const auto host
    = in.open(in.spec(process_protocol::http, {"node", "server.js"}));
  fs::path socket;
  for (const auto& each : fs::recursive_directory_iterator{in.sockets.path})
    if (each.path().filename() == "http")
      socket = each.path();
  for (const auto [size, in_flight, count] :
       {std::tuple{1024u, 1u, 2000u}, {1024u, 32u, 4000u},
        {1024u * 1024u, 1u, 200u}, {1024u * 1024u, 32u, 320u}}) {
    const blob body{std::string(size, 'x')};
    samples bare, ours;
    for (int i = 0; i <= rounds; ++i) { // the first warms up
      auto direct = timed_by(in_flight, count, [&] {
        auto client = std::make_shared<direct_client>(socket);
        return [&body, client] { client->ask(body.view()); };
      });
      auto through = drive(*host, "program", body, in_flight, count);
      if (i == 0)
        continue;
      add(bare, direct);
      add(ours, through);
    }
    row("http, Node", size, in_flight, bare, ours);
  }
}

void measure_fork(world& in, int rounds) {
  const auto spec = in.spec(process_protocol::fork, {"tr", "a-z", "A-Z"});
  const auto host = in.open(spec);
  const load_request about{{spec.name, 1}, spec, in.bundle.path};
  child::spawn_request by_hand;
  by_hand.argv = {"tr", "a-z", "A-Z"};
  by_hand.env = {{"PATH", "/usr/bin:/bin"}};
  by_hand.folder = in.bundle.path;
  if (in.sandboxed)
    by_hand.sandbox = process::plan_for(about);
  for (const auto [size, in_flight, count] :
       {std::tuple{1024u, 1u, 100u}, {1024u, 32u, 320u},
        {1024u * 1024u, 1u, 60u}}) {
    const blob body{std::string(size, 'x')};
    samples bare, ours;
    for (int i = 0; i <= rounds; ++i) {
      auto direct = timed_by(in_flight, count, [&] {
        return [&] { start_by_hand(by_hand, body.view()); };
      });
      auto through = drive(*host, "program", body, in_flight, count);
      if (i == 0)
        continue;
      add(bare, direct);
      add(ours, through);
    }
    row("fork, tr", size, in_flight, bare, ours);
  }
}

} // namespace

int main(int count, char** words) {
  const int rounds = count > 1 ? std::max(1, std::atoi(words[1])) : 5;
  world here;
  std::printf("Sandbox: %s. Direct: the same program asked, or started in the "
              "same sandbox, without a host.\n\n"
              "| program | body | in flight | direct p50 us | p99 | Petrel p50 "
              "us | p99 | p50 ratio |\n"
              "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
              here.sandboxed ? "yes" : "none on this machine");
  measure_http(here, rounds);
  measure_fork(here, rounds);
}
