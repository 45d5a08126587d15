#include "registry/replica/replica_file.hpp"

#include "tests/support/scratch_folder.hpp"
#include "tests/support/small_disk.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(replica_file_test)

BOOST_AUTO_TEST_CASE(the_last_bytes_come_back) {
  const scratch_folder folder;
  replica_file file{folder / "replica"};
  BOOST_TEST(!file.load()->has_value());
  for (const std::string bytes :
       {std::string{"one"}, std::string{}, std::string("\0\xff\n", 3)}) {
    BOOST_REQUIRE(file.save(bytes));
    BOOST_TEST((**replica_file{folder / "replica"}.load() == bytes));
  }
  BOOST_TEST((fs::status(folder / "replica").permissions()
              == fs::perms{0600}));
}

BOOST_AUTO_TEST_CASE(any_other_byte_and_any_cut_is_noticed) {
  const scratch_folder folder;
  replica_file file{folder / "replica"};
  BOOST_REQUIRE(file.save("assignments"));
  const auto good = bytes_of(folder / "replica");
  for (size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write_file(folder / "replica", bad);
    const auto loaded = file.load();
    BOOST_TEST(!loaded, "byte " << i);
    write_file(folder / "replica", good.substr(0, i));
    BOOST_TEST(!file.load(), "cut at " << i);
  }
  BOOST_REQUIRE(file.save("new"));
  BOOST_TEST((**file.load() == "new"));
}

BOOST_AUTO_TEST_CASE(a_draft_of_a_crash_is_no_replica_and_in_nobodys_way) {
  const scratch_folder folder;
  replica_file file{folder / "replica"};
  BOOST_REQUIRE(file.save("old"));
  write_file(folder / "replica.new", "half a");
  BOOST_TEST((**file.load() == "old"));
  BOOST_REQUIRE(file.save("new"));
  BOOST_TEST((**file.load() == "new"));
  BOOST_TEST(!fs::exists(folder / "replica.new"));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_gone_is_told) {
  const scratch_folder folder;
  replica_file file{folder / "absent/replica"};
  BOOST_TEST(!file.save("x"));
  BOOST_TEST(!file.load()->has_value());
}

BOOST_AUTO_TEST_SUITE_END()
