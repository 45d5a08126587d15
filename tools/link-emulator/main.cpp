// link-emulator: a TCP relay on loopback that is as slow as a real link.
//
//   link-emulator --listen 18100 --to 127.0.0.1:18091 --rtt 40 --mbit 20
//
// Reads commands from standard input, one a line: `rtt MS`, `mbit N`,
// `jitter MS`, `cut` (bytes vanish, connections stay), `heal`, `drop` (closes
// all connections), `drop-last` (the one opened last), `quit`. Ends with its standard input.
#include "tools/link-emulator/shaper.hpp"

#include <utility> // before Boost.Asio 1.74, which forgets it in C++20

#include <boost/asio.hpp>
#include <cxxopts.hpp>

#include <deque>
#include <iostream>
#include <list>
#include <memory>
#include <sstream>

namespace {

namespace net = boost::asio;
using net::ip::tcp;
using namespace faas;
using namespace faas::emulator;
using namespace std::chrono_literals;

/// Bytes that a link holds in its buffers before it stops reading.
constexpr auto buffer_time = 200ms;
constexpr size_t read_bytes = 4096;

struct link_settings {
  link_shape shape;
  bool cut = false;
};

/// One link, one queue per direction, however many connections share it.
struct shared_link {
  link_settings now;
  shaper there{1}, back{2};
};

/// Reads from one socket, writes to the other when the bytes have arrived.
class direction : public std::enable_shared_from_this<direction> {
public:
  direction(std::shared_ptr<tcp::socket> from, std::shared_ptr<tcp::socket> to,
            const link_settings& link, shaper& queue)
    : from_(std::move(from)),
      to_(std::move(to)),
      link_(link),
      timer_(from_->get_executor()),
      pause_(from_->get_executor()),
      shaper_(queue) {}

  void start() { read(); }

private:
  struct piece {
    time_point at;
    std::string bytes;
  };

  void read() {
    from_->async_read_some(
      net::buffer(buffer_),
      [self = shared_from_this()](boost::system::error_code failed, size_t n) {
        self->on_read(failed, n);
      });
  }

  void on_read(boost::system::error_code failed, size_t n) {
    if (failed) {
      ended_ = true;
      if (waiting_.empty())
        close();
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!link_.cut) {
      waiting_.push_back({shaper_.arrival(link_.shape, n, now),
                          std::string(buffer_.data(), n)});
      if (waiting_.size() == 1)
        arm();
    }
    const auto ahead = shaper_.backlog(now);
    if (ahead <= buffer_time) {
      read();
      return;
    }
    pause_.expires_after(ahead - buffer_time);
    pause_.async_wait([self = shared_from_this()](auto failed) {
      if (!failed)
        self->read();
    });
  }

  void arm() {
    timer_.expires_at(waiting_.front().at);
    timer_.async_wait([self = shared_from_this()](auto failed) {
      if (!failed)
        self->write();
    });
  }

  void write() {
    // Everything that has arrived by now, in one write.
    const auto now = std::chrono::steady_clock::now();
    out_.clear();
    while (!waiting_.empty() && waiting_.front().at <= now) {
      out_ += waiting_.front().bytes;
      waiting_.pop_front();
    }
    net::async_write(*to_, net::buffer(out_),
                     [self = shared_from_this()](auto failed, size_t) {
                       if (failed || (self->ended_ && self->waiting_.empty()))
                         self->close();
                       else if (!self->waiting_.empty())
                         self->arm();
                     });
  }

  void close() {
    boost::system::error_code ignored;
    from_->close(ignored);
    to_->close(ignored);
    pause_.cancel();
    timer_.cancel();
  }

  std::shared_ptr<tcp::socket> from_, to_;
  const link_settings& link_;
  net::steady_timer timer_, pause_;
  shaper& shaper_;
  std::array<char, read_bytes> buffer_;
  std::deque<piece> waiting_;
  std::string out_;
  bool ended_ = false;
};

class relay {
public:
  relay(net::io_context& io, uint16_t port, tcp::endpoint to,
        shared_link& link)
    : acceptor_(io, {net::ip::address_v4::loopback(), port}),
      to_(std::move(to)),
      link_(link) {
    accept();
  }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void drop() {
    for (auto& socket : open_)
      if (const auto alive = socket.lock()) {
        boost::system::error_code ignored;
        alive->close(ignored);
      }
    open_.clear();
  }
  /// Closes the connection that was opened last.
  void drop_last() {
    for (int ends = 0; ends < 2 && !open_.empty(); ++ends) {
      if (const auto alive = open_.back().lock()) {
        boost::system::error_code ignored;
        alive->close(ignored);
      }
      open_.pop_back();
    }
  }

private:
  void accept() {
    auto client = std::make_shared<tcp::socket>(acceptor_.get_executor());
    acceptor_.async_accept(*client, [this, client](auto failed) {
      if (failed)
        return;
      connect(client);
      accept();
    });
  }

