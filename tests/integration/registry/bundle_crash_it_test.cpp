// kill -9 at random points of a process that fills the bundle store.
#include "libfaas/core/random.hpp"
#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/bundles/sha256.hpp"
#include "tests/support/killed_child.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tar_builder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

/// Many, so that unpacking takes as long as the kill needs to come.
constexpr int files_each = 300;

std::string content_of(uint64_t number, int file) {
  random_source random{number * 1000 + static_cast<uint64_t>(file)};
  std::string bytes(400, '\0');
  for (auto& c : bytes)
    c = static_cast<char>(random.below(256));
  return bytes;
}

std::string bundle_of(uint64_t number) {
  tar_builder tar;
  for (int i = 0; i < files_each; ++i)
    tar.file("d" + std::to_string(i % 2) + "/f" + std::to_string(i),
             content_of(number, i));
  return zstd_packed(tar.tar(), 1);
}

void check_content(const fs::path& folder, uint64_t number) {
  for (int i = 0; i < files_each; ++i) {
    const auto file
      = folder / ("d" + std::to_string(i % 2)) / ("f" + std::to_string(i));
    BOOST_REQUIRE_MESSAGE(fs::exists(file), file);
    BOOST_TEST((read_file(file) == content_of(number, i)));
  }
}

/// Stores and unpacks bundles from `first` on; reports 2n when n is stored and
/// 2n + 1 when it is unpacked.
void store_for_ever(const fs::path& root, uint64_t first,
                    const killed_child::report& report) {
  const auto store = folder_bundle_store::open({root});
  for (auto number = first; store; ++number) {
    const auto bytes = bundle_of(number);
    const auto id = digest_of(bytes);
    auto upload = (*store)->begin(id);
    if (!upload)
      return;
    for (size_t at = 0; at < bytes.size(); at += 4096)
      if (!(*upload)->write(std::string_view{bytes}.substr(at, 4096)))
        return;
    if (!(*upload)->commit())
      return;
    report(2 * number);
    if (!(*store)->unpack(id))
      return;
    report(2 * number + 1);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(bundle_crash_it_test)

  BOOST_AUTO_TEST_CASE(bundles_are_there_wholly_or_not_at_all_after_kill_9) {
    const scratch_folder folder;
    const auto root = folder / "bundles";
    uint64_t first = 1, checked = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        killed_child child{
          [&](auto& report) { store_for_ever(root, first, report); }};
        uint64_t last = 2 * first - 1; // the last report
        for (auto wait = random.below(6); wait > 0; --wait)
          if (const auto number = child.next())
            last = *number;
        if (seed % 2 == 0) // just when a bundle is stored and being unpacked
          do {
            const auto number = child.next();
            BOOST_REQUIRE(number);
            last = *number;
          } while (last % 2 != 0);
        // Nothing waits for this pause: it only moves the point of the kill.
        ::poll(nullptr, 0, static_cast<int>(random.below(seed % 2 ? 8 : 3)));
        BOOST_REQUIRE(child.kill());
        while (const auto number = child.next())
          last = *number;

        auto store = folder_bundle_store::open({root});
        BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
        BOOST_TEST(fs::is_empty(root / "incoming"));
        BOOST_TEST(fs::is_empty(root / "unpacking"));
        // One more than was reported may have been in work.
        for (auto number = first; number <= last / 2 + 1; ++number) {
          const auto bytes = bundle_of(number);
          const auto id = digest_of(bytes);
          const bool must_be_there = 2 * number <= last;
          BOOST_TEST(((*store)->has(id) || !must_be_there));
          const auto unpacked = root / "unpacked" / id.hex();
          if (2 * number + 1 <= last)
            BOOST_TEST(fs::exists(unpacked));
          if (fs::exists(unpacked))
            check_content(unpacked, number);
          if (!(*store)->has(id))
            continue;
          BOOST_TEST((*(*store)->read(id, 0, bytes.size()) == bytes));
          const auto at = (*store)->unpack(id);
          BOOST_REQUIRE_MESSAGE(at, (at ? "" : at.error().to_string()));
          check_content(*at, number);
          ++checked;
        }
        first = last / 2 + 1;
      }
    }
    BOOST_TEST_MESSAGE(checked << " bundles checked");
    BOOST_TEST(checked >= 20);
  }

  BOOST_AUTO_TEST_SUITE_END()
