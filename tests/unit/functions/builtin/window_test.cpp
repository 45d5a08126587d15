// window: by count and by time, keys, late events, limits.
#include "functions/builtin/window.hpp"
#include "inputs.hpp"

#include <algorithm>

using namespace faas;
using namespace faas::builtin;

namespace {

using values = std::map<std::string, std::string, std::less<>>;

windows make(values how) {
  auto options = window_options::make(given(std::move(how)));
  BOOST_REQUIRE_MESSAGE(options, complaint(options));
  return windows{std::move(*options)};
}

/// The windows that {"v": value, "t": time, "k": key} closes.
std::string add(windows& to, int value, int64_t time, const char* key = "a") {
  const auto out = to.add({json{{"v", value}, {"t", time}, {"k", key}}}, 100'000);
  if (!out)
    return "error: " + complaint(out);
  return (out->late ? "late" : "")
         + (out->windows.empty()
              ? std::string{}
              : write_documents(framing::lines, out->windows));
}

std::string counts(const std::string& lines) {
  std::string out;
  const auto read = read_documents(lines, "ndjson");
  for (const auto& window : read->items)
    out += std::to_string(window.value("start", int64_t{-1})) + ":"
           + std::to_string(window["count"].get<int>()) + " ";
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(window_test)

  BOOST_AUTO_TEST_CASE(tumbling_by_count) {
    auto to = make({{"SIZE", "3"}, {"VALUE", "/v"}});
    BOOST_TEST(add(to, 1, 0) == "");
    BOOST_TEST(add(to, 5, 0) == "");
    BOOST_TEST(add(to, -3, 0)
               == "{\"count\":3,\"max\":5.0,\"mean\":1.0,\"min\":-3.0,"
                  "\"sum\":3.0}\n");
    BOOST_TEST(add(to, 7, 0) == "");
    BOOST_TEST(add(to, 7, 0) == "");
    BOOST_TEST(parse_json(add(to, 7, 0))->at("sum") == 21);
  }

  BOOST_AUTO_TEST_CASE(sliding_by_count) {
    auto to = make({{"SIZE", "4"}, {"SLIDE", "2"}, {"VALUE", "/v"}});
    std::string sums;
    for (int i = 1; i <= 8; ++i)
      if (const auto out = add(to, i, 0); !out.empty())
        sums += std::to_string(i) + "=" + parse_json(out)->at("sum").dump() + " ";
    BOOST_TEST(sums == "4=10.0 6=18.0 8=26.0 ");
  }

  BOOST_AUTO_TEST_CASE(tumbling_by_time_closes_all_keys) {
    auto to = make({{"SIZE", "1s"}, {"TIME", "/t"}, {"KEY", "/k"}});
    BOOST_TEST(add(to, 0, 100, "a") == "");
    BOOST_TEST(add(to, 0, 999, "b") == "");
    BOOST_TEST(add(to, 0, 999, "a") == "");
    BOOST_TEST(add(to, 0, 5000, "c")
               == "{\"count\":2,\"end\":1000,\"key\":\"a\",\"start\":0}\n"
                  "{\"count\":1,\"end\":1000,\"key\":\"b\",\"start\":0}\n");
    BOOST_TEST(to.keys() == 1u);
    BOOST_TEST(add(to, 0, 4999, "a") == "late");
    BOOST_TEST(add(to, 0, 5999, "c") == "");
    BOOST_TEST(counts(add(to, 0, 6000, "c")) == "5000:2 ");
  }

  BOOST_AUTO_TEST_CASE(sliding_by_time) {
    auto to = make({{"SIZE", "3s"}, {"SLIDE", "1s"}, {"TIME", "/t"}});
    BOOST_TEST(add(to, 0, 500) == "");
    BOOST_TEST(counts(add(to, 0, 1500)) == "-2000:1 ");
    BOOST_TEST(counts(add(to, 0, 2500)) == "-1000:2 ");
    // The window that ends at 3000 and those until nothing is left.
    BOOST_TEST(counts(add(to, 0, 50'000)) == "0:3 1000:2 2000:1 ");
    BOOST_TEST(counts(add(to, 0, 50'100)) == "");
  }

  BOOST_AUTO_TEST_CASE(time_waits_for_late_events) {
    auto to = make({{"SIZE", "1s"}, {"TIME", "/t"}, {"LATENESS", "2s"}});
    BOOST_TEST(add(to, 0, 900) == "");
    BOOST_TEST(add(to, 0, 2900) == "");
    BOOST_TEST(add(to, 0, 100) == "");
    BOOST_TEST(counts(add(to, 0, 3000)) == "0:2 ");
    BOOST_TEST(add(to, 0, 100) == "late");
    BOOST_TEST(counts(add(to, 0, 6000)) == "2000:1 3000:1 ");
  }

  BOOST_AUTO_TEST_CASE(without_a_time_the_clock_counts) {
    auto to = make({{"SIZE", "1s"}});
    BOOST_TEST(to.add({json{}, json{}}, 1000)->windows.empty());
    // A clock that goes back makes events late, nothing worse.
    BOOST_TEST(to.add({json{}}, 10)->late == 1u);
    BOOST_TEST(to.add({json{}}, 2000)->windows.size() == 1u);
    BOOST_TEST(to.add({json{}}, -5000)->late == 1u);
  }

  BOOST_AUTO_TEST_CASE(the_key_not_seen_for_longest_goes) {
    auto to = make({{"SIZE", "10"}, {"KEY", "/k"}, {"MAX_KEYS", "2"}});
    BOOST_TEST(add(to, 0, 0, "a") == "");
    BOOST_TEST(add(to, 0, 0, "b") == "");
    BOOST_TEST(add(to, 0, 0, "a") == "");
    BOOST_TEST(add(to, 0, 0, "c") == "{\"count\":1,\"early\":true,\"key\":\"b\"}\n");
    BOOST_TEST(to.keys() == 2u);
    for (int i = 0; i < 1000; ++i)
      (void)add(to, 0, 0, std::to_string(i).c_str());
    BOOST_TEST(to.keys() == 2u);
  }

  BOOST_AUTO_TEST_CASE(a_wrong_event_leaves_everything_as_it_was) {
    auto to = make({{"SIZE", "2"}, {"VALUE", "/v"}, {"KEY", "/k"},
                    {"TIME", "/t"}});
    const json good{{"v", 1}, {"k", "x"}, {"t", 0}};
    const auto refused = [&](json wrong) {
      const auto out = to.add({good, std::move(wrong)}, 0);
      BOOST_TEST(complaint(out).starts_with("event 2: "), complaint(out));
      BOOST_TEST(to.keys() == 0u);
    };
    refused({{"v", "1"}, {"k", "x"}, {"t", 0}});
    refused({{"k", "x"}, {"t", 0}});
    refused({{"v", 1}, {"k", json::array()}, {"t", 0}});
    refused({{"v", 1}, {"t", 0}});
    refused({{"v", 1}, {"k", std::string(300, 'x')}, {"t", 0}});
    refused({{"v", 1}, {"k", "x"}, {"t", "now"}});
    refused({{"v", 1}, {"k", "x"}, {"t", 1e300}});
    refused({{"v", 1}, {"k", "x"}, {"t", 60'001}}); // in the future
    refused(json(5));
    BOOST_TEST((to.add(std::vector<json>(100'001, good), 0).error().code
                == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(a_sum_over_the_largest_double_is_null) {
    auto to = make({{"SIZE", "2"}, {"VALUE", "/v"}});
    const json much{{"v", 1.7e308}};
    const auto out = to.add({much, much}, 0);
    BOOST_REQUIRE(out->windows.size() == 1u);
    BOOST_TEST(write_documents(framing::lines, out->windows)
                 .find("\"sum\":null") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(wrong_settings) {
    for (const auto& how : {
           values{{"SIZE", "0"}}, values{{"SIZE", "-1s"}}, values{{"SIZE", "x"}},
           values{{"SIZE", "10s"}, {"SLIDE", "3s"}},
           values{{"SIZE", "10s"}, {"SLIDE", "3"}},
           values{{"SIZE", "10"}, {"SLIDE", "20"}},
           values{{"SIZE", "99999999999h"}}, values{{"MAX_KEYS", "0"}},
           values{{"SIZE", "5000"}, {"SLIDE", "1"}},
           values{{"SIZE", "1s"}, {"LATENESS", "2h"}},
           values{{"SIZE", "500"}, {"SLIDE", "1"}}, // times 1000 keys
           values{{"KEY", "k"}}, values{{"TIME", "/~"}},
           values{{"LATENESS", "soon"}}})
      BOOST_TEST(!window_options::make(given(how)), how.begin()->first + "="
                                                      + how.begin()->second);
  }

  // No order of times may count an event twice or lose one.
  BOOST_AUTO_TEST_CASE(every_event_is_in_one_tumbling_window_or_late) {
    const auto seed = test::setting("PETREL_FUZZ_SEED", 20261127);
    BOOST_TEST_MESSAGE("PETREL_FUZZ_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 50; ++round) {
      auto to = make({{"SIZE", "1s"}, {"TIME", "/t"}, {"KEY", "/k"},
                      {"LATENESS", "3s"}, {"MAX_KEYS", "5"},
                      {"AHEAD", "1000h"}});
      uint64_t seen = 0;
      const auto take = [&](const result<windows::closed>& out) {
        BOOST_REQUIRE_MESSAGE(out, complaint(out));
        seen += out->late;
        for (const auto& window : out->windows)
          if (!window.contains("early")) // one of several of that key
            seen += window["count"].get<uint64_t>();
      };
      for (int i = 0; i < 400; ++i)
        take(to.add({json{{"t", random.below(20'000)}, {"k", random.below(5)}}},
                    0));
      take(to.add({json{{"t", 1'000'000'000}, {"k", 0}}}, 0));
      BOOST_TEST(seen == 400u);
    }
  }

  BOOST_AUTO_TEST_CASE(sliding_windows_agree_with_counting_by_hand) {
    const auto seed = test::setting("PETREL_FUZZ_SEED", 20261127);
    BOOST_TEST_MESSAGE("PETREL_FUZZ_SEED=" << seed);
    random_source random{seed};
    for (int round = 0; round < 30; ++round) {
      auto to = make({{"SIZE", "4s"}, {"SLIDE", "1s"}, {"TIME", "/t"},
                      {"LATENESS", "2s"}, {"AHEAD", "1000h"}, {"KEY", "/k"}});
      std::vector<std::pair<int, int64_t>> accepted;
      std::vector<json> closed;
      const auto take = [&](int key, int64_t time) {
        auto out = to.add({json{{"t", time}, {"k", key}}}, 0);
        BOOST_REQUIRE_MESSAGE(out, complaint(out));
        if (out->late == 0)
          accepted.emplace_back(key, time);
        closed.insert(closed.end(), out->windows.begin(), out->windows.end());
      };
      int64_t now = -20'000;
      for (int i = 0; i < 300; ++i) {
        now += static_cast<int64_t>(random.below(i % 50 == 0 ? 9000 : 300));
        take(static_cast<int>(random.below(3)),
             now - static_cast<int64_t>(random.below(3500)));
      }
      take(9, 1'000'000'000);
      uint64_t counted = 0;
      for (const auto& window : closed) {
        const auto inside = std::count_if(
          accepted.begin(), accepted.end(), [&](const auto& event) {
            return event.first == window["key"]
                   && event.second >= window["start"].get<int64_t>()
                   && event.second < window["end"].get<int64_t>();
          });
        BOOST_REQUIRE(window["count"] == inside);
        counted += window["count"].get<uint64_t>();
      }
      BOOST_TEST(counted == 4 * (accepted.size() - 1)); // all but the last
    }
  }

  BOOST_AUTO_TEST_CASE(damaged_events) {
    auto to = make({{"SIZE", "4s"}, {"SLIDE", "1s"}, {"TIME", "/t"},
                    {"KEY", "/k"}, {"VALUE", "/v"}, {"MAX_KEYS", "7"}});
    with_damaged({R"({"t": 12345, "k": "abc", "v": 1.5})",
                  R"({"t": -99, "k": 7, "v": 1e300})"},
                 20'000, [&](const std::string& text) {
                   const auto event = parse_json(text);
                   if (event)
                     (void)to.add({*event}, 20'000);
                   BOOST_REQUIRE(to.keys() <= 7);
                 });
  }

BOOST_AUTO_TEST_SUITE_END()
