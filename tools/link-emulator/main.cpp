// link-emulator: a TCP relay on loopback that is as slow as a real link.
//
//   link-emulator --listen 18100 --to 127.0.0.1:18091 --rtt 40 --mbit 20
//
// With several --to it listens on a port for each, in their order, and all share
// the link.
//
// Reads commands from standard input, one a line: those of settings.hpp (`cut`:
// bytes vanish, connections stay), `play FILE` (a script of them), `drop`
// (closes all connections), `drop-last` (of each target the one opened last), `quit`. Ends
// with its standard input.
#include "tools/link-emulator/relay.hpp"

#include <cxxopts.hpp>

#include <fstream>
#include <iostream>
#include <list>
#include <sstream>

namespace {

using namespace faas;
using namespace faas::emulator;

/// Standard input, line by line, and at most one script, on the same loop.
class console {
public:
  console(net::io_context& io, std::list<relay>& over, link_settings& link)
    : io_(io), input_(io, ::dup(0)), next_(io), relays_(over), link_(link) {
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
    if (line == "drop")
      for (auto& one : relays_)
        one.drop();
    else if (line == "drop-last")
      for (auto& one : relays_)
        one.drop_last();
    else if (line == "quit")
      io_.stop();
    else if (line.compare(0, 5, "play ") == 0)
      play(line.substr(5));
    else if (!change(link_, line))
      std::cout << "unknown command: " << line << std::endl;
    std::cout << "ok " << line << std::endl;
  }

  /// A script from now on, in place of one that was under way.
  void play(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    auto script = parse_script(text.str());
    if (!file || !script) {
      std::cout << "cannot play " << path << ": "
                << (file ? script.error().message : "not readable")
                << std::endl;
      return;
    }
    script_ = {script->begin(), script->end()};
    begun_ = std::chrono::steady_clock::now();
    plan();
  }

  void plan() {
    if (script_.empty())
      return;
    next_.expires_at(begun_ + script_.front().at);
    next_.async_wait([this](auto failed) {
      if (failed)
        return;
      change(link_, script_.front().command);
      script_.pop_front();
      plan();
    });
  }

  net::io_context& io_;
  net::posix::stream_descriptor input_;
  net::steady_timer next_;
  std::list<relay>& relays_;
  link_settings& link_;
  std::string text_;
  std::deque<timed_command> script_;
  time_point begun_;
};

/// The settings among the options; throws what cxxopts throws.
void set_up(link_settings& link, const cxxopts::ParseResult& given) {
  for (const char* name : {"rtt", "mbit", "mbit-there", "mbit-back", "jitter",
                           "jitter-law", "loss"})
    if (given.count(name) != 0) {
      const auto value = given[name].as<std::string>();
      if (!change(link, name + (" " + value)))
        throw std::invalid_argument{"--" + std::string{name} + " " + value
                                    + " is not possible"};
    }
}

tcp::endpoint target(const std::string& to) {
  const auto colon = to.rfind(':');
  return {net::ip::make_address(to.substr(0, colon)),
          static_cast<uint16_t>(std::stoi(to.substr(colon + 1)))};
}

} // namespace

int main(int argc, char** argv) {
  cxxopts::Options options{"link-emulator",
                           "A loopback TCP relay with delay and bandwidth"};
  options.add_options()("listen", "Port for the first --to; 0: any",
                        cxxopts::value<uint16_t>()->default_value("0"))(
    "to", "host:port; may be repeated",
    cxxopts::value<std::vector<std::string>>())(
    "rtt", "Round-trip time, ms", cxxopts::value<std::string>())(
    "mbit", "Mbit/s per direction; 0: no bound", cxxopts::value<std::string>())(
    "mbit-there", "the same, to the target", cxxopts::value<std::string>())(
    "mbit-back", "the same, from the target", cxxopts::value<std::string>())(
    "jitter", "ms", cxxopts::value<std::string>())(
    "jitter-law", "uniform or exponential", cxxopts::value<std::string>())(
    "loss", "share of packets that are late",
    cxxopts::value<std::string>())("h,help", "This help");
  try {
    const auto given = options.parse(argc, argv);
    if (given.count("help") || !given.count("to")) {
      std::cout << options.help();
      return given.count("help") ? 0 : 2;
    }
    shared_link link;
    set_up(link.now, given);
    net::io_context io{1};
    std::list<relay> over;
    auto port = given["listen"].as<uint16_t>();
    for (const auto& to : given["to"].as<std::vector<std::string>>())
      over.emplace_back(io, std::exchange(port, 0), target(to), link);
    console commands{io, over, link.now};
    std::cout << "listening";
    for (const auto& one : over)
      std::cout << ' ' << one.port();
    std::cout << std::endl;
    io.run();
  } catch (const std::exception& failed) {
    std::cerr << "link-emulator: " << failed.what() << '\n';
    return 1;
  }
  return 0;
}
