// A function's folder and a gateway that takes it.
#pragma once

#include "fakes.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

namespace faas::cli {

inline http_response answer(int status, std::string body = "",
                     header_list headers = {}) {
  return {status, std::move(headers), std::move(body), {}};
}

inline std::string status_of(const std::string& state, int version = 1,
                      const std::string& reason = "") {
  return R"({"name":"f","availableReplicas":)"
         + std::string{state == "ready" ? "1" : "0"}
         + R"(,"replicas":1,"petrel":{"version":)" + std::to_string(version)
         + R"(,"placements":[{"node":"edge-1","version":)"
         + std::to_string(version) + R"(,"state":")" + state + R"(","reason":")"
         + reason + "\"}]}}";
}

struct flow : fixture {
  /// A folder with one function whose library is there already.
  void make_function() {
    scratch.write("stack.yml", "functions:\n"
                               "  f:\n"
                               "    handler: ./src\n"
                               "    environment: {A: b}\n"
                               "    petrel: {artifact: f.so, mode: threads}\n");
    scratch.write("src/f.so", "library");
  }
  /// A gateway that takes the function as a new one, ready at once.
  void make_gateway(int head = 404, int put = 404) {
    http.answer("POST /system/bundles/missing", 200,
                head == 200 ? R"({"missing":[]})" : missing());
    http.routes["PATCH " + bundle()]
      = [](const http_request&) { return answer(201); };
    http.answer("PUT /system/functions", put,
                put == 200 ? R"({"version":2})" : "");
    http.answer("POST /system/functions", 202, R"({"version":1})");
    http.answer("GET /system/function/f", 200,
                status_of("ready", put == 200 ? 2 : 1));
  }
  std::string missing() {
    return bundle(), R"({"missing":[{"digest":")" + digest_ + "\"}]}";
  }
  std::string bundle() {
    if (digest_.empty()) {
      BOOST_REQUIRE_MESSAGE(cli({"pack", "--json"}) == 0, err.str());
      digest_ = nlohmann::json::parse(out.str())[0]["digest"];
    }
    return "/system/bundles/" + digest_.substr(7);
  }
  std::vector<std::string> calls() const {
    std::vector<std::string> list;
    for (const auto& r : http.sent)
      list.push_back(r.method + " " + r.url.substr(r.url.find('/', 8)));
    return list;
  }
  std::string digest_;
};

} // namespace faas::cli
