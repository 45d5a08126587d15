#include "gateway/http/trace_context.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::http;

namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string parent = "00f067aa0ba902b7";
const std::string valid = "00-" + trace + "-" + parent + "-01";

std::string forward(const std::string& text) {
  faas::random_source random{1};
  return forward_traceparent(text, random);
}

} // namespace

BOOST_AUTO_TEST_SUITE(trace_context_test)

  BOOST_AUTO_TEST_CASE(the_trace_goes_on_with_a_new_parent) {
    const auto out = forward(valid);
    BOOST_TEST(out.size() == 55u);
    BOOST_TEST(out.substr(0, 36) == "00-" + trace + "-");
    BOOST_TEST(out.substr(36, 16) != parent);
    BOOST_TEST(out.substr(36, 16) != std::string(16, '0'));
    BOOST_TEST(out.substr(52) == "-01");
  }

  BOOST_AUTO_TEST_CASE(unknown_flags_are_cleared_known_ones_kept) {
    BOOST_TEST(forward(valid.substr(0, 53) + "ff").substr(53) == "03");
    BOOST_TEST(forward(valid.substr(0, 53) + "02").substr(53) == "02");
    BOOST_TEST(forward(valid.substr(0, 53) + "00").substr(53) == "00");
  }

  BOOST_AUTO_TEST_CASE(a_higher_version_is_read_and_sent_as_00) {
    const auto body = valid.substr(2);
    BOOST_TEST(forward("01" + body).substr(0, 3) == "00-");
    BOOST_TEST(forward("01" + body + "-more").size() == 55u);
    BOOST_TEST(forward("01" + body + "more") == "");
  }

  BOOST_AUTO_TEST_CASE(invalid_headers_start_no_trace) {
    for (const auto& bad : std::initializer_list<std::string>{
           "", "00", "ff" + valid.substr(2), valid + "-x", valid.substr(1),
           "00-" + std::string(32, '0') + "-" + parent + "-01",
           "00-" + trace + "-" + std::string(16, '0') + "-01",
           "00-4BF92F3577b34da6a3ce929d0e0e4736-" + parent + "-01",
           "00_" + valid.substr(3), "0g" + valid.substr(2)})
      BOOST_TEST(forward(bad) == "", bad);
  }

  BOOST_AUTO_TEST_CASE(tracestate_lines_are_joined_in_order) {
    BOOST_TEST(join_tracestate({"a=1, b=2", "c=3", " , ,junk"})
               == "a=1,b=2,c=3");
  }

  BOOST_AUTO_TEST_CASE(tracestate_is_cut_at_32_members_and_512_characters) {
    std::string many;
    for (int i = 0; i < 40; ++i)
      many += "k" + std::to_string(i) + "=v,";
    const auto joined = join_tracestate({many});
    BOOST_TEST(std::count(joined.begin(), joined.end(), ',') == 31);
    const auto large = "big=" + std::string(200, 'x');
    std::string wide = "first=1," + large;
    for (int i = 0; i < 5; ++i)
      wide += ",m" + std::to_string(i) + "=" + std::string(90, 'y');
    const auto cut = join_tracestate({wide});
    BOOST_TEST(cut.size() <= 512u);
    BOOST_TEST(cut.find("big=") == cut.npos); // the long one goes first
    BOOST_TEST(cut.starts_with("first=1,m0="));
  }

  BOOST_AUTO_TEST_SUITE_END()
