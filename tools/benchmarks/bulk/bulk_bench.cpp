// Bytes per second of a bulk connection between two nodes, over those of a plain
// copy through OpenSSL sockets, both on loopback, from memory to memory:
// interleaved rounds, ratios, CPU per gigabyte.
//
//   bench_bulk [ROUNDS [SECONDS]]
#include "gateway/tls/context.hpp"
#include "gateway/tunnel/tunnel.hpp"
#include "tests/support/member_identity.hpp"
#include "tests/support/memory_trust_store.hpp"
#include "tools/faas-node/allocator.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace faas;
using namespace std::chrono_literals;

constexpr size_t message_bytes = 256 * 1024;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

template <class T>
T must(result<T> got) {
  if (!got)
    give_up(got.error().to_string());
  return std::move(*got);
}

struct identities {
  identities()
    : authority(must(tunnel::authority::open(store, clock, "bench"))),
      one(must(authority->issue_own(node_name{"one"}))),
      two(must(test::member_of(*authority, "two"))) {}
  system_clock_source clock;
  test::memory_trust_store store;
  std::unique_ptr<tunnel::authority> authority;
  trust::node_identity one, two;
};

// -- a bulk connection --------------------------------------------------------

class bulk_pair {
public:
  explicit bulk_pair(identities& with)
    : one_(open(with, with.one, true)), two_(open(with, with.two, false)) {
    serve(*one_, "1");
    serve(*two_, "2");
    one_->bulk().want({node_name{"two"}, boot_id{"2"}, {}});
    two_->bulk().want({node_name{"one"}, boot_id{"1"},
                       "127.0.0.1:" + std::to_string(one_->port())});
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, 10s, [&] { return standing_ == 2; }))
      give_up("no bulk connection");
  }
  ~bulk_pair() {
    one_->bulk().serve(std::nullopt);
    two_->bulk().serve(std::nullopt);
  }

  double bytes_per_second(duration time) {
    const auto begin = std::chrono::steady_clock::now();
    const auto before = received_.load();
    while (std::chrono::steady_clock::now() - begin < time) {
      std::unique_lock lock{mutex_};
      changed_.wait_for(lock, 10ms, [&] {
        return sent_ - received_ < 16 * message_bytes;
      });
      if (sent_ - received_ >= 16 * message_bytes)
        continue;
      if (!one_->bulk().send(node_name{"two"}, bulk_topic::bundle, content_))
        give_up("the bulk connection takes nothing");
      sent_ += message_bytes;
    }
    const std::chrono::duration<double> passed
      = std::chrono::steady_clock::now() - begin;
    return static_cast<double>(received_ - before) / passed.count();
  }

private:
  std::unique_ptr<tunnel::node_tunnel>
  open(identities& with, const trust::node_identity& as, bool listen) {
    tunnel::tunnel_config made;
    made.identity = as;
    made.listen = listen;
    return must(tunnel::node_tunnel::start(
      std::move(made), {with.clock, listen ? with.authority.get() : nullptr,
                        [](const trust::node_identity&) {
                          return result<void>{};
                        },
                        [](const std::string&) {}}));
  }
  void serve(tunnel::node_tunnel& at, const char* boot) {
    at.bulk().serve(bulk_links::handlers{
      boot_id{boot},
      [this](bulk_arrival got) {
        const std::lock_guard lock{mutex_};
        received_ += got.bytes.size();
        changed_.notify_all();
      },
      [this](const node_name&, bool stands) {
        const std::lock_guard lock{mutex_};
        standing_ += stands ? 1 : -1;
        changed_.notify_all();
      }});
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int standing_ = 0;
  std::atomic<uint64_t> sent_{0}, received_{0};
  const std::string content_ = std::string(message_bytes, 'b');
  std::unique_ptr<tunnel::node_tunnel> one_, two_;
};

// -- a plain copy -------------------------------------------------------------

using connection = std::unique_ptr<SSL, tls::frees<SSL_free>>;