  void connect(const std::shared_ptr<tcp::socket>& client) {
    if (link_.now.cut)
      return; // nobody answers
    auto server = std::make_shared<tcp::socket>(acceptor_.get_executor());
    server->async_connect(to_, [this, client, server](auto failed) {
      if (failed)
        return;
      client->set_option(tcp::no_delay(true));
      server->set_option(tcp::no_delay(true));
      open_.remove_if([](const auto& socket) { return socket.expired(); });
      open_.push_back(client);
      open_.push_back(server);
      std::make_shared<direction>(client, server, link_.now, link_.there)
        ->start();
      std::make_shared<direction>(server, client, link_.now, link_.back)
        ->start();
    });
  }

  tcp::acceptor acceptor_;
  tcp::endpoint to_;
  shared_link& link_;
  std::list<std::weak_ptr<tcp::socket>> open_;
};

/// Standard input, line by line, on the same loop.
class console {
public:
  console(net::io_context& io, relay& over, link_settings& link)
    : io_(io), input_(io, ::dup(0)), relay_(over), link_(link) {
    read();
  }

private:
  void read() {
    net::async_read_until(input_, net::dynamic_buffer(text_, 4096), '\n',
                          [this](auto failed, size_t n) {
                            if (failed)
                              return io_.stop();
                            const auto line = text_.substr(0, n - 1);
                            text_.erase(0, n);
                            obey(line);
                            read();
                          });
  }

  void obey(const std::string& line) {
    std::istringstream words{line};
    std::string what;
    double value = 0;
    words >> what;
    const bool number = static_cast<bool>(words >> value);
    if (what == "rtt" && number)
      link_.shape.one_way_ms = value / 2;
    else if (what == "mbit" && number)
      link_.shape.mbit = value;
    else if (what == "jitter" && number)
      link_.shape.jitter_ms = value;
    else if (what == "cut")
      link_.cut = true;
    else if (what == "heal")
      link_.cut = false;
    else if (what == "drop")
      relay_.drop();
    else if (what == "drop-last")
      relay_.drop_last();
    else if (what == "quit")
      io_.stop();
    else
      std::cout << "unknown command: " << line << std::endl;
    std::cout << "ok " << line << std::endl;
  }

  net::io_context& io_;
  net::posix::stream_descriptor input_;
  relay& relay_;
  link_settings& link_;
  std::string text_;
};

} // namespace

int main(int argc, char** argv) {
  cxxopts::Options options{"link-emulator",
                           "A loopback TCP relay with delay and bandwidth"};
  options.add_options()
    ("listen", "Port; 0: any", cxxopts::value<uint16_t>()->default_value("0"))
    ("to", "host:port", cxxopts::value<std::string>())
    ("rtt", "Round-trip time, ms", cxxopts::value<double>()->default_value("0"))
    ("mbit", "Mbit/s per direction; 0: no bound",
     cxxopts::value<double>()->default_value("0"))
    ("jitter", "ms", cxxopts::value<double>()->default_value("0"))
    ("h,help", "This help");
  try {
    const auto given = options.parse(argc, argv);
    if (given.count("help") || !given.count("to")) {
      std::cout << options.help();
      return given.count("help") ? 0 : 2;
    }
    const auto to = given["to"].as<std::string>();
    const auto colon = to.rfind(':');
    const tcp::endpoint target{
      net::ip::make_address(to.substr(0, colon)),
      static_cast<uint16_t>(std::stoi(to.substr(colon + 1)))};
    shared_link link;
    link.now.shape.one_way_ms = given["rtt"].as<double>() / 2;
    link.now.shape.mbit = given["mbit"].as<double>();
    link.now.shape.jitter_ms = given["jitter"].as<double>();
    net::io_context io{1};
    relay over{io, given["listen"].as<uint16_t>(), target, link};
    console commands{io, over, link.now};
    std::cout << "listening " << over.port() << std::endl;
    io.run();
  } catch (const std::exception& failed) {
    std::cerr << "link-emulator: " << failed.what() << '\n';
    return 1;
  }
  return 0;
}
