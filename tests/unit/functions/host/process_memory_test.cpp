#include "functions/host/process_memory.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace faas;
using namespace faas::host;

namespace {

/// A /proc of the test's own.
struct proc_fixture {
  testing::scratch_folder root;

  void process(pid_t pid, uint64_t pss_kib, uint64_t pages,
               const std::string& children = {}) {
    const auto folder = root.path() / std::to_string(pid);
    const auto task = folder / "task" / std::to_string(pid);
    std::filesystem::create_directories(task);
    std::ofstream{task / "children"} << children;
    std::ofstream{folder / "statm"} << "9999 " << pages << " 1 1 0 1 0\n";
    if (pss_kib > 0)
      std::ofstream{folder / "smaps_rollup"}
        << "5581-7ffe ---p 00000000 00:00 0 [rollup]\nRss:  9000 kB\nPss:  "
        << pss_kib << " kB\nPss_Anon:  1 kB\n";
  }
  memory_use of(const std::vector<pid_t>& pids) {
    return memory_of(pids, root.path().c_str());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(process_memory_test, proc_fixture)

  BOOST_AUTO_TEST_CASE(processes_and_what_they_started_count_once) {
    process(10, 100, 1, "11 12 ");
    process(11, 20, 1, "10 "); // no end
    process(12, 3, 1);
    const auto use = of({10, 12, 99}); // 99 has ended
    BOOST_TEST(use.bytes == 123u * 1024);
    BOOST_TEST(use.processes == 3u);
    BOOST_TEST(use.proportional);
    BOOST_TEST(of({}).processes == 0u);
    BOOST_TEST(of({99}).bytes == 0u);
  }

  BOOST_AUTO_TEST_CASE(what_is_resident_where_the_kernel_tells_no_more) {
    process(10, 0, 7);
    const auto use = of({10});
    BOOST_TEST(use.bytes
               == 7u * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
    BOOST_TEST(!use.proportional);
  }

  BOOST_AUTO_TEST_CASE(this_process_has_some) {
    const auto use = memory_of({::getpid()});
    BOOST_TEST(use.processes >= 1u);
    BOOST_TEST(use.bytes > 100u * 1024);
  }

  BOOST_AUTO_TEST_CASE(numbers_of_a_fact) {
    BOOST_TEST((pids_in("12 345") == std::vector<pid_t>{12, 345}));
    BOOST_TEST((pids_in("7\n8 ") == std::vector<pid_t>{7, 8}));
    for (const auto* none : {"", "none", "-3", "0", "12x", "99999999999"})
      BOOST_TEST(pids_in(none).empty(), none);
  }

  BOOST_AUTO_TEST_SUITE_END()
