#include "functions/sandbox/plan.hpp"

#include "functions/sandbox/filter.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>
#include <set>

using namespace faas;
using namespace faas::sandbox;

namespace {

bool refused(const plan& what) {
  auto checked = check(what);
  return !checked && checked.error().code == errc::invalid_argument
         && !checked.error().next_step.empty();
}

plan with_bundle(const std::filesystem::path& path) {
  plan made;
  made.bundle = path;
  return made;
}

size_t place(const std::vector<std::string>& mounts, const std::string& entry) {
  const auto found = std::find(mounts.begin(), mounts.end(), entry);
  BOOST_TEST_CONTEXT(entry)
  BOOST_REQUIRE((found != mounts.end()));
  return static_cast<size_t>(found - mounts.begin());
}

} // namespace

BOOST_AUTO_TEST_SUITE(plan_test)

  BOOST_AUTO_TEST_CASE(plans_with_paths_that_no_worker_may_have_are_refused) {
    BOOST_TEST(bool(check({})));
    BOOST_TEST(bool(check(with_bundle("/data/bundles/abc"))));
    BOOST_TEST(bool(check(with_bundle("/tmp/bundle"))));
    for (const char* path :
         {"relative", "/", "/proc", "/proc/1", "/sys/fs/cgroup", "/tmp", "/tmp/",
          "/a/../tmp", "/dev/shm", "/etc"})
      BOOST_TEST(refused(with_bundle(path)));
    BOOST_TEST(refused(with_bundle(std::string("/a\0b", 4))));
  }

  BOOST_AUTO_TEST_CASE(plans_with_limits_that_make_no_sense_are_refused) {
    plan what;
    what.cpus = -1;
    BOOST_TEST(refused(what));
    what.cpus = std::numeric_limits<double>::quiet_NaN();
    BOOST_TEST(refused(what));
    what = {};
    what.processes = 0;
    BOOST_TEST(refused(what));
    what = {};
    what.open_files = 3;
    BOOST_TEST(refused(what));
  }

  BOOST_AUTO_TEST_CASE(folders_are_mounted_before_what_lies_in_them) {
    plan what;
    what.readable = {"/data/a/deep/er", "/data/a/"};
    what.writable = {"/data/a/deep"};
    order made;
    BOOST_REQUIRE(bool(apply(what, 0, made)));
    const auto outer = place(made.mounts, "r/data/a");
    const auto middle = place(made.mounts, "w/data/a/deep");
    const auto inner = place(made.mounts, "r/data/a/deep/er");
    BOOST_TEST(place(made.mounts, "s/usr") < outer);
    BOOST_TEST(outer < middle);
    BOOST_TEST(middle < inner);
  }

  BOOST_AUTO_TEST_CASE(names_of_servers_are_there_with_a_network_only) {
    const auto has = [](bool network) {
      plan what;
      what.network = network;
      order made;
      BOOST_REQUIRE(bool(apply(what, 0, made)));
      return std::count(made.mounts.begin(), made.mounts.end(),
                        "o/etc/resolv.conf");
    };
    BOOST_TEST(has(false) == 0);
    BOOST_TEST(has(true) == 1);
  }

  BOOST_AUTO_TEST_CASE(workers_get_users_of_their_own_where_the_node_may) {
    const char* all = "         0          0 4294967295\n";
    BOOST_TEST(first_outer_uid(0, all) == 0x70000000u);
    BOOST_TEST(first_outer_uid(1000, all) == 0u);
    BOOST_TEST(first_outer_uid(0, "0 100000 65536\n") == 0u); // a container
    BOOST_TEST(first_outer_uid(0, "") == 0u);
  }

  BOOST_AUTO_TEST_CASE(no_call_is_both_allowed_and_refused) {
    std::set<std::string> allowed;
    for (const char* name : allowed_calls())
      BOOST_TEST(allowed.insert(name).second);
    for (const char* name : refused_calls())
      BOOST_TEST(!allowed.contains(name));
    for (const char* name : {"clone3", "mount", "ptrace", "bpf", "unshare",
                             "io_uring_setup", "keyctl"})
      BOOST_TEST(!allowed.contains(name));
  }

  BOOST_AUTO_TEST_CASE(filters_are_whole_programs_that_the_kernel_takes) {
    auto made = make_filters();
    BOOST_REQUIRE(bool(made));
    for (const auto* one : {&made->calls, &made->arguments}) {
      BOOST_TEST(one->size() % 8 == 0u);
      BOOST_TEST(one->size() / 8 <= 4096u);
      BOOST_TEST(one->size() > 8u * 8);
    }
  }

BOOST_AUTO_TEST_SUITE_END()
