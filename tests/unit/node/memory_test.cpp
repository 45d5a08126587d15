#include "tools/faas-node/memory.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::testing;

namespace {

constexpr uint64_t mib = 1 << 20;

/// Files that look like those of a machine.
struct machine {
  scratch_folder root{memory_folder()};

  machine() {
    write("proc/meminfo", "MemTotal:        4096000 kB\nMemFree: 1 kB\n");
  }
  void write(const std::string& file, const std::string& text) {
    write_file(root / file, text);
  }
  uint64_t memory() const { return node::memory_here(root.path()); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(memory_test, machine)

  BOOST_AUTO_TEST_CASE(without_groups_it_is_the_machines) {
    BOOST_TEST(memory() == uint64_t{4096000} * 1024);
    write("proc/self/cgroup", "0::/a.slice/node.service\n");
    write("sys/fs/cgroup/a.slice/node.service/memory.max", "max\n");
    BOOST_TEST(memory() == uint64_t{4096000} * 1024);
  }

  BOOST_AUTO_TEST_CASE(the_least_bound_of_a_group_and_those_above_holds) {
    write("proc/self/cgroup", "0::/a.slice/node.service\n");
    write("sys/fs/cgroup/a.slice/node.service/memory.max", "1073741824\n");
    BOOST_TEST(memory() == 1024 * mib);
    write("sys/fs/cgroup/a.slice/memory.max", "536870912\n");
    BOOST_TEST(memory() == 512 * mib);
    write("sys/fs/cgroup/other.slice/memory.max", "1\n"); // not its own
    BOOST_TEST(memory() == 512 * mib);
  }

  BOOST_AUTO_TEST_CASE(groups_of_version_1_bound_it_too) {
    write("proc/self/cgroup",
          "5:cpu,cpuacct:/n\n4:cpuset,memory:/docker/x\n0::/n\n");
    write("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes",
          "9223372036854771712\n"); // version 1's word for none
    BOOST_TEST(memory() == uint64_t{4096000} * 1024);
    // A container may see its own group at the top of the mount.
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
    BOOST_TEST(memory() == 256 * mib);
  }

  BOOST_AUTO_TEST_CASE(a_machine_that_does_not_say_has_none_known) {
    write("proc/meminfo", "MemFree: 1 kB\n");
    BOOST_TEST(memory() == 0u);
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", "268435456\n");
    BOOST_TEST(memory() == 256 * mib);
  }

  BOOST_AUTO_TEST_CASE(this_machine_has_some) {
    BOOST_TEST(node::memory_here() > mib);
  }

  BOOST_AUTO_TEST_SUITE_END()
