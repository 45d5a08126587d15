// TLS on a socket: what comes before an end is read, and every end is told.
#include "gateway/tls/socket_stream.hpp"
#include "tests/integration/tunnel/tunnel_world.hpp"

#include <boost/asio/write.hpp>

using namespace faas;
using namespace faas::test;

namespace {

using tls::socket_stream;
using failure = boost::system::error_code;

/// Two ends of one connection, on the loop of the test.
struct two_ends {
  two_ends()
    : context(must(tls::node_context(trusted.own())).release()),
      near(loop, context), far(loop, context) {
    net::ip::tcp::acceptor acceptor{
      loop, {net::ip::make_address("127.0.0.1"), 0}};
    near.lowest_layer().connect(acceptor.local_endpoint());
    acceptor.accept(far.next_layer());
    tls::ask_for(*near.native_handle(), tls::alpn_bulk);
    int done = 0;
    const auto count = [&](const failure& failed) { done += failed ? 0 : 1; };
    near.async_handshake(net::ssl::stream_base::client, count);
    far.async_handshake(net::ssl::stream_base::server, count);
    run();
    BOOST_REQUIRE_EQUAL(done, 2);
  }

  /// Until nothing is under way. An operation without an end fails the test.
  void run() {
    loop.restart();
    loop.run_for(10s);
    BOOST_REQUIRE(loop.stopped());
  }
  /// The next bytes at the far end, or how it ended.
  std::pair<std::string, failure> read() {
    std::string got(100'000, '\0');
    failure how = net::error::in_progress;
    far.async_read_some(net::buffer(got),
                        [&](const failure& failed, size_t size) {
                          how = failed;
                          got.resize(size);
                        });
    run();
    return {failure{} == how ? got : std::string{}, how};
  }
  failure write(std::string_view text) {
    failure how = net::error::in_progress;
    net::async_write(near, net::buffer(text),
                     [&](const failure& failed, size_t) { how = failed; });
    run();
    return how;
  }

  test_cluster trusted;
  net::io_context loop;
  net::ssl::context context;
  socket_stream near, far;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(socket_stream_test, two_ends)

  BOOST_AUTO_TEST_CASE(bytes_come_in_order) {
    for (const size_t size : {1u, 16'384u, 16'385u, 60'000u}) {
      BOOST_REQUIRE(!write(std::string(size, 'x')));
      size_t got = 0;
      while (got < size)
        got += read().first.size();
      BOOST_TEST(got == size);
    }
  }

  BOOST_AUTO_TEST_CASE(more_than_the_socket_holds_waits_for_the_reader) {
    const std::string all(20'000'000, 'y');
    size_t got = 0;
    bool written = false;
    net::async_write(near, net::buffer(all),
                     [&](const failure& failed, size_t) {
                       written = !failed;
                     });
    std::string part(50'000, '\0');
    std::function<void()> next = [&] {
      far.async_read_some(net::buffer(part),
                          [&](const failure& failed, size_t size) {
                            got += size;
                            if (!failed && got < all.size())
                              next();
                          });
    };
    next();
    run();
    BOOST_TEST(written);
    BOOST_TEST(got == all.size());
  }

  BOOST_AUTO_TEST_CASE(what_came_before_the_connection_broke_is_read) {
    BOOST_REQUIRE(!write("last words"));
    near.lowest_layer().close();
    BOOST_TEST(read().first == "last words");
    for (auto i = 0; i < 3; ++i)
      BOOST_TEST((read().second == net::ssl::error::stream_truncated));
  }

  BOOST_AUTO_TEST_CASE(what_came_before_an_orderly_end_is_read) {
    BOOST_REQUIRE(!write("last words"));
    SSL_shutdown(near.native_handle());
    near.lowest_layer().close();
    BOOST_TEST(read().first == "last words");
    for (auto i = 0; i < 3; ++i)
      BOOST_TEST((read().second == net::error::eof));
  }

  BOOST_AUTO_TEST_CASE(garbage_behind_good_bytes_is_an_error_once_and_again) {
    BOOST_REQUIRE(!write("good"));
    net::write(near.next_layer(), net::buffer(std::string(100, 'g')));
    BOOST_TEST(read().first == "good");
    const auto first = read().second;
    BOOST_TEST(bool{first});
    BOOST_TEST((first.category() == net::error::get_ssl_category()));
    BOOST_TEST(bool{read().second});
  }

  BOOST_AUTO_TEST_CASE(a_write_to_a_peer_that_left_is_an_error_and_no_signal) {
    far.lowest_layer().close();
    failure how;
    for (auto i = 0; i < 20 && !how; ++i)
      how = write(std::string(100'000, 'x'));
    BOOST_TEST(bool{how});
  }

  BOOST_AUTO_TEST_CASE(closing_ends_what_is_under_way) {
    failure how;
    std::string into(10, '\0');
    far.async_read_some(net::buffer(into),
                        [&](const failure& failed, size_t) { how = failed; });
    net::post(loop, [&] { far.lowest_layer().close(); });
    run();
    BOOST_TEST((how == net::error::operation_aborted));
  }

BOOST_AUTO_TEST_SUITE_END()
