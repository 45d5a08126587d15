#include "libfaas/decisions/segment_reader.hpp"
#include "registry/decisions/decision_log.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/unit/decisions/builders.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <thread>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
using decisions::batch;
using decisions::record;

namespace {

struct world {
  scratch_folder folder{memory_folder()};
  system_clock_source clock;
  random_source random{1};
  decisions::context_ptr of = faas::test::three_sites();
  std::atomic<int> warnings{0};

  decision_log_options options(uint64_t max_bytes = 1 << 20) {
    decision_log_options made;
    made.folder = folder / "decisions";
    made.max_bytes = max_bytes;
    made.node = "edge-1";
    made.software = "0.1.0";
    made.clock = &clock;
    made.warn = [this](std::string) { ++warnings; };
    return made;
  }

  /// That many new decisions in one batch.
  batch some(size_t count) {
    batch made;
    for (size_t i = 0; i < count; ++i) {
      last = faas::test::usual(random, of, ++at_us);
      made.add(last, of, last.sites);
    }
    return made;
  }

  int64_t at_us = 1'700'000'000'000'000;
  record last;
};

double value(const decision_log& log, const std::string& name) {
  for (const auto& family : log.collect())
    if (family.name == name)
      return family.samples.at(0).value;
  return -1;
}

uint64_t on_disk(const std::filesystem::path& folder) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator{folder})
    bytes += file.file_size();
  return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(decision_log_test)

BOOST_AUTO_TEST_CASE(a_decision_is_found_in_memory) {
  world w;
  decision_log log{w.options()};
  log.take(w.some(10));
  const auto wanted = w.last;
  log.take(w.some(10));
  const auto found = log.find(wanted.id);
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].at_us == wanted.at_us);
  BOOST_TEST(found[0].of->function == "resize");
  BOOST_TEST(log.find(call_id{1, 2}).empty());
  const auto newest = log.newest("resize", 3);
  BOOST_REQUIRE(newest.size() == 3u);
  BOOST_TEST((newest[0].id == w.last.id));
  BOOST_TEST(log.newest("other", 3).empty());
  BOOST_TEST(log.newest("", 100).size() == 20u);
}

BOOST_AUTO_TEST_CASE(a_decision_is_found_after_a_restart) {
  world w;
  record first, second;
  {
    decision_log log{w.options()};
    log.take(w.some(5));
    first = w.last;
  }
  {
    decision_log log{w.options()};
    log.take(w.some(5));
    second = w.last;
  }
  decision_log log{w.options()};
  BOOST_TEST(log.find(first.id).size() == 1u);
  BOOST_TEST(log.find(second.id).size() == 1u);
  BOOST_TEST(log.segments().size() == 2u);
  const auto newest = log.newest("", 99);
  BOOST_REQUIRE(newest.size() == 10u);
  BOOST_TEST((newest[0].id == second.id));
  BOOST_TEST((newest[5].id == first.id));
}

BOOST_AUTO_TEST_CASE(memory_stays_bounded_over_a_restart) {
  world w;
  {
    decision_log log{w.options()};
    log.take(w.some(500));
  }
  auto options = w.options();
  options.in_memory = 20;
  decision_log log{options};
  const auto newest = log.newest("", 1000);
  BOOST_REQUIRE(newest.size() == 20u);
  BOOST_TEST((newest[0].id == w.last.id));
}

BOOST_AUTO_TEST_CASE(all_attempts_are_found_in_order) {
  world w;
  decision_log log{w.options()};
  auto made = w.some(1);
  auto& first = made.items[0].what;
  first.went_on = true;
  auto again = first;
  again.attempt = 2;
  again.at_us += 10;
  again.went_on = false;
  made.add(again, w.of, w.last.sites);
  const auto id = again.id;
  log.take(std::move(made));
  const auto found = log.find(id);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(int{found[0].attempt} == 1);
  BOOST_TEST(int{found[1].attempt} == 2);
}

BOOST_AUTO_TEST_CASE(a_torn_tail_hides_nothing_else) {
  world w;
  record first, second;
  {
    decision_log log{w.options()};
    log.take(w.some(5));
    first = w.last;
    log.settle();
    log.take(w.some(5));
    second = w.last;
  }
  const auto file = w.folder / "decisions/00000001.dlog";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  decision_log log{w.options()};
  BOOST_TEST(log.find(first.id).size() == 1u);
  BOOST_TEST(log.find(second.id).empty());
  log.take(w.some(5)); // to a file of its own
  BOOST_TEST(log.find(w.last.id).size() == 1u);
  log.settle();
  BOOST_TEST(log.segments().size() == 2u);
}

