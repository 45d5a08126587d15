// libcurl against a server on loopback that says what it is told.
#include "tools/faas-cli/curl_client.hpp"

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace faas;
using namespace faas::cli;
using namespace std::chrono_literals;

namespace {

/// Takes one connection after another; on each, answers requests from the
/// script and closes when the script says so.
class server {
public:
  struct step {
    std::string answer; ///< empty: close without an answer
    bool close = false;
    size_t read = std::string::npos; ///< answer after so many bytes
  };

  explicit server(std::vector<step> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listener_, generic, size) == 0);
    BOOST_REQUIRE(::listen(listener_, 8) == 0);
    ::getsockname(listener_, generic, &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread{[this] { serve(); }};
  }
  ~server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url;
  std::vector<std::string> requests; ///< read after the calls are done
  int connections = 0;

private:
  void serve() {
    size_t next = 0;
    while (next < script_.size()) {
      const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0)
        return;
      ++connections;
      bool open = true;
      while (open && next < script_.size()) {
        auto request = read_request(peer, script_[next].read);
        if (request.empty())
          break;
        requests.push_back(std::move(request));
        const auto& s = script_[next++];
        (void)!::send(peer, s.answer.data(), s.answer.size(), MSG_NOSIGNAL);
        open = !s.close && !s.answer.empty();
      }
      ::close(peer);
    }
  }

  static std::string read_request(int peer, size_t limit) {
    std::string text;
    char buffer[4096];
    while (text.size() < limit) {
      const auto head = text.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto field = text.find("Content-Length: ");
        const auto length
          = field < head ? std::stoul(text.substr(field + 16)) : 0;
        if (text.size() >= head + 4 + length)
          break;
      }
      const auto n = ::recv(peer, buffer, sizeof buffer, 0);
      if (n <= 0)
        break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

  std::vector<step> script_;
  int listener_ = -1;
  std::thread thread_;
};

const std::string ok = "HTTP/1.1 200 OK\r\nX-Call-Id: c-1\r\n"
                       "Content-Length: 5\r\n\r\nhello";

http_request get(const std::string& url) {
  http_request request;
  request.url = url;
  request.timeout = 20s;
  return request;
}

} // namespace

BOOST_AUTO_TEST_SUITE(curl_client_test)

  BOOST_AUTO_TEST_CASE(an_answer_has_status_headers_and_body) {
    server peer{{{ok}, {ok}}};
    curl_client http;
    auto request = get(peer.url + "/a?b=c");
    request.headers = {{"Authorization", "Basic x"}, {"X-Empty", ""}};
    auto answer = http.send(request);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 200);
    BOOST_TEST(answer->header("x-call-id") == "c-1");
    BOOST_TEST(answer->body == "hello");
    BOOST_REQUIRE(http.send(get(peer.url)));
    BOOST_TEST(peer.connections == 1); // kept
    BOOST_TEST(peer.requests[0].starts_with("GET /a?b=c HTTP/1.1\r\n"));
    BOOST_TEST(peer.requests[0].find("Authorization: Basic x\r\n")
               != std::string::npos);
    BOOST_TEST(peer.requests[1].find("Authorization") == std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(bodies_travel_from_memory_and_from_files) {
    server peer{{{ok}, {ok}}};
    curl_client http;
    auto request = get(peer.url);
    request.method = "DELETE";
    request.body = "{\"a\":1}";
    BOOST_REQUIRE(http.send(request));
    char name[] = "/tmp/petrel-upload-XXXXXX";
    ::close(::mkstemp(name));
    std::ofstream{name} << std::string(100'000, 'x');
    request = get(peer.url);
    request.method = "PUT";
    request.body_file = name;
    uint64_t sent = 0;
    request.on_progress = [&](uint64_t now, uint64_t) { sent = now; };
    const auto answer = http.send(request);
    ::unlink(name);
    BOOST_REQUIRE(answer);
    BOOST_TEST(sent == 100'000u);
    BOOST_TEST(peer.requests[0].starts_with("DELETE / "));
    BOOST_TEST(peer.requests[0].ends_with("\r\n\r\n{\"a\":1}"));
    BOOST_TEST(peer.requests[1].starts_with("PUT / "));
    BOOST_TEST(peer.requests[1].ends_with(std::string(1000, 'x')));
    BOOST_TEST(peer.requests[1].find("Expect:") == std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(a_head_request_waits_for_no_body) {
    server peer{{{"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"}}};
    curl_client http;
    auto request = get(peer.url);
    request.method = "HEAD";
    const auto answer = http.send(request);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 404);
  }

  BOOST_AUTO_TEST_CASE(a_stream_is_given_on_as_it_arrives) {
    server peer{{{ok},
                 {ok},
                 {"HTTP/1.1 404 Not Found\r\n"
                  "Content-Length: 2\r\n\r\nno"}}};
    curl_client http;
    std::string seen;
    auto request = get(peer.url);
    request.on_data = [&](std::string_view part) {
      seen += part;
      return true;
    };
    auto answer = http.send(request);
    BOOST_REQUIRE(answer);
    BOOST_TEST(seen == "hello");
    BOOST_TEST(answer->body == "");
    request.on_data = [](std::string_view) { return false; };
    answer = http.send(request);
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.error().code == errc::cancelled));
    answer = http.send(request); // an error's body is no stream
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->body == "no");
  }

  BOOST_AUTO_TEST_CASE(an_early_refusal_of_an_upload_is_the_answer) {
    server peer{{{"HTTP/1.1 413 Too Large\r\nConnection: close\r\n"
                  "Content-Length: 3\r\n\r\nbig",
                  true, 1000}}};
    curl_client http;
    auto request = get(peer.url);
    request.method = "PUT";
    request.body.assign(8'000'000, 'x');
    const auto answer = http.send(request);
    // The refusal may be lost when the connection breaks first.
    if (answer)
      BOOST_TEST(answer->status == 413);
    else
      BOOST_TEST((answer.error().code == errc::outcome_unknown));
  }

  BOOST_AUTO_TEST_CASE(failures_are_told_apart) {
    curl_client http;
    std::string gone;
    {
      server peer{
        {{""}, {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true}}};
      gone = peer.url;
      auto answer = http.send(get(peer.url));
      BOOST_REQUIRE(!answer);
      BOOST_TEST((answer.error().code == errc::outcome_unknown));
      answer = http.send(get(peer.url));
      BOOST_REQUIRE(!answer);
      BOOST_TEST((answer.error().code == errc::outcome_unknown));
    }
    auto answer = http.send(get(gone));
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.error().code == errc::unavailable));
    BOOST_TEST(!answer.error().message.empty());
    BOOST_TEST((http.send(get("file:///etc/passwd")).error().code
                == errc::invalid_argument));
    auto request = get(gone);
    request.body_file = "/nowhere";
    BOOST_TEST((http.send(request).error().code == errc::not_found));
  }

  BOOST_AUTO_TEST_CASE(a_silent_server_is_given_up) {
    server peer{
      {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}, {"never"}}};
    curl_client http;
    auto request = get(peer.url);
    request.timeout = 200ms;
    const auto answer = http.send(request);
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.error().code == errc::deadline_exceeded));
  }

  BOOST_AUTO_TEST_SUITE_END()
