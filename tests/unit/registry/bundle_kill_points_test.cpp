// A bundle store stopped at every single operation on the disk, with unsynced
// names and bytes kept, lost, torn or zeroed, against a model of what was
// acknowledged.
#include "libfaas/core/random.hpp"
#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/bundles/sha256.hpp"
#include "tests/support/faulty_disk.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tar_builder.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;
using loss = faulty_disk::loss;

namespace {

struct sample {
  std::string bytes;
  digest id;
};

sample make_sample(uint64_t seed) {
  random_source random{seed};
  std::string noise(3000, '\0');
  for (auto& c : noise)
    c = static_cast<char>(random.below(256));
  sample made;
  made.bytes = zstd_packed(
    tar_builder{}.file("lib/f.so", noise).file("a", "small").tar());
  made.id = digest_of(made.bytes);
  return made;
}

/// What the caller was told, and what was under way when the disk stopped.
struct told {
  std::map<digest, uint64_t> offset;  ///< acknowledged bytes of an upload
  std::set<digest> sent;              ///< something of it was sent
  std::set<digest> stored, removed;   ///< acknowledged
  std::set<digest> removing;          ///< begun
};

constexpr size_t chunks = 3;

struct scenario {
  sample whole = make_sample(1), chunked = make_sample(2), old = make_sample(3);
  told now;

  bool put_whole(bundle_store& store, const sample& one) {
    now.sent.insert(one.id);
    auto upload = store.begin(one.id);
    if (!upload || !(*upload)->write(one.bytes) || !(*upload)->commit())
      return false;
    now.stored.insert(one.id);
    return true;
  }
  bool put_chunks(bundle_store& store, const sample& one) {
    now.sent.insert(one.id);
    const auto total = one.bytes.size();
    while (now.offset[one.id] < total) {
      const auto at = now.offset[one.id];
      auto upload = store.resume(one.id, at, total);
      if (!upload)
        return false;
      const auto size = std::min(total - at, total / chunks + 1);
      if (!(*upload)->write(std::string_view{one.bytes}.substr(at, size))
          || !(*upload)->checkpoint())
        return false;
      now.offset[one.id] = at + size;
      if (at + size == total && !(*upload)->commit())
        return false;
    }
    now.stored.insert(one.id);
    return true;
  }
  bool remove(bundle_store& store, const sample& one) {
    now.removing.insert(one.id);
    if (!store.remove(one.id))
      return false;
    now.removed.insert(one.id);
    return true;
  }
  /// A start, uploads both ways, an unpacked copy, a collection.
  void play(const std::shared_ptr<faulty_disk>& disk, const fs::path& root) {
    folder_bundle_options options;
    options.root = root;
    options.disk = disk;
    auto store = folder_bundle_store::open(options);
    if (!store || !put_whole(**store, old) || !put_chunks(**store, chunked)
        || !(*store)->unpack(old.id) || !put_whole(**store, whole))
      return;
    (void) remove(**store, old);
  }
};

void check_one(folder_bundle_store& store, const sample& one, const told& was) {
  const bool begun_to_go = was.removing.contains(one.id);
  if (was.stored.contains(one.id) && !begun_to_go)
    BOOST_TEST(store.has(one.id));
  if (was.removed.contains(one.id))
    BOOST_TEST(!store.has(one.id));
  if (store.has(one.id)) { // wholly or not at all
    const auto bytes = store.read(one.id, 0, one.bytes.size() + 1);
    BOOST_REQUIRE(bytes);
    BOOST_TEST((*bytes == one.bytes));
    BOOST_TEST(!!store.unpack(one.id));
    return;
  }
  const auto left = store.progress(one.id);
  BOOST_TEST(left.received <= one.bytes.size());
  const auto acked = was.offset.find(one.id);
  if (acked != was.offset.end() && !was.stored.contains(one.id)
      && acked->second < one.bytes.size())
    BOOST_TEST(left.received >= acked->second);
  if (left.total == 0)
    return;
  // What is left of it is right: the rest completes it.
  BOOST_TEST(left.total == one.bytes.size());
  auto upload = store.resume(one.id, left.received, left.total);
  BOOST_REQUIRE(upload);
  BOOST_REQUIRE(
    (*upload)->write(std::string_view{one.bytes}.substr(left.received)));
  const auto done = (*upload)->commit();
  BOOST_TEST(!!done, (done ? "" : done.error().to_string()));
}

void check_no_orphan(folder_bundle_store& store, const fs::path& root) {
  store.expire_uploads(wall_time::max());
  for (const auto name : {"incoming", "unpacking"})
    BOOST_TEST(fs::is_empty(root / name));
  for (const auto& one : store.list())
    BOOST_TEST(!!store.remove(one.id));
  for (const auto& entry : fs::recursive_directory_iterator{root / "packed"})
    BOOST_TEST(entry.is_directory(), entry.path());
  BOOST_TEST(fs::is_empty(root / "unpacked"));
  BOOST_TEST(fs::is_empty(root / "damaged"));
}

void check_after(const scenario& was, const fs::path& root) {
  folder_bundle_options options;
  options.root = root;
  {
    auto store = folder_bundle_store::open(options);
    BOOST_REQUIRE_MESSAGE(store, (store ? "" : store.error().to_string()));
    for (const auto* one : {&was.old, &was.chunked, &was.whole})
      check_one(**store, *one, was.now);
  }
  auto store = folder_bundle_store::open(options);
  BOOST_REQUIRE(store);
  check_no_orphan(**store, root);
}

uint64_t operations_of_all() {
  const scratch_folder folder{memory_folder()};
  auto disk = std::make_shared<faulty_disk>(folder.path());
  scenario all;
  all.play(disk, folder / "bundles");
  BOOST_REQUIRE(all.now.removed.contains(all.old.id));
  return disk->operations();
}

} // namespace

BOOST_AUTO_TEST_SUITE(bundle_kill_points_test)

  BOOST_AUTO_TEST_CASE(nothing_half_done_is_visible_after_any_stop) {
    const auto last = operations_of_all();
    BOOST_TEST_MESSAGE(last << " operations");
    BOOST_TEST(last > 40u);
    for (uint64_t n = 1; n <= last + 1; ++n)
      for (const auto names : {loss::none, loss::all})
        for (const auto bytes :
             {loss::none, loss::all, loss::torn, loss::zeros}) {
          const scratch_folder before{memory_folder()};
          const scratch_folder after{memory_folder()};
          auto disk = std::make_shared<faulty_disk>(before.path());
          disk->stop_at(n);
          scenario one;
          one.play(disk, before / "bundles");
          disk->crash_into(after.path(), names, bytes);
          BOOST_TEST_CONTEXT("stopped at operation "
                             << n << " (" << disk->log().back()
                             << "), unsynced names " << int(names)
                             << ", bytes " << int(bytes))
          check_after(one, after / "bundles");
        }
  }

  BOOST_AUTO_TEST_CASE(a_full_disk_at_any_operation_leaves_all_as_it_was) {
    const auto last = operations_of_all();
    for (uint64_t n = 1; n <= last; ++n) {
      const scratch_folder folder{memory_folder()};
      auto disk = std::make_shared<faulty_disk>(folder.path());
      disk->full_at(n);
      scenario one;
      one.play(disk, folder / "bundles");
      BOOST_TEST_CONTEXT("full at operation " << n << " ("
                                              << disk->log().back() << ")")
      check_after(one, folder / "bundles");
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
