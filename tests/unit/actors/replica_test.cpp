// A node's last view as bytes, and when they are written.
#include "actors/functions/replica.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

const node_name me{"edge-1"};

struct memory_replica final : replica_store {
  result<std::optional<std::string>> load() override { return kept; }
  result<void> save(std::string_view bytes) override {
    ++writes;
    if (fail)
      return *fail;
    kept = std::string{bytes};
    return {};
  }
  std::optional<std::string> kept;
  std::optional<error> fail;
  int writes = 0;
};

replica with(uint64_t number, uint32_t f, uint32_t other = 1) {
  auto view = std::make_shared<cluster_view>();
  view->at = {"h", number};
  for (const auto& [name, version] :
       {std::pair{"f", f}, std::pair{"other", other}}) {
    assigned_version one;
    one.version = {function_name{name}, version};
    one.spec.name = one.version.function;
    one.spec.petrel.artifact = "f.so";
    one.bundle.bytes[0] = static_cast<uint8_t>(version);
    one.traffic = true;
    one.weight = 90;
    one.aliases = {"prod"};
    one.nodes = {node_name{"cloud-1"}};
    if (name == std::string{"f"})
      one.nodes.insert(me);
    view->versions.push_back(one);
  }
  return {view, {}};
}

node_record self() {
  node_record made;
  made.name = me;
  made.tier = "edge";
  return made;
}

struct world {
  memory_replica store;
  std::vector<std::string> log;
  replica_writer writer{&store, me,
                        [this](std::string line) { log.push_back(line); }};
  time_point now = time_point{} + 1h;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(replica_test, world)

BOOST_AUTO_TEST_CASE(what_is_packed_comes_back) {
  auto before = with(7, 3);
  before.kept = {function_name{"other"}};
  const auto after = unpack(pack(before), self());
  BOOST_REQUIRE(after);
  BOOST_TEST((after->view->at == revision{"h", 7}));
  BOOST_TEST((after->kept == before.kept));
  BOOST_REQUIRE_EQUAL(after->view->versions.size(), 2u);
  const auto& f = after->view->versions[0];
  const auto& was = before.view->versions[0];
  BOOST_TEST((f.version == was.version));
  BOOST_TEST((f.bundle == was.bundle));
  BOOST_TEST((f.nodes == was.nodes));
  BOOST_TEST((f.aliases == was.aliases));
  BOOST_TEST(f.traffic);
  BOOST_TEST(f.weight == 90u);
  BOOST_REQUIRE_EQUAL(after->view->nodes.size(), 1u);
  BOOST_TEST(after->view->nodes[0].connected);
  BOOST_TEST(after->view->placements.empty());
}

BOOST_AUTO_TEST_CASE(any_cut_of_the_bytes_is_noticed) {
  const auto bytes = pack(with(7, 3));
  for (size_t size = 0; size < bytes.size(); ++size)
    BOOST_TEST(!unpack(std::string_view{bytes}.substr(0, size), self()));
  BOOST_TEST(!unpack(bytes + "x", self()));
  BOOST_TEST(!unpack(std::string(100, '\xff'), self()));
}

BOOST_AUTO_TEST_CASE(what_runs_here_is_written_at_once) {
  writer.take(with(1, 1), now);
  BOOST_TEST(store.writes == 1);
  writer.take(with(2, 2), now);
  BOOST_TEST(store.writes == 2);
  BOOST_TEST(unpack(*store.kept, self())->view->at.number == 2u);
  writer.take(with(2, 2), now + 1min); // nothing has changed
  BOOST_TEST(store.writes == 2);
}

BOOST_AUTO_TEST_CASE(asked_for_instances_are_written_at_once) {
  writer.take(with(1, 3), now);
  auto asked = with(2, 3);
  auto view = std::make_shared<cluster_view>(*asked.view);
  view->versions[0].scale = scale_rule{0, 2};
  asked.view = view;
  writer.take(asked, now);
  BOOST_TEST(store.writes == 2);
  const auto back = unpack(*store.kept, self());
  BOOST_REQUIRE(back);
  BOOST_TEST((back->view->versions[0].scale == scale_rule{0, 2}));
}

BOOST_AUTO_TEST_CASE(what_others_run_waits_for_its_time) {
  writer.take(with(1, 1), now);
  writer.take(with(2, 1, 2), now + 1s);
  writer.take(with(3, 1, 3), now + 2s);
  BOOST_TEST(store.writes == 1);
  BOOST_REQUIRE(writer.due());
  writer.tick(*writer.due() - 1ms);
  BOOST_TEST(store.writes == 1);
  writer.tick(*writer.due());
  BOOST_TEST(store.writes == 2);
  BOOST_TEST(!writer.due());
  BOOST_TEST(unpack(*store.kept, self())->view->at.number == 3u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_once_and_tried_again) {
  store.fail = error{errc::storage_full, "no room", ""};
  writer.take(with(1, 1), now);
  BOOST_REQUIRE(writer.due());
  writer.tick(*writer.due());
  BOOST_TEST(store.writes == 2);
  BOOST_REQUIRE_EQUAL(log.size(), 1u);
  BOOST_TEST(log[0].find("no room") != std::string::npos);
  store.fail.reset();
  writer.tick(*writer.due());
  BOOST_TEST(store.writes == 3);
  BOOST_TEST(!writer.due());
  BOOST_TEST(bool(store.kept));
}

BOOST_AUTO_TEST_CASE(without_a_store_nothing_is_kept) {
  replica_writer none{nullptr, me, nullptr};
  none.take(with(1, 1), now);
  BOOST_TEST(!none.due());
}

BOOST_AUTO_TEST_SUITE_END()
