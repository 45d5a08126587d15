// Bytes of bulk connections.
#include "libfaas/bulk/frame.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::bulk;
using namespace std::chrono_literals;

namespace {

/// Writes down what comes.
struct notes final : frame_sink {
  result<void> piece_begins(bulk_topic topic, uint32_t size) override {
    text += "[" + std::to_string(static_cast<int>(topic)) + " "
            + std::to_string(size) + " ";
    return {};
  }
  void piece_bytes(std::string_view bytes) override { text += bytes; }
  result<void> piece_ends(bool last) override {
    text += last ? "]" : "+";
    return {};
  }
  result<void> acked(const ack& what) override {
    acks.push_back(what);
    text += "a";
    return {};
  }
  void pinged() override { text += "p"; }
  std::string text;
  std::vector<ack> acks;
};

std::string talk() {
  std::string bytes;
  append_ack(bytes, {1, uint64_t{1} << 40, 1500us});
  append_data(bytes, bulk_topic::bundle, "abc", false);
  append_ping(bytes);
  append_data(bytes, bulk_topic::bundle, "de", true);
  append_data(bytes, static_cast<bulk_topic>(9), "f", true);
  return bytes;
}

std::string header(const char* first, uint32_t length) {
  std::string made{first, 4};
  for (int i = 3; i >= 0; --i)
    made += static_cast<char>(length >> (8 * i));
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(frame_test)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_however_it_is_cut) {
  const auto bytes = talk();
  for (size_t step = 1; step <= bytes.size(); ++step) {
    notes got;
    frame_reader reader;
    for (size_t at = 0; at < bytes.size(); at += step)
      BOOST_REQUIRE(
        reader.feed(std::string_view{bytes}.substr(at, step), got));
    BOOST_TEST(got.text == "a[1 3 abc+p[1 2 de][9 1 f]");
    BOOST_REQUIRE(got.acks.size() == 1u);
    BOOST_TEST((got.acks[0] == ack{1, uint64_t{1} << 40, 1500us}));
  }
}

BOOST_AUTO_TEST_CASE(lengths_and_forms_that_no_node_sends_are_refused) {
  const std::string forms[] = {
    header("\2\0\1\0", max_piece + 1), // a piece that is too long
    header("\2\0\1\0", 0xffffffffu),   // 4 GiB
    header("\2\0\1\0", 0),             // of nothing
    header("\2\2\1\0", 5),             // an unknown flag
    header("\2\0\1\1", 5),             // a byte that is not 0
    header("\3\0\0\0", 25),            // other acknowledgements
    header("\3\0\0\0", 0),
    header("\4\0\0\0", 1), // a ping with something in it
    header("\4\1\0\0", 0),
    header("\1\0\0\0", 3), // a second hello
    header("\0\0\0\0", 0),
    header("\5\0\0\0", 0),
    header("GET ", 0),
  };
  for (const auto& bytes : forms) {
    notes got;
    frame_reader reader;
    const auto bad = reader.feed(bytes, got);
    BOOST_REQUIRE(!bad);
    BOOST_TEST(bad.error().message.starts_with("the peer sends"));
    BOOST_TEST(got.text.empty());
  }
}

BOOST_AUTO_TEST_CASE(an_error_of_the_receiver_ends_the_reading) {
  struct full final : frame_sink {
    result<void> piece_begins(bulk_topic, uint32_t) override {
      return error{errc::overloaded, "no more"};
    }
    void piece_bytes(std::string_view) override { BOOST_FAIL("a byte"); }
    result<void> piece_ends(bool) override { return {}; }
    result<void> acked(const ack&) override { return {}; }
    void pinged() override {}
  } to;
  frame_reader reader;
  std::string bytes;
  append_data(bytes, bulk_topic::bundle, "abc", true);
  BOOST_TEST(!reader.feed(bytes, to));
}

BOOST_AUTO_TEST_CASE(hellos_name_a_process) {
  const boot_id boot{"0123-4567"};
  const auto bytes = encode_hello(boot);
  BOOST_REQUIRE(hello_size(bytes.substr(0, header_size)));
  BOOST_TEST(*hello_size(bytes.substr(0, header_size)) == bytes.size());
  BOOST_TEST((*decode_hello(bytes) == boot));
  BOOST_TEST(!decode_hello(bytes.substr(0, bytes.size() - 1)));
  BOOST_TEST(!decode_hello(bytes + "x"));
  for (const auto& bad :
       {header("\1\0\0\0", 0), header("\1\0\0\0", max_hello + 1),
        header("\1\0\0\0", 0xffffffffu), header("\2\0\0\0", 5),
        header("\1\1\0\0", 5), header("GET ", 1), std::string("\1\0\0", 3),
        std::string{}})
    BOOST_TEST(!hello_size(bad));
}

BOOST_AUTO_TEST_SUITE_END()
