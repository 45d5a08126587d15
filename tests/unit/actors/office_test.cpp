// Whether a controller leads, and by what it knows.
#include "actors/control/office.hpp"
#include "tests/support/fake_seat.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace faas;
using namespace faas::actors;
using namespace faas::testing;

namespace {

struct office_world {
  fake_seat seat;
  bool fails = false;
  std::vector<bool> loads; ///< each with taken_over
  std::vector<std::string> notes;
  office lead = open(&seat, 0);

  office open(leader_seat* at, uint64_t term) {
    return office{{at, term,
                   [this](bool taken_over) -> result<void> {
                     loads.push_back(taken_over);
                     if (fails)
                       return error{errc::unavailable, "the store is away"};
                     return {};
                   },
                   [this](const std::string& line) { notes.push_back(line); }}};
  }
  std::string why(const result<void>& checked) {
    return checked ? "" : checked.error().message;
  }
  using all = std::vector<bool>;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(office_test, office_world)

BOOST_AUTO_TEST_CASE(the_only_controller_leads_and_reads_what_it_doubts) {
  lead = open(nullptr, 0);
  BOOST_TEST(why(lead.check()) == "");
  BOOST_TEST(why(lead.refresh()) == "");
  BOOST_TEST(loads.empty());
  lead.doubt();
  BOOST_TEST(why(lead.refresh()) == "");
  BOOST_TEST((loads == all{false}));
}

BOOST_AUTO_TEST_CASE(a_term_is_begun_by_one_load) {
  BOOST_TEST(why(lead.check()) == "nobody leads");
  seat.lead(7);
  BOOST_TEST(why(lead.check()) == "");
  BOOST_TEST(why(lead.check()) == "");
  BOOST_TEST((loads == all{true}));
  BOOST_TEST(lead.term() == 7u);
  seat.lead(9); // lost and got again, unseen
  BOOST_TEST(lead.leads());
  BOOST_TEST((loads == all{true, true}));
}

BOOST_AUTO_TEST_CASE(what_was_loaded_at_the_start_counts_in_that_term) {
  seat.lead(7);
  lead = open(&seat, 7);
  BOOST_TEST(why(lead.check()) == "");
  BOOST_TEST(loads.empty());
}

BOOST_AUTO_TEST_CASE(it_leads_but_has_no_office_until_the_store_is_read) {
  fails = true;
  seat.lead(7);
  BOOST_TEST(lead.leads());
  BOOST_TEST(!lead.is_taken());
  BOOST_TEST(notes.size() == 1u);
  BOOST_TEST(why(lead.check()) == "the store is away");
  fails = false;
  BOOST_TEST(why(lead.check()) == "");
  BOOST_TEST(lead.is_taken());
  BOOST_TEST((loads == all{true, true, true}));
}

BOOST_AUTO_TEST_CASE(a_lost_lease_is_seen_without_news) {
  seat.lead(7);
  BOOST_TEST(why(lead.check()) == "");
  seat.lose("n2 5");
  BOOST_TEST(why(lead.check()) == "n2 leads");
  BOOST_TEST(lead.term() == 7u);
}

BOOST_AUTO_TEST_CASE(reads_need_no_lead_while_nobody_else_is_known) {
  BOOST_TEST(why(lead.check_reads()) == "nobody leads"); // it knows nothing
  seat.lead(7);
  BOOST_TEST(why(lead.check()) == "");
  seat.lose();
  lead.heard({{}, ""});
  BOOST_TEST(why(lead.check_reads()) == "");
  seat.lose("n2 5");
  lead.heard({{}, "n2 5"});
  BOOST_TEST(why(lead.check_reads()) == "n2 leads");
}

BOOST_AUTO_TEST_SUITE_END()
