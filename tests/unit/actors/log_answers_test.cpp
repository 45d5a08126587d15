// Log lines of other nodes, put together.
#include "actors/link/log_answers.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

const node_name a{"a"}, b{"b"};
const function_name f{"f"};

log_line line(const node_name& node, uint64_t sequence, int second,
              std::string text = "x") {
  log_line made;
  made.at = wall_time{std::chrono::seconds{second}};
  made.function = f;
  made.version = 3;
  made.instance = node.str();
  made.call = "call-" + std::to_string(sequence);
  made.text = std::move(text);
  made.sequence = sequence;
  return made;
}

struct world {
  std::vector<std::vector<log_line>> got;
  node_rounds rounds{node_rounds::logs}; ///< what is open at its end is dropped
  time_point now = time_point{} + 1h;

  uint64_t ask(std::set<node_name> to, int64_t tail = -1,
               std::vector<log_line> own = {}) {
    return rounds.begin(std::move(to), now,
                        [this, tail, own](const auto& answers) {
                          got.push_back(merged(own, tail, answers));
                        });
  }
  bool asks(const node_name& node, duration later = {}) {
    return !rounds.worth_asking({node}, now + later).empty();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(log_answers_test, world)

BOOST_AUTO_TEST_CASE(a_question_and_its_answer_travel) {
  log_query query;
  query.function = f;
  query.tail = 7;
  query.since = wall_time{5s};
  query.seen["a"] = {9, wall_time{8s}};
  const auto read = query_of(log_request(query));
  BOOST_REQUIRE(read);
  BOOST_TEST((read->function == f));
  BOOST_TEST(read->tail == 7);
  BOOST_TEST((read->since == query.since));
  BOOST_TEST(read->seen.at("a").sequence == 9u);
  BOOST_TEST((read->seen.at("a").at == wall_time{8s}));
  const auto reply = log_reply(12, {line(a, 1, 1), line(a, 2, 2, "\xff\n")});
  BOOST_TEST(reply.id == 12u);
  const auto lines = lines_of({b, reply.payload});
  BOOST_REQUIRE_EQUAL(lines.size(), 2u);
  BOOST_TEST(lines[0].instance == "b"); // who sent it, not what it says
  BOOST_TEST(lines[0].call == "call-1");
  BOOST_TEST(lines[0].version == 3u);
  BOOST_TEST((lines[1].at == wall_time{2s}));
  BOOST_TEST(lines[1].sequence == 2u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_left_out) {
  wire::admin_request request;
  for (const auto* bad : {"", "[]", "{", "{}", R"({"function":7})",
                          R"({"function":"f","seen":{"a":1}})"}) {
    request.kind = logs_kind;
    request.payload = bad;
    BOOST_TEST(!query_of(request), bad);
  }
  request.payload = R"({"function":"f"})";
  BOOST_TEST(bool(query_of(request)));
  request.kind = "keep-bundle";
  BOOST_TEST(!query_of(request));
  wire::admin_reply reply;
  reply.payload = "\n{\n[]\n{\"at\":1}\n{\"at\":1,\"f\":\"f\",\"n\":2}";
  BOOST_TEST(lines_of({a, reply.payload}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_is_bounded_and_has_the_newest) {
  std::vector<log_line> many;
  for (int i = 1; i <= 1000; ++i)
    many.push_back(line(a, static_cast<uint64_t>(i), i, std::string(8000, 'x')));
  const auto reply = log_reply(1, many);
  BOOST_TEST(reply.payload.size() <= log_answer_bytes);
  const auto lines = lines_of({a, reply.payload});
  BOOST_TEST(lines.size() > 20u);
  BOOST_TEST(lines.back().sequence == 1000u);
}

BOOST_AUTO_TEST_CASE(lines_of_all_nodes_by_time_the_last_of_them) {
  const auto id = ask({a, b}, 3, {line(node_name{"me"}, 1, 4)});
  BOOST_TEST(rounds.is_mine(id));
  BOOST_TEST(!rounds.is_mine(7));
  rounds.answered(a, log_reply(id, {line(a, 1, 1), line(a, 2, 5)}));
  rounds.answered(a, log_reply(id, {line(a, 1, 1)})); // twice
  BOOST_TEST(got.empty());
  rounds.answered(b, log_reply(id, {line(b, 1, 3)}));
  BOOST_REQUIRE_EQUAL(got.size(), 1u);
  BOOST_REQUIRE_EQUAL(got[0].size(), 3u);
  BOOST_TEST(got[0][0].instance == "b");
  BOOST_TEST(got[0][1].instance == "me");
  BOOST_TEST(got[0][2].instance == "a");
  rounds.answered(b, log_reply(id, {line(b, 2, 9)})); // nobody waits
  BOOST_TEST(got.size() == 1u);
}

BOOST_AUTO_TEST_CASE(alone_it_is_answered_at_once) {
  ask({}, -1, {line(a, 1, 1)});
  BOOST_REQUIRE_EQUAL(got.size(), 1u);
  BOOST_TEST(got[0].size() == 1u);
}

BOOST_AUTO_TEST_CASE(one_that_is_silent_or_leaves_holds_nobody_up) {
  const auto id = ask({a, b});
  rounds.left(a);
  now += node_rounds::patience;
  rounds.expire(now - 1ms);
  BOOST_TEST(got.empty());
  rounds.expire(now);
  BOOST_TEST(got.size() == 1u);
  BOOST_TEST(asks(a));
  BOOST_TEST(!asks(b)); // for a while
  BOOST_TEST(asks(b, node_rounds::rest));
  rounds.answered(b, log_reply(id, {})); // late
  BOOST_TEST(got.size() == 1u);
  rounds.left(b);
  BOOST_TEST(asks(b)); // it comes back as another process
}

BOOST_AUTO_TEST_CASE(too_many_questions_end_the_oldest) {
  for (size_t i = 0; i <= node_rounds::max_open; ++i)
    ask({a});
  BOOST_TEST(got.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
