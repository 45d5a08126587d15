// Plays events at their times, whatever became of those before (open loop), and
// tells of each.
//
//   lab-player PORT BEGIN_NS < EVENTS > RECORDS
//
// EVENTS: CSV with a line of names; at_ms (since BEGIN_NS on CLOCK_MONOTONIC),
// path, size, bytes, work_ms, reply_bytes (may be left out). RECORDS: CSV, a line as each answer comes;
// latency counts from at_ms. It ends with the last answer.
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

#include <sys/prctl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using tcp = asio::ip::tcp;
using clock_type = std::chrono::steady_clock;

constexpr auto answer_timeout = std::chrono::seconds{90};
constexpr size_t most_bytes = 16u << 20; ///< of an event, and of its answer
/// Connections that are opened ahead.
constexpr int opened_ahead = 16;

struct event {
  size_t id = 0;
  double at_ms = 0;
  std::string path, size, work, reply;
  size_t bytes = 0;
};

struct outcome {
  double sent_ms = 0, latency_ms = 0;
  unsigned status = 599; ///< 599: no answer
  std::string site, call, timing;
};

using connection = std::unique_ptr<beast::tcp_stream>;

struct play {
  tcp::endpoint server;
  clock_type::time_point begin;
  std::vector<event> events;
  std::string zeros; ///< of which all bodies are made
  std::vector<connection> idle;

  double ms_now() const {
    return std::chrono::duration<double, std::milli>(clock_type::now() - begin)
      .count();
  }
};

/// The number after NAME;dur= in a header Server-Timing; empty: there is none.
std::string part(const std::string& timing, const std::string& name) {
  const auto at = timing.find(name + ";dur=");
  if (at == std::string::npos)
    return {};
  const auto begin = at + name.size() + 5;
  return timing.substr(begin, timing.find(',', begin) - begin);
}

void tell(const event& what, const outcome& how) {
  std::printf(
    "%zu,%.3f,%.3f,%.3f,%u,%s,%s,%s,%s,%s,%s\n", what.id, what.at_ms,
    how.sent_ms, how.latency_ms, how.status, how.site.c_str(), how.call.c_str(),
    part(how.timing, "queue").c_str(), part(how.timing, "service").c_str(),
    part(how.timing, "cold").c_str(), part(how.timing, "total").c_str());
  std::fflush(stdout);
}

asio::awaitable<connection> open(play& all) {
  auto made
    = std::make_unique<beast::tcp_stream>(co_await asio::this_coro::executor);
  beast::error_code failed;
  made->expires_after(answer_timeout);
  co_await made->async_connect(all.server,
                               asio::redirect_error(use_awaitable, failed));
  if (failed)
    co_return connection{};
  made->socket().set_option(tcp::no_delay{true}, failed);
  co_return made;
}

asio::awaitable<connection> take(play& all) {
  if (all.idle.empty())
    co_return co_await open(all);
  auto made = std::move(all.idle.back());
  all.idle.pop_back();
  co_return made;
}

http::request<http::span_body<const char>> request_of(const play& all,
                                                      const event& what) {
  http::request<http::span_body<const char>> made{http::verb::post, what.path,
                                                  11};
  made.body() = {all.zeros.data(), what.bytes};
  made.set(http::field::host, "127.0.0.1");
  made.set(http::field::content_type, "application/octet-stream");
  made.set("X-Lab-Size", what.size);
  made.set("X-Lab-Work", what.work);
  made.set("X-Lab-Reply", what.reply);
  made.prepare_payload();
  return made;
}

asio::awaitable<void> send(play& all, const event& what) {
  outcome how;
  auto stream = co_await take(all);
  how.sent_ms = all.ms_now();
  http::response_parser<http::string_body> parser;
  parser.body_limit(most_bytes + 1024);
  auto& answer = parser.get();
  beast::error_code failed;
  if (stream) {
    const auto request = request_of(all, what);
    beast::flat_buffer buffer;
    stream->expires_after(answer_timeout);
    co_await http::async_write(*stream, request,
                               asio::redirect_error(use_awaitable, failed));
    if (!failed)
      co_await http::async_read(*stream, buffer, parser,
                                asio::redirect_error(use_awaitable, failed));
  }
  how.latency_ms = all.ms_now() - what.at_ms;
  if (stream && !failed) {
    how.status = answer.result_int();
    how.site = std::string{answer["X-Faas-Site"]};
    how.call = std::string{answer["X-Call-Id"]};
    how.timing = std::string{answer["Server-Timing"]};
    if (answer.keep_alive())
      all.idle.push_back(std::move(stream));
  }
  tell(what, how);
}

asio::awaitable<void> play_all(play& all) {
  const auto executor = co_await asio::this_coro::executor;
  for (int i = 0; i < opened_ahead; ++i)
    if (auto made = co_await open(all))
      all.idle.push_back(std::move(made));
  asio::steady_timer timer{executor};
  for (const auto& one : all.events) {
    const auto due = all.begin
                     + std::chrono::duration_cast<clock_type::duration>(
                       std::chrono::duration<double, std::milli>{one.at_ms});
    if (due > clock_type::now()) {
      timer.expires_at(due);
      co_await timer.async_wait(use_awaitable);
    }
    asio::co_spawn(executor, send(all, one), asio::detached);
  }
}

/// False: the line is none.
bool parse(const std::string& line, event& out) {
  std::istringstream words{line};
  std::string at, bytes;
  if (!std::getline(words, at, ',') || !std::getline(words, out.path, ',')
      || !std::getline(words, out.size, ',') || !std::getline(words, bytes, ',')
      || !std::getline(words, out.work, ','))
    return false;
  if (!std::getline(words, out.reply, ','))
    out.reply = "0";
  out.at_ms = std::atof(at.c_str());
  out.bytes = static_cast<size_t>(std::atoll(bytes.c_str()));
  return out.bytes <= most_bytes;
}

bool read_events(play& all) {
  std::string line;
  std::getline(std::cin, line); // the names
  size_t most = 0;
  while (std::getline(std::cin, line)) {
    event one;
    one.id = all.events.size();
    if (!parse(line, one)) {
      std::fprintf(stderr, "lab-player: no event: %s\n", line.c_str());
      return false;
    }
    most = std::max(most, one.bytes);
    all.events.push_back(std::move(one));
  }
  all.zeros.assign(most, '\0');
  return true;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "lab-player PORT BEGIN_NS < EVENTS > RECORDS\n");
    return 2;
  }
  prctl(PR_SET_TIMERSLACK, 1);
  asio::io_context context{1}; // outlives the connections
  play all;
  all.server = {asio::ip::address_v4::loopback(),
                static_cast<uint16_t>(std::atoi(argv[1]))};
  all.begin
    = clock_type::time_point{std::chrono::nanoseconds{std::atoll(argv[2])}};
  if (!read_events(all))
    return 2;
  std::printf("id,at_ms,sent_ms,latency_ms,status,site,call_id,queue_ms,"
              "service_ms,cold_ms,total_ms\n");
  std::fflush(stdout);
  asio::co_spawn(context, play_all(all), asio::detached);
  context.run();
  return 0;
}
