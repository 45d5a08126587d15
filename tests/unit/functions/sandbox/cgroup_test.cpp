#include "functions/sandbox/cgroup.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

using namespace faas;
using namespace faas::sandbox;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

/// Folders that look like control groups.
struct world {
  scratch_folder folder;
  std::string root = folder.path().string();

  void group(const std::string& path) {
    write_file(root + path + "/cgroup.procs", "");
  }
  std::string mount(const std::string& where, const std::string& kind,
                    const std::string& options,
                    const std::string& from = "/") const {
    return "30 20 0:26 " + from + " " + root + where + " rw,relatime shared:9 - "
           + kind + " " + kind + " " + options + "\n";
  }
};

plan bounds() {
  plan made;
  made.memory_bytes = 1 << 20;
  made.processes = 10;
  made.cpus = 0.5;
  return made;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(cgroup_test, world)

  BOOST_AUTO_TEST_CASE(version_1_has_a_folder_per_controller) {
    group("/memory/node.service");
    group("/pids");
    const auto base = find_cgroup_base(
      "4:memory:/node.service\n8:pids:/\n1:cpu,cpuacct:/absent\n0::/\n",
      mount("/memory", "cgroup", "rw,memory")
        + mount("/pids", "cgroup", "rw,pids")
        + mount("/cpu", "cgroup", "rw,cpu,cpuacct"));
    BOOST_TEST(!base.unified);
    BOOST_TEST(base.memory.string() == root + "/memory/node.service");
    BOOST_TEST(base.processes.string() == root + "/pids");
    BOOST_TEST(base.cpu.empty());
    BOOST_TEST((base.reason.find("/cpu/absent") != std::string::npos));
  }

  BOOST_AUTO_TEST_CASE(a_group_below_the_root_of_its_mount_is_found) {
    group("/memory/inner");
    const auto line = mount("/memory", "cgroup", "rw,memory", "/docker/1");
    BOOST_TEST(find_cgroup_base("4:memory:/docker/1/inner\n", line).memory.string()
               == root + "/memory/inner");
    BOOST_TEST(
      find_cgroup_base("4:memory:/other\n", line).memory.empty());
  }

  BOOST_AUTO_TEST_CASE(version_2_uses_the_group_above_the_node) {
    group("/unified/petrel.service/node");
    group("/unified/petrel.service");
    write_file(root + "/unified/petrel.service/cgroup.subtree_control",
               "memory pids");
    const auto base
      = find_cgroup_base("0::/petrel.service/node\n",
                         mount("/unified", "cgroup2", "rw,nsdelegate"));
    BOOST_TEST(base.unified);
    BOOST_TEST(base.memory.string() == root + "/unified/petrel.service");
    BOOST_TEST(base.processes.string() == base.memory.string());
  }

  BOOST_AUTO_TEST_CASE(nothing_is_found_where_nothing_is) {
    const auto base = find_cgroup_base("", "");
    BOOST_TEST(base.memory.empty());
    BOOST_TEST(!base.reason.empty());
    for (const char* text : {":", "::", "x", "1:2", "\n\n", "0::/a"})
      BOOST_TEST(find_cgroup_base(text, text).memory.empty());
  }

  BOOST_AUTO_TEST_CASE(limits_are_written_in_the_words_of_each_version) {
    const auto words = [](const cgroup_base& base, const plan& what) {
      std::string text;
      for (const auto& [file, value] : cgroup_settings(base, what, "w"))
        text += file.string() + "=" + value + "\n";
      return text;
    };
    BOOST_TEST(words({"/m", "/p", "/c", false, ""}, bounds())
               == "/m/w/memory.limit_in_bytes=1048576\n"
                  "/p/w/pids.max=12\n"
                  "/c/w/cpu.cfs_quota_us=50000\n");
    BOOST_TEST(words({"/u", "/u", "/u", true, ""}, bounds())
               == "/u/w/memory.max=1048576\n"
                  "/u/w/pids.max=12\n"
                  "/u/w/cpu.max=50000 100000\n");
    BOOST_TEST(words({"/m", "", "/c", false, ""}, {}) == "");
    auto little = bounds();
    little.cpus = 1e-9; // the kernel takes 1 ms at least
    BOOST_TEST(words({"", "", "/c", false, ""}, little)
               == "/c/w/cpu.cfs_quota_us=1000\n");
  }

  BOOST_AUTO_TEST_CASE(a_group_that_cannot_be_set_up_is_removed) {
    const auto place = fs::path{root} / "m";
    fs::create_directory(place);
    // In a plain folder the kernel makes no files.
    auto missing = cgroup::make({place, "", "", false, ""}, bounds(), "w");
    BOOST_REQUIRE(!missing);
    BOOST_TEST((missing.error().code == errc::unavailable));
    BOOST_TEST(!fs::exists(place / "w"));
  }

  BOOST_AUTO_TEST_CASE(a_real_group_bounds_and_is_removed) {
    const auto base = find_cgroup_base();
    if (base.memory.empty() || base.processes.empty()) {
      BOOST_TEST_MESSAGE("skipped: " << base.reason);
      return;
    }
    const auto name = cgroup_name(::getpid(), 1);
    {
      auto made = cgroup::make(base, bounds(), name);
      BOOST_REQUIRE(bool(made));
      BOOST_TEST(made->bounds_memory());
      BOOST_TEST(!made->out_of_memory());
      BOOST_TEST(read_file(base.processes / name / "pids.max") == "12\n");
      if (!base.unified && !base.cpu.empty())
        BOOST_TEST(read_file(base.cpu / name / "cpu.cfs_quota_us")
                   == "50000\n");
      BOOST_TEST(!cgroup::make(base, bounds(), name)); // its name is taken
    }
    BOOST_TEST(!fs::exists(base.memory / name));
    BOOST_TEST(!fs::exists(base.processes / name));
  }

  BOOST_AUTO_TEST_CASE(groups_of_ended_nodes_are_swept) {
    const auto base = find_cgroup_base();
    if (base.processes.empty()) {
      BOOST_TEST_MESSAGE("skipped: " << base.reason);
      return;
    }
    const auto ended = ::fork(); // this test has one thread
    if (ended == 0)
      ::_exit(0);
    ::waitpid(ended, nullptr, 0);
    const auto left = base.processes / cgroup_name(ended, 1);
    const auto kept = base.processes / cgroup_name(::getpid(), 2);
    fs::create_directory(left);
    fs::create_directory(kept);
    sweep_cgroups(base);
    BOOST_TEST(!fs::exists(left));
    BOOST_TEST(fs::exists(kept));
    ::rmdir(kept.c_str());
  }

BOOST_AUTO_TEST_SUITE_END()
