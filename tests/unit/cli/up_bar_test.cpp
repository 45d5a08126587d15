// What `up` shows while it waits, and of each node at the end.
#include "flow.hpp"
#include "tools/faas-cli/function_bar.hpp"

using namespace faas;
using namespace faas::cli;

BOOST_FIXTURE_TEST_SUITE(up_bar_test, flow)

  BOOST_AUTO_TEST_CASE(a_bar_shows_how_far_it_is_on_a_terminal_only) {
    make_function();
    make_gateway();
    std::deque<std::string> states{status_of("pulling"), status_of("loading"),
                                   status_of("ready")};
    http.routes["GET /system/function/f"] = [&](const http_request&) {
      const auto body = states.front();
      if (states.size() > 1)
        states.pop_front();
      return answer(200, body);
    };
    terminal = true;
    system.variables["NO_COLOR"] = "1";
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(complained("f [------------------------]   0 %  packing"));
    BOOST_TEST(complained("f [#################-------]  70 %  pulling on "
                          "edge-1"));
    BOOST_TEST(complained("loading on edge-1"));
    BOOST_TEST(!complained("\x1b[3")); // no colours
    BOOST_TEST(err.str().ends_with("\r\x1b[K")); // nothing is left of it
    BOOST_TEST(printed("f: deployed, version 1, ready on edge-1"));
    system.variables.erase("NO_COLOR");
    states = {status_of("ready")};
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(complained("\x1b[32m"));
    system.variables["TERM"] = "dumb";
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(err.str() == "");
    system.variables.erase("TERM");
    terminal = false;
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(err.str() == "");
  }

  BOOST_AUTO_TEST_CASE(other_nodes_are_told_with_their_state) {
    make_function();
    make_gateway();
    auto status = json::parse(status_of("ready"));
    auto& all = status["petrel"]["placements"];
    const auto add = [&](const char* node, const char* state,
                         const char* reason) {
      all.push_back({{"node", node},
                     {"version", 1},
                     {"state", state},
                     {"reason", reason}});
    };
    add("cloud-1", "loading", "");
    add("gpu-1", "failed", "no\x1b[2Jdriver");
    add("edge-2", "pending", "not a candidate: needs tier cloud");
    http.answer("GET /system/function/f", 200, status.dump());
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(printed("ready on edge-1\nf: cloud-1: loading\n"
                       "f: gpu-1: failed: no [2Jdriver\nURL"));
    BOOST_TEST(!printed("edge-2"));
    for (int i = 0; i < 20; ++i)
      add(("n" + std::to_string(i)).c_str(), "loading", "");
    http.answer("GET /system/function/f", 200, status.dump());
    BOOST_TEST(cli({"up"}) == 0, err.str());
    BOOST_TEST(printed("f: and 12 more nodes"));
  }

  BOOST_AUTO_TEST_CASE(a_bar_fits_its_line_and_shows_no_control_codes) {
    BOOST_TEST(bar_text("f", 0.5, "x", false)
               == "f [############------------]  50 %  x");
    BOOST_TEST(bar_text("f", 7, "x", false).find("100 %") != std::string::npos);
    BOOST_TEST(bar_text("f", -1, "x", false).find("  0 %")
               != std::string::npos);
    BOOST_TEST(bar_text(std::string(63, 'n'), 1, std::string(500, 'x'), false)
                 .size()
               < 100u);
    BOOST_TEST(bar_text("f", 0, "a\x1b[2Jb", false).find('\x1b')
               == std::string::npos);
  }

  BOOST_AUTO_TEST_SUITE_END()
