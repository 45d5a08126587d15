// An open-loop HTTP client: requests at random (Poisson) times that do not wait
// for answers; latencies count from the time at which each was to be sent.
//
//   bench_open_loop PORT PATH BODY_FILE RATE SECONDS [CONTENT_TYPE [SEED]]
//
// One line of JSON: sent, failed, and p50, p99 and the longest in milliseconds.
// 64 connections at most: what finds all of them busy waits, and is late.
#include <utility> // Asio's awaitable.hpp forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using tcp = asio::ip::tcp;
using clock_type = std::chrono::steady_clock;

constexpr int connections = 64;
constexpr auto answer_timeout = std::chrono::seconds{10};

struct load {
  tcp::endpoint server;
  http::request<http::string_body> request;
  std::deque<clock_type::time_point> due; ///< intended times, not sent yet
  std::vector<asio::steady_timer*> idle; ///< of connections that wait
  std::vector<double> ms;
  uint64_t sent = 0, failed = 0;
  bool over = false; ///< no more will be due
};

/// Waits until there is something to send; false: nothing will be.
asio::awaitable<bool> next(load& all, asio::steady_timer& timer,
                           clock_type::time_point& due) {
  while (all.due.empty()) {
    if (all.over)
      co_return false;
    timer.expires_at(clock_type::time_point::max());
    all.idle.push_back(&timer);
    beast::error_code woken;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, woken));
  }
  due = all.due.front();
  all.due.pop_front();
  co_return true;
}

asio::awaitable<void> connection(load& all) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor};
  beast::tcp_stream stream{executor};
  beast::flat_buffer buffer;
  bool open = false;
  for (clock_type::time_point due; co_await next(all, timer, due);) {
    beast::error_code failed;
    stream.expires_after(answer_timeout);
    if (!open) {
      buffer.clear();
      co_await stream.async_connect(
        all.server, asio::redirect_error(use_awaitable, failed));
      if (!failed)
        stream.socket().set_option(tcp::no_delay{true});
    }
    http::response<http::string_body> answer;
    ++all.sent;
    if (!failed)
      co_await http::async_write(stream, all.request,
                                 asio::redirect_error(use_awaitable, failed));
    if (!failed)
      co_await http::async_read(stream, buffer, answer,
                                asio::redirect_error(use_awaitable, failed));
    open = !failed && answer.keep_alive();
    if (!open)
      stream.close();
    if (failed || answer.result() != http::status::ok)
      ++all.failed;
    else
      all.ms.push_back(
        std::chrono::duration<double, std::milli>(clock_type::now() - due)
          .count());
  }
}

void wake(load& all) {
  if (all.idle.empty())
    return;
  all.idle.back()->cancel();
  all.idle.pop_back();
}

asio::awaitable<void> arrivals(load& all, double rate, double seconds,
                               unsigned seed) {
  std::mt19937_64 random{seed};
  std::exponential_distribution<double> gap{rate};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const auto begin = clock_type::now();
  for (double at = gap(random); at < seconds; at += gap(random)) {
    const auto due = begin
                     + std::chrono::duration_cast<clock_type::duration>(
                       std::chrono::duration<double>{at});
    if (due > clock_type::now()) {
      timer.expires_at(due);
      co_await timer.async_wait(use_awaitable);
    }
    all.due.push_back(due);
    wake(all);
  }
  all.over = true;
  while (!all.idle.empty())
    wake(all);
}

double quantile(const std::vector<double>& sorted, double q) {
  return sorted.empty()
           ? -1
           : sorted[static_cast<size_t>(
             q * static_cast<double>(sorted.size() - 1))];
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "bench_open_loop PORT PATH BODY_FILE RATE SECONDS "
                         "[CONTENT_TYPE [SEED]]\n");
    return 2;
  }
  load all;
  all.server = {asio::ip::address_v4::loopback(),
                static_cast<uint16_t>(std::atoi(argv[1]))};
  std::ifstream file{argv[3], std::ios::binary};
  all.request = {http::verb::post, argv[2], 11,
                 std::string{std::istreambuf_iterator<char>{file}, {}}};
  all.request.set(http::field::host, "127.0.0.1");
  all.request.set(http::field::content_type,
                  argc > 6 ? argv[6] : "application/octet-stream");
  all.request.prepare_payload();
  const auto seed = argc > 7 ? static_cast<unsigned>(std::atoi(argv[7])) : 1u;
  asio::io_context context{1};
  for (int i = 0; i < connections; ++i)
    asio::co_spawn(context, connection(all), asio::detached);
  asio::co_spawn(
    context, arrivals(all, std::atof(argv[4]), std::atof(argv[5]), seed),
    asio::detached);
  context.run();
  std::sort(all.ms.begin(), all.ms.end());
  std::printf("{\"sent\": %llu, \"failed\": %llu, \"p50_ms\": %.3f, "
              "\"p99_ms\": %.3f, \"longest_ms\": %.3f}\n",
              static_cast<unsigned long long>(all.sent),
              static_cast<unsigned long long>(all.failed),
              quantile(all.ms, 0.5), quantile(all.ms, 0.99),
              quantile(all.ms, 1));
  return 0;
}
