// nodes list, cordon, uncordon, drain, remove.
#include "fakes.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::cli;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::string node(const std::string& duty, const std::string& note = "") {
  return R"([{"name":"edge-1","tier":"edge","state":"alive","cores":4,)"
         R"("labels":{"camera":"yes"},"duty":")"
         + duty + R"(","note":")" + note + "\"}]";
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(nodes_test, fixture)

BOOST_AUTO_TEST_CASE(nodes_are_listed_with_and_without_the_word) {
  http.answer("GET /system/nodes", 200, node("cordoned", "why"));
  for (const auto& words :
       {std::vector<std::string>{"nodes"}, {"nodes", "list"}}) {
    BOOST_TEST(cli(words) == 0, err.str());
    BOOST_TEST(printed("alive, cordoned"));
    BOOST_TEST(printed("camera=yes"));
    BOOST_TEST(printed("why"));
  }
  BOOST_TEST(cli({"nodes", "list", "--json"}) == 0);
  BOOST_TEST(json::parse(out.str())[0]["duty"] == "cordoned");
}

BOOST_AUTO_TEST_CASE(a_node_is_steered_by_one_call) {
  http.answer("POST /system/node/edge-1", 200,
              R"({"name":"edge-1","duty":"cordoned","note":""})");
  BOOST_TEST(cli({"nodes", "cordon", "edge-1"}) == 0, err.str());
  BOOST_TEST(http.sent.back().url.ends_with("/edge-1?action=cordon"));
  BOOST_TEST(printed("edge-1: cordoned\n"));
  BOOST_TEST(cli({"nodes", "remove", "edge-1", "--force"}) == 0);
  BOOST_TEST(
    http.sent.back().url.ends_with("/edge-1?action=remove&force=true"));
  BOOST_TEST(cli({"nodes", "uncordon", "edge-1", "--json"}) == 0);
  BOOST_TEST(json::parse(out.str())["duty"] == "cordoned");
}

BOOST_AUTO_TEST_CASE(wrong_words_are_told_before_anything_is_asked) {
  for (const auto& words :
       {std::vector<std::string>{"nodes", "burn", "edge-1"},
        {"nodes", "drain"},
        {"nodes", "list", "edge-1"},
        {"nodes", "cordon", "edge-1", "--watch"},
        {"nodes", "drain", "edge-1", "--force"}})
    BOOST_TEST(cli(words) == 2);
  BOOST_TEST(http.sent.empty());
}

BOOST_AUTO_TEST_CASE(watch_follows_a_drain_to_its_end) {
  http.answer("POST /system/node/edge-1", 200,
              R"({"name":"edge-1","duty":"draining","note":"x"})");
  std::deque<std::string> states{node("draining", "waits"),
                                 node("draining", "waits"),
                                 node("draining", "ends"), node("drained")};
  http.routes["GET /system/nodes"] = [&](const http_request&) {
    const auto body = states.front();
    states.pop_front();
    return http_response{200, {}, body, {}};
  };
  BOOST_TEST(cli({"nodes", "drain", "edge-1", "--watch"}) == 0, err.str());
  BOOST_TEST(out.str()
             == "edge-1: draining: waits\nedge-1: draining: ends\n"
                "edge-1: drained\n");
}

BOOST_AUTO_TEST_CASE(watch_ends_in_time_and_when_it_is_called_off) {
  http.answer("POST /system/node/edge-1", 200,
              R"({"name":"edge-1","duty":"draining","note":"x"})");
  http.answer("GET /system/nodes", 200, node("draining", "waits for f:1"));
  BOOST_TEST(
    cli({"nodes", "drain", "edge-1", "--watch", "--timeout", "3s"}) == 6);
  BOOST_TEST(complained("waits for f:1"));
  http.answer("GET /system/nodes", 200, node("active"));
  BOOST_TEST(cli({"nodes", "drain", "edge-1", "--watch"}) != 0);
  BOOST_TEST(complained("not being drained any more"));
  http.answer("GET /system/nodes", 200, "[]");
  BOOST_TEST(cli({"nodes", "drain", "edge-1", "--watch"}) == 3);
}

BOOST_AUTO_TEST_SUITE_END()
