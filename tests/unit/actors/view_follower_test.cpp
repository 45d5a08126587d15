// Which views a node goes by, also when the store went back.
#include "actors/functions/view_follower.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

const node_name me{"edge-1"};

struct world {
  view_follower follower{me};
  time_point now = time_point{} + 1h;

  struct wanted {
    std::string function;
    uint32_t version = 1;
    bool here = true;
  };
  static view_follower::view_ptr view(const std::string& history,
                                      uint64_t number,
                                      const std::vector<wanted>& all) {
    auto made = std::make_shared<cluster_view>();
    made->at = {history, number};
    for (const auto& one : all) {
      assigned_version assigned;
      assigned.version = {function_name{one.function}, one.version};
      assigned.traffic = true;
      assigned.nodes = {node_name{"cloud-1"}};
      if (one.here)
        assigned.nodes.insert(me);
      made->versions.push_back(assigned);
    }
    return made;
  }
  bool take(const std::string& history, uint64_t number,
            const std::vector<wanted>& all) {
    return follower.take(view(history, number, all), now);
  }
  std::string runs() const {
    std::string text;
    for (const auto& one : follower.now()->versions)
      if (one.nodes.contains(me))
        text += (text.empty() ? "" : " ") + one.version.function.str() + ":"
                + std::to_string(one.version.version);
    return text;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(view_follower_test, world)

BOOST_AUTO_TEST_CASE(newer_and_equal_revisions_are_followed) {
  BOOST_TEST(take("h", 1, {{"f"}}));
  BOOST_TEST(take("h", 1, {{"f", 1, false}})); // nodes came or went
  BOOST_TEST(runs() == "");
  BOOST_TEST(take("h", 2, {{"f", 2}}));
  BOOST_TEST(runs() == "f:2");
  BOOST_TEST(take("h", 3, {})); // removed
  BOOST_TEST(runs() == "");
  BOOST_TEST(follower.news().empty());
}

BOOST_AUTO_TEST_CASE(a_view_that_was_overtaken_is_refused_silently) {
  take("h", 5, {{"f"}});
  now += view_follower::overtaken - 1ms;
  BOOST_TEST(!take("h", 4, {}));
  BOOST_TEST(follower.news().empty());
  BOOST_TEST(take("h", 6, {})); // it is no sign of anything
  BOOST_TEST(runs() == "");
}

BOOST_AUTO_TEST_CASE(a_store_that_went_back_takes_no_function_away) {
  take("h", 5, {{"f"}, {"g"}});
  now += view_follower::overtaken;
  BOOST_TEST(!take("h", 3, {{"f"}}));
  BOOST_TEST(follower.news().find("an older copy was restored")
             != std::string::npos);
  BOOST_TEST(!take("h", 4, {{"f"}}));
  BOOST_TEST(follower.news().empty()); // once
  BOOST_TEST(runs() == "f:1 g:1");
  // Beyond what this node has seen, but on another way: g was lost, not removed.
  now += 1h;
  BOOST_TEST(take("h", 6, {{"f", 2}}));
  BOOST_TEST(runs() == "f:2 g:1");
  BOOST_TEST(follower.news().find("kept: g") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(another_history_takes_no_function_away) {
  take("old", 9, {{"f", 3}, {"g", 2}, {"elsewhere", 1, false}});
  BOOST_TEST(take("new", 1, {{"f", 1}}));
  BOOST_TEST(runs() == "f:1 g:2");
  BOOST_TEST((follower.kept() == std::set{function_name{"g"}}));
  BOOST_TEST(follower.now()->versions.size() == 2u);
  BOOST_TEST(follower.news().find("kept: g") != std::string::npos);
  // It stays while the new history does not know it ...
  BOOST_TEST(take("new", 2, {{"f", 1}}));
  BOOST_TEST(runs() == "f:1 g:2");
  BOOST_TEST(follower.news().empty());
  // ... and is the store's again once it does.
  BOOST_TEST(take("new", 3, {{"f", 1}, {"g", 1}}));
  BOOST_TEST(runs() == "f:1 g:1");
  BOOST_TEST(take("new", 4, {{"f", 1}}));
  BOOST_TEST(runs() == "f:1");
}

BOOST_AUTO_TEST_CASE(an_emptied_store_takes_no_function_away) {
  take("old", 9, {{"f"}});
  BOOST_TEST(take("new", 0, {}));
  BOOST_TEST(take("newer", 0, {}));
  BOOST_TEST(runs() == "f:1");
}

BOOST_AUTO_TEST_CASE(a_former_leaders_view_is_refused_whatever_its_number) {
  const auto of = [](uint64_t term, const char* history, uint64_t number,
                     const std::vector<wanted>& all) {
    auto made = std::make_shared<cluster_view>(*view(history, number, all));
    made->term = term;
    return made;
  };
  BOOST_TEST(follower.take(of(5, "h", 3, {{"f"}}), now));
  BOOST_TEST(!follower.take(of(4, "h", 9, {{"g"}}), now));
  BOOST_TEST(!follower.take(of(4, "other", 9, {{"g"}}), now));
  now += 1h;
  BOOST_TEST(!follower.take(of(4, "h", 9, {{"g"}}), now));
  BOOST_TEST(follower.news().empty());
  BOOST_TEST(runs() == "f:1");
  BOOST_TEST(follower.take(of(6, "h", 3, {{"f", 2}}), now));
  BOOST_TEST(runs() == "f:2");
}

BOOST_AUTO_TEST_CASE(revisions_count_over_a_restart) {
  const auto last = view("h", 7, {{"f"}, {"g"}});
  follower.restore(last, {});
  BOOST_TEST(runs() == "f:1 g:1");
  BOOST_TEST(!take("h", 6, {})); // older than what it had: not on its way
  BOOST_TEST(!follower.news().empty());
  view_follower again{me};
  again.restore(last, {function_name{"g"}});
  BOOST_TEST(again.take(view("h", 8, {{"f", 2}}), now));
  BOOST_TEST((again.kept() == std::set{function_name{"g"}}));
}

BOOST_AUTO_TEST_SUITE_END()
