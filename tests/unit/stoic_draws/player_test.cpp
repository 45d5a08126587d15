// Drawn batches: the table, and where they go.
#include "tools/stoic-draws/player.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace faas;
using namespace faas::stoic;

namespace {

const std::string head
  = "world,part,site,images,edge_transfer,edge_deploy,edge_process,"
    "cpu_transfer,cpu_deploy,cpu_process,gpu1_transfer,gpu1_deploy,"
    "gpu1_process,gpu2_transfer,gpu2_deploy,gpu2_process\n";

/// `best` takes 20 s, all others 60.
drawn_batch batch(size_t best, draw_part part = draw_part::main) {
  drawn_batch made;
  made.part = part;
  made.images = 30;
  for (size_t i = 0; i < made.times.size(); ++i)
    made.times[i] = {0.5, i == best ? 5.0 : 30.0, i == best ? 15.0 : 30.0};
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(player_test)

  BOOST_AUTO_TEST_CASE(tables_are_read) {
    const auto worlds
      = parse_draws(head + "7,deploy,,1,0,0,9,0,1,2,0,3,4,0,5,6\n"
                    + "7,set-up,gpu1,33,0,0,9,0,1,2,0,3,4,0,5,6\n"
                    + "8,main,,10,0,0,9,0.5,1,2,0,3,4,0,5,6\n");
    BOOST_REQUIRE(worlds);
    BOOST_REQUIRE(worlds->size() == 2u);
    const auto& first = (*worlds)[0].batches;
    BOOST_REQUIRE(first.size() == 2u);
    BOOST_TEST((first[0].part == draw_part::deploy));
    BOOST_TEST((first[1].part == draw_part::set_up));
    BOOST_TEST(first[1].site == 2u);
    BOOST_TEST(first[1].times[3].process == 6);
    BOOST_TEST((*worlds)[1].number == 8);
    BOOST_TEST((*worlds)[1].batches[0].times[1].transfer == 0.5);
  }

  BOOST_AUTO_TEST_CASE(errors_say_where) {
    const auto why = [](const std::string& line) {
      const auto worlds = parse_draws(head + line + "\n");
      return worlds ? std::string{} : worlds.error().message;
    };
    BOOST_TEST(why("1,run,,1,0,0,9,0,1,2,0,3,4,0,5,6").find("draws:2: part")
               != std::string::npos);
    BOOST_TEST(why("1,set-up,,1,0,0,9,0,1,2,0,3,4,0,5,6").find("site")
               != std::string::npos);
    BOOST_TEST(why("1,main,,0,0,0,9,0,1,2,0,3,4,0,5,6").find("images")
               != std::string::npos);
    BOOST_TEST(why("1,main,,1,0,0,9,0,-1,2,0,3,4,0,5,6").find("cpu_deploy")
               != std::string::npos);
    BOOST_TEST(why("1,main,,1,0,0,x,0,1,2,0,3,4,0,5,6").find("edge_process")
               != std::string::npos);
    BOOST_TEST(!parse_draws("world,part\n1,main\n"));
  }

  BOOST_AUTO_TEST_CASE(policies_are_checked) {
    BOOST_TEST(!draw_player::make({"no-such-policy", true, 1}));
  }

  BOOST_AUTO_TEST_CASE(set_up_batches_go_where_they_are_told) {
    auto player = draw_player::make({});
    BOOST_REQUIRE(player);
    for (size_t site = 0; site < draw_sites.size(); ++site) {
      auto one = batch(0, draw_part::set_up);
      one.site = site;
      BOOST_TEST(player->play(one) == site);
    }
  }

  BOOST_AUTO_TEST_CASE(it_learns_which_site_is_best) {
    for (const bool facts : {true, false})
      for (size_t best = 0; best < draw_sites.size(); ++best) {
        auto player = draw_player::make({"min-latency", facts, 3});
        BOOST_REQUIRE(player);
        player->deploy(batch(best, draw_part::deploy));
        for (size_t site = 0; site < draw_sites.size(); ++site)
          for (int i = 0; i < 2; ++i) {
            auto one = batch(best, draw_part::set_up);
            one.site = site;
            player->play(one);
          }
        size_t right = 0;
        for (int i = 0; i < 20; ++i)
          right += player->play(batch(best)) == best;
        BOOST_TEST(right >= 18u);
      }
  }

BOOST_AUTO_TEST_SUITE_END()
