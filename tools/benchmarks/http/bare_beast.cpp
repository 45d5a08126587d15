// The simplest asynchronous Boost.Beast server: what the gateway is compared
// with. Usage: bare_beast PORT; one thread; stops at end of input.
#include <utility> // before Boost.Asio 1.74, which forgets it in C++20

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

class session : public std::enable_shared_from_this<session> {
public:
  explicit session(net::ip::tcp::socket socket) : stream_(std::move(socket)) {
    stream_.socket().set_option(net::ip::tcp::no_delay{true});
  }

  void read() {
    request_ = {};
    http::async_read(
      stream_, buffer_, request_,
      [self = shared_from_this()](beast::error_code failed, size_t) {
        if (!failed)
          self->answer();
      });
  }

private:
  void answer() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::server, "bare");
    response_.set(http::field::content_type, "text/plain");
    response_.keep_alive(request_.keep_alive());
    response_.body() = "hello\n";
    response_.prepare_payload();
    http::async_write(
      stream_, response_,
      [self = shared_from_this()](beast::error_code failed, size_t) {
        if (!failed)
          self->read();
      });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void accept(net::ip::tcp::acceptor& acceptor) {
  acceptor.async_accept(
    [&](beast::error_code failed, net::ip::tcp::socket socket) {
      if (!failed)
        std::make_shared<session>(std::move(socket))->read();
      accept(acceptor);
    });
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bare_beast PORT\n";
    return 2;
  }
  net::io_context loop{1};
  net::ip::tcp::acceptor acceptor{loop,
                                  {net::ip::make_address("127.0.0.1"),
                                   static_cast<uint16_t>(std::atoi(argv[1]))}};
  accept(acceptor);
  std::cout << acceptor.local_endpoint().port() << std::endl;
  std::thread ender{[&] {
    while (std::cin.get() != EOF) {
    }
    loop.stop();
  }};
  loop.run();
  ender.join();
}