BOOST_AUTO_TEST_CASE(files_stay_within_their_bound) {
  world w;
  constexpr uint64_t bound = 1 << 20;
  record first;
  {
    auto options = w.options(bound);
    options.in_memory = 10;
    decision_log log{options};
    log.take(w.some(1));
    first = w.last;
    for (int i = 0; i < 60; ++i) { // 3.6 MB in all
      log.take(w.some(1000));
      log.settle();
      BOOST_REQUIRE(on_disk(options.folder) <= bound);
    }
    BOOST_TEST(log.status().bytes == on_disk(options.folder));
    BOOST_TEST(log.status().bytes > bound / 2);
    BOOST_TEST(log.find(first.id).empty());
    BOOST_TEST(log.find(w.last.id).size() == 1u);
  }
  auto less = w.options(bound / 2);
  decision_log log{less};
  log.take(w.some(1));
  log.settle();
  BOOST_TEST(on_disk(less.folder) <= bound / 2);
}

BOOST_AUTO_TEST_CASE(files_can_be_read_as_one_log) {
  world w;
  decision_log log{w.options()};
  for (int i = 0; i < 8; ++i) {
    log.take(w.some(500));
    log.settle();
  }
  std::string whole;
  for (const auto& one : log.segments()) {
    const auto bytes = log.segment(one.number);
    BOOST_REQUIRE(bytes);
    BOOST_TEST(bytes->size() == one.bytes);
    whole += *bytes;
  }
  BOOST_TEST(log.segments().size() > 2u);
  const auto facts
    = decisions::read_log(whole, [](const record&) { return true; });
  BOOST_REQUIRE(facts);
  BOOST_TEST(facts->records == 4000u);
  BOOST_TEST(facts->whole());
  BOOST_TEST((log.segment(99).error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_full_disk_turns_the_files_off_once) {
  world w;
  decision_log log{w.options()};
  log.take(w.some(1));
  const auto before = w.last;
  log.settle();
  {
    const file_size_limit full{1024};
    for (int i = 0; i < 3; ++i) {
      log.take(w.some(1000));
      log.settle();
    }
  }
  BOOST_TEST(w.warnings == 1);
  BOOST_TEST(!log.status().off.empty());
  BOOST_TEST(value(log, "petrel_decision_log_writing") == 0);
  BOOST_TEST(value(log, "petrel_decision_log_unwritten_total") >= 2000);
  BOOST_TEST(log.find(w.last.id).size() == 1u); // in memory they go on
  const auto bytes = log.segment(1);
  BOOST_REQUIRE(bytes);
  uint64_t whole = 0;
  const auto facts = decisions::read_log(*bytes, [&](const record& one) {
    whole += one.id == before.id;
    return true;
  });
  BOOST_TEST(facts->whole()); // what did not fit was cut off again
  BOOST_TEST(whole == 1u);
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_harms_nothing) {
  world w;
  write_file(w.folder / "decisions", "a file is in the way");
  decision_log log{w.options()};
  BOOST_TEST(w.warnings == 1);
  log.take(w.some(3));
  BOOST_TEST(log.find(w.last.id).size() == 1u);
}

BOOST_AUTO_TEST_CASE(strange_files_are_left_alone) {
  world w;
  write_file(w.folder / "decisions/notes.txt", "mine");
  write_file(w.folder / "decisions/00000007.dlog", "no log at all");
  decision_log log{w.options()};
  log.take(w.some(1));
  BOOST_TEST(log.find(w.last.id).size() == 1u);
  BOOST_TEST(log.find(call_id{1, 1}).empty());
  BOOST_TEST(read_file(w.folder / "decisions/notes.txt") == "mine");
  BOOST_TEST(log.segments().back().number == 8u);
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_is_counted) {
  world w;
  auto options = w.options();
  options.max_waiting = 10;
  decision_log log{options};
  auto lost = w.some(1);
  lost.dropped = 4;
  log.take(std::move(lost));
  log.settle();
  log.take(w.some(11)); // never fits
  BOOST_TEST(value(log, "petrel_decision_log_dropped_total") == 15);
  BOOST_TEST(value(log, "petrel_decision_log_records_total") == 1);
}

BOOST_AUTO_TEST_CASE(loops_and_people_use_it_at_once) {
  world w;
  auto options = w.options();
  options.in_memory = 100;
  decision_log log{options};
  std::vector<std::thread> loops;
  for (uint64_t loop = 0; loop < 3; ++loop)
    loops.emplace_back([&, loop] {
      random_source random{loop};
      for (int i = 0; i < 50; ++i) {
        batch made;
        for (int k = 0; k < 20; ++k) {
          const auto one = faas::test::usual(random, w.of);
          made.add(one, w.of, one.sites);
        }
        log.take(std::move(made));
      }
    });
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(log.newest("", 1000).size() <= 100u);
    log.find(call_id{1, 1});
    log.collect();
  }
  for (auto& loop : loops)
    loop.join();
  log.settle();
  BOOST_TEST(log.status().records + log.status().dropped == 3000u);
}

BOOST_AUTO_TEST_CASE(without_files_decisions_are_in_memory) {
  world w;
  decision_log log{w.options(0)};
  log.take(w.some(1));
  BOOST_TEST(log.find(w.last.id).size() == 1u);
  BOOST_TEST(w.warnings == 0);
  BOOST_TEST(!std::filesystem::exists(w.folder / "decisions"));
}

BOOST_AUTO_TEST_SUITE_END()
