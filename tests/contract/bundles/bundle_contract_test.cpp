// Every bundle store, the fake included, keeps the same promises.
#include "bundle_contract.hpp"

#include "registry/bundles/folder_bundle_store.hpp"
#include "tests/support/memory_bundle_store.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace faas;
using namespace faas::testing;

namespace {

/// Runs the check on a fresh store of each kind.
template <class Check>
void on_each(Check check) {
  BOOST_TEST_CONTEXT("in a folder") {
    const scratch_folder folder{memory_folder()};
    registry::folder_bundle_options options;
    options.root = folder / "bundles";
    auto store = registry::folder_bundle_store::open(options);
    BOOST_REQUIRE(store);
    check(**store);
  }
  BOOST_TEST_CONTEXT("in memory") {
    memory_bundle_store store;
    store.hash = registry::digest_of;
    check(store);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(bundle_contract_test)

  BOOST_AUTO_TEST_CASE(what_was_uploaded_is_there_and_nothing_before) {
    on_each(check_whole_uploads);
  }

  BOOST_AUTO_TEST_CASE(wrong_bytes_are_never_kept) {
    on_each(check_wrong_bytes);
  }

  BOOST_AUTO_TEST_CASE(an_upload_in_parts_goes_on_where_it_stopped) {
    on_each(check_parts);
  }

  BOOST_AUTO_TEST_SUITE_END()