/// Two ends of a TLS connection over loopback TCP, made as nodes make them.
class plain_pair {
public:
  explicit plain_pair(const identities& with)
    : server_(must(tls::node_context(with.one))),
      client_(must(tls::node_context(with.two))) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(listener, 1);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    sockets_[0] = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(sockets_[0], reinterpret_cast<sockaddr*>(&at), sizeof at)
        != 0)
      give_up("no connection");
    sockets_[1] = ::accept(listener, nullptr, nullptr);
    ::close(listener);
    for (const int socket : sockets_) {
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    near_.reset(SSL_new(client_.get()));
    far_.reset(SSL_new(server_.get()));
    SSL_set_fd(near_.get(), sockets_[0]);
    SSL_set_fd(far_.get(), sockets_[1]);
    tls::ask_for(*near_, tls::alpn_bulk);
    std::thread other{[&] { SSL_accept(far_.get()); }};
    const int good = SSL_connect(near_.get());
    other.join();
    if (good != 1)
      give_up("no TLS connection");
  }
  ~plain_pair() {
    near_.reset();
    far_.reset();
    for (const int socket : sockets_)
      ::close(socket);
  }

  double bytes_per_second(duration time) {
    const std::string content(message_bytes, 'p');
    std::string into(message_bytes, '\0');
    std::atomic<uint64_t> received{0};
    std::atomic<bool> ending{false};
    const auto begin = std::chrono::steady_clock::now();
    uint64_t sent = 0;
    std::thread reader{[&] {
      while (!ending || received < sent) {
        const int got
          = SSL_read(far_.get(), into.data(), static_cast<int>(into.size()));
        if (got <= 0)
          give_up("the plain copy broke");
        received += static_cast<uint64_t>(got);
      }
    }};
    while (std::chrono::steady_clock::now() - begin < time) {
      if (SSL_write(near_.get(), content.data(),
                    static_cast<int>(content.size()))
          <= 0)
        give_up("the plain copy broke");
      sent += content.size();
    }
    sent += 1; // one byte more wakes the reader up for the end
    ending = true;
    SSL_write(near_.get(), "e", 1);
    reader.join();
    const std::chrono::duration<double> passed
      = std::chrono::steady_clock::now() - begin;
    return static_cast<double>(received) / passed.count();
  }

private:
  tls::context_ptr server_, client_;
  int sockets_[2] = {-1, -1};
  connection near_, far_;
};

// -- figures ------------------------------------------------------------------

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct rate {
  double mb;     ///< megabytes per second
  double cpu_ms; ///< of both ends, per 100 megabytes
};

template <class Pair>
rate measure(Pair& pair, duration time) {
  const auto before = cpu_seconds();
  const auto mb = pair.bytes_per_second(time) / 1e6;
  const auto all = mb * std::chrono::duration<double>(time).count();
  return {mb, 1e5 * (cpu_seconds() - before) / all};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
  faas::node::keep_freed_blocks(); // as a node does
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const std::chrono::seconds time{argc > 2 ? std::atoi(argv[2]) : 2};
  identities with;
  bulk_pair bulk{with};
  plain_pair plain{with};
  std::vector<double> ratios, cpu;
  for (int i = 0; i < rounds; ++i) {
    const auto theirs = measure(plain, time);
    const auto ours = measure(bulk, time);
    ratios.push_back(ours.mb / theirs.mb);
    cpu.push_back(ours.cpu_ms / theirs.cpu_ms);
    std::printf("round %d: bulk %.0f MB/s (%.0f ms CPU per 100 MB), plain "
                "OpenSSL copy %.0f MB/s (%.0f ms), ratio %.2f\n",
                i + 1, ours.mb, ours.cpu_ms, theirs.mb, theirs.cpu_ms,
                ratios.back());
    std::fflush(stdout);
  }
  std::printf("median ratio %.2f (target 0.7), CPU per byte %.2fx\n",
              median(ratios), median(cpu));
  return 0;
}
