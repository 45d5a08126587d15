// What every bundle store promises.
#pragma once

#include "libfaas/ports/bundle_store.hpp"
#include "registry/bundles/sha256.hpp"
#include "tests/support/tar_builder.hpp"

#include <boost/test/unit_test.hpp>

namespace faas::testing {

struct sample_bundle {
  std::string bytes;
  digest id;
};

inline sample_bundle sample_bundle_of(const std::string& content) {
  sample_bundle made;
  made.bytes = zstd_packed(tar_builder{}.file("lib/f.so", content).tar());
  made.id = registry::digest_of(made.bytes);
  return made;
}

inline void store_whole(bundle_store& store, const sample_bundle& one) {
  auto upload = store.begin(one.id);
  BOOST_REQUIRE((upload && (*upload)->write(one.bytes)));
  BOOST_TEST(!store.has(one.id)); // not before it is complete
  BOOST_REQUIRE((*upload)->commit());
}

inline void store_whole_again(bundle_store& store, const sample_bundle& one) {
  auto upload = store.begin(one.id);
  BOOST_REQUIRE((upload && (*upload)->write(one.bytes)));
  BOOST_REQUIRE((*upload)->commit());
  BOOST_TEST(store.has(one.id));
}

inline void check_whole_uploads(bundle_store& store) {
  const auto one = sample_bundle_of("one"), two = sample_bundle_of("two");
  BOOST_TEST(!store.has(one.id));
  BOOST_TEST((store.size(one.id).error().code == errc::not_found));
  BOOST_TEST((store.read(one.id, 0, 1).error().code == errc::not_found));
  BOOST_TEST((store.remove(one.id).error().code == errc::not_found));
  store_whole(store, one);
  BOOST_TEST(store.has(one.id));
  BOOST_TEST(*store.size(one.id) == one.bytes.size());
  BOOST_TEST((*store.read(one.id, 0, 1 << 20) == one.bytes));
  BOOST_TEST((*store.read(one.id, 5, 7) == one.bytes.substr(5, 7)));
  BOOST_TEST(store.read(one.id, one.bytes.size(), 7)->empty());
  store_whole(store, two);
  BOOST_TEST(store.list().size() == 2u);
  store_whole_again(store, one);
  BOOST_REQUIRE(store.remove(one.id));
  BOOST_TEST(!store.has(one.id));
  BOOST_TEST(store.list().size() == 1u);
}

inline void check_wrong_bytes(bundle_store& store) {
  const auto one = sample_bundle_of("one");
  for (const bool in_parts : {false, true}) {
    const auto bytes = std::string(one.bytes.size(), 'x');
    auto upload = in_parts ? store.resume(one.id, 0, bytes.size())
                           : store.begin(one.id);
    BOOST_REQUIRE((upload && (*upload)->write(bytes)));
    const auto refused = (*upload)->commit();
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::digest_mismatch));
    upload->reset();
    BOOST_TEST(!store.has(one.id));
    BOOST_TEST(store.progress(one.id).total == 0u);
  }
}

inline void check_parts(bundle_store& store) {
  const auto one = sample_bundle_of("some content");
  const auto total = one.bytes.size();
  const std::string_view all{one.bytes};
  const auto conflict = [&](uint64_t offset, uint64_t of) {
    const auto upload = store.resume(one.id, offset, of);
    return !upload && upload.error().code == errc::conflict;
  };
  BOOST_TEST(conflict(5, total));
  {
    auto first = store.resume(one.id, 0, total);
    BOOST_REQUIRE((first && (*first)->write(all.substr(0, 10))));
    BOOST_TEST(conflict(10, total)); // one at a time
    const auto early = (*first)->commit();
    BOOST_REQUIRE(!early);
    BOOST_TEST((early.error().code == errc::conflict));
  }
  BOOST_TEST(store.progress(one.id).received == 10u);
  BOOST_TEST(store.progress(one.id).total == total);
  for (const auto& [offset, of] :
       {std::pair<uint64_t, uint64_t>{0, total}, {11, total}, {10, total + 1}})
    BOOST_TEST(conflict(offset, of));
  auto given_up = store.resume(one.id, 10, total);
  BOOST_REQUIRE(given_up);
  (*given_up)->discard();
  given_up->reset();
  BOOST_TEST(store.progress(one.id).total == 0u);
  for (size_t at = 0; at < total; at += 30) {
    auto part = store.resume(one.id, at, total);
    BOOST_REQUIRE((part && (*part)->write(all.substr(at, 30))));
    BOOST_REQUIRE((*part)->checkpoint());
    if (at + 30 >= total)
      BOOST_REQUIRE((*part)->commit());
  }
  BOOST_TEST((*store.read(one.id, 0, total) == one.bytes));
  BOOST_TEST(store.progress(one.id).total == 0u);
}

} // namespace faas::testing
