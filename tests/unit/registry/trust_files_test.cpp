// Ledger and list of revoked certificates on the disk.
#include "registry/trust/folder_trust_store.hpp"
#include "registry/trust/identity_files.hpp"

#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
using trust::taken_back;

namespace {

void write_private(const std::filesystem::path& file, const std::string& text) {
  std::ofstream{file} << text;
  std::filesystem::permissions(file, std::filesystem::perms{0600});
}

} // namespace

BOOST_AUTO_TEST_SUITE(trust_files_test)

BOOST_AUTO_TEST_CASE(what_was_revoked_is_there_after_a_restart) {
  const scratch_folder folder;
  const identity_files files{folder / "trust"};
  BOOST_TEST(files.load_revoked()->empty());
  const trust::taken_serials taken{{"0a", taken_back::revoked},
                                   {"0b", taken_back::removed}};
  BOOST_REQUIRE(files.save_revoked(taken));
  BOOST_TEST((*identity_files{folder / "trust"}.load_revoked() == taken));
}

BOOST_AUTO_TEST_CASE(a_damaged_list_is_no_empty_list) {
  const scratch_folder folder;
  const identity_files files{folder / "trust"};
  BOOST_REQUIRE(files.save_revoked({}));
  for (const auto* text : {"", "[]", R"({"version":1})",
                           R"({"version":1,"serials":{"0a":7}})"}) {
    write_private(folder / "trust/revoked.json", text);
    const auto loaded = files.load_revoked();
    BOOST_REQUIRE_MESSAGE(!loaded, text);
    BOOST_TEST(loaded.error().message.find("revoked.json")
               != std::string::npos);
    BOOST_TEST(!loaded.error().next_step.empty());
  }
}

BOOST_AUTO_TEST_CASE(duties_and_removals_are_there_after_a_restart) {
  const scratch_folder folder;
  trust::ledger before;
  {
    auto store = folder_trust_store::open(folder / "trust");
    BOOST_REQUIRE(store);
    BOOST_REQUIRE((*store)->change([](trust::ledger& book) -> result<void> {
      book.certificates.push_back({"0a", node_name{"edge-1"}, {}, {}, false,
                                   "PEM", false});
      if (auto kept = book.keep(node_name{"edge-2"},
                                {node_duty::draining,
                                 {{function_name{"f"}, 3},
                                  {function_name{"g"}, 1}}});
          !kept)
        return kept;
      return book.remove(node_name{"edge-1"});
    }));
    before = (*store)->read();
  }
  auto store = folder_trust_store::open(folder / "trust");
  BOOST_REQUIRE(store);
  BOOST_TEST(((*store)->read() == before));
  BOOST_TEST(((*store)->read().revoked()
              == trust::taken_serials{{"0a", taken_back::removed}}));
}

BOOST_AUTO_TEST_CASE(a_ledger_of_an_earlier_version_is_read) {
  const scratch_folder folder;
  std::filesystem::create_directory(folder / "trust");
  write_private(folder / "trust/ledger.json",
                R"({"version":1,"tokens":[],"certificates":[{"serial":"0a",)"
                R"("node":"edge-1","key_sha256":")"
                  + digest{}.hex()
                  + R"(","expires":7,"revoked":true,"pem":"P"}]})");
  auto store = folder_trust_store::open(folder / "trust");
  BOOST_REQUIRE(store);
  BOOST_TEST((*store)->read().nodes.empty());
  BOOST_TEST(((*store)->read().revoked()
              == trust::taken_serials{{"0a", taken_back::revoked}}));
}

BOOST_AUTO_TEST_SUITE_END()
