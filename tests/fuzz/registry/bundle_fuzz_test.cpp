// Mutated bundles: refused with an error, or unpacked into their folder.
#include "libfaas/core/random.hpp"
#include "registry/bundles/folder_bundle_store.hpp"
#include "registry/bundles/sha256.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tar_builder.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <sys/stat.h>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;
namespace fs = std::filesystem;

namespace {

tar_builder valid() {
  tar_builder tar;
  tar.folder("lib/")
    .file("lib/libf.so", std::string(3000, 's'))
    .link("lib/libf.so.1", "libf.so")
    .add({"././@LongLink", std::string(150, 'n') + std::string(1, '\0'), 'L'})
    .file("cut by the entry before", "long name")
    .add({"pax", "28 path=a/b/from the header\n", 'x'})
    .file("replaced by the header", "pax name")
    .add({"run", "#!/bin/sh\n", '0', "", 0755})
    .link("deep/er/link", "../../run")
    .file("last", "end");
  return tar;
}

/// Text that means something to a reader of archives.
std::string_view token(random_source& random) {
  static constexpr std::string_view tokens[]
    = {"../",        "/",          "..",   "./",   "//",
       "7777777",    "0000",       "-1",   "path", "linkpath=/etc",
       "size=99999", "GNU.sparse", "\0\0", "\xff", "S",
       "L",          "x",          "g"};
  return tokens[random.below(std::size(tokens))];
}

void mutate(std::string& bytes, random_source& random, size_t from,
            size_t length) {
  const auto at = from + random.below(length);
  switch (random.below(4)) {
  case 0:
    bytes[at] = static_cast<char>(random.below(256));
    break;
  case 1:
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
    break;
  case 2: {
    const auto text = token(random);
    bytes.replace(at, std::min(text.size(), bytes.size() - at), text);
    break;
  }
  default: {
    const auto other = from + random.below(length);
    std::swap(bytes[at], bytes[other]);
  }
  }
}

/// Headers are changed and made valid again, so that the changes get through.
std::string mutated_tar(random_source& random) {
  const auto archive = valid();
  auto tar = archive.tar();
  const auto& headers = archive.headers();
  for (auto n = 1 + random.below(4); n > 0; --n) {
    const auto header = headers[random.below(headers.size())];
    mutate(tar, random, header, random.below(3) == 0 ? 1024 : 345);
    fix_tar_checksum(tar, header);
  }
  if (random.below(8) == 0)
    tar.resize(random.below(tar.size()));
  return tar;
}

std::string mutated_bundle(random_source& random) {
  if (random.below(4) != 0)
    return zstd_packed(mutated_tar(random), 1);
  auto packed = zstd_packed(valid().tar(), 1);
  for (auto n = 1 + random.below(6); n > 0; --n)
    mutate(packed, random, 0, packed.size());
  if (random.below(4) == 0)
    packed.resize(random.below(packed.size()));
  return packed;
}

/// Everything below the folder is a file, a folder, or a link that stays.
void check_harmless(const fs::path& folder) {
  const auto inside = fs::canonical(folder).string() + "/";
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    struct stat info {};
    BOOST_REQUIRE(::lstat(entry.path().c_str(), &info) == 0);
    if (S_ISLNK(info.st_mode)) {
      const auto end = fs::weakly_canonical(entry.path()).string() + "/";
      BOOST_TEST(end.starts_with(inside), entry.path());
      continue;
    }
    BOOST_TEST((S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)));
    BOOST_TEST((info.st_mode & (S_ISUID | S_ISGID | 0222)) == 0u);
    BOOST_TEST((S_ISDIR(info.st_mode) || info.st_nlink == 1));
  }
}

/// Names directly in a folder.
std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{folder})
    names.insert(entry.path().filename());
  return names;
}

} // namespace

BOOST_AUTO_TEST_SUITE(bundle_fuzz_test)

  BOOST_AUTO_TEST_CASE(mutated_bundles_are_refused_or_stay_in_their_folder) {
    const scratch_folder folder{memory_folder()};
    folder_bundle_options options{folder / "bundles"};
    options.unpacked.bytes = 1'000'000;
    auto opened = folder_bundle_store::open(options);
    BOOST_REQUIRE(opened);
    auto& store = **opened;
    const auto around = names_in(options.root);
    int accepted = 0, refused = 0;
    for (uint64_t seed = 1; seed <= 1500; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        random_source random{seed};
        const auto bytes = mutated_bundle(random);
        const auto id = digest_of(bytes);
        auto upload = store.begin(id);
        BOOST_REQUIRE(upload);
        BOOST_REQUIRE((*upload)->write(bytes));
        if (const auto done = (*upload)->commit(); !done) {
          BOOST_TEST((done.error().code == errc::bad_bundle),
                     done.error().to_string());
          ++refused;
          continue;
        }
        // What the check let pass can be unpacked.
        const auto at = store.unpack(id);
        BOOST_REQUIRE_MESSAGE(at, (at ? "" : at.error().to_string()));
        check_harmless(*at);
        BOOST_TEST(!!store.remove(id));
        ++accepted;
      }
    }
    BOOST_TEST((names_in(options.root) == around));
    BOOST_TEST((names_in(folder.path()) == std::set<std::string>{"bundles"}));
    BOOST_TEST_MESSAGE(accepted << " accepted, " << refused << " refused");
    // Both ways are really taken.
    BOOST_TEST(accepted > 100);
    BOOST_TEST(refused > 100);
  }

  BOOST_AUTO_TEST_CASE(the_unchanged_bundle_is_accepted) {
    const scratch_folder folder{memory_folder()};
    const auto store = folder_bundle_store::open({folder / "bundles"});
    BOOST_REQUIRE(store);
    const auto bytes = zstd_packed(valid().tar());
    auto upload = (*store)->begin(digest_of(bytes));
    BOOST_REQUIRE((*upload)->write(bytes));
    const auto done = (*upload)->commit();
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
    const auto at = (*store)->unpack(digest_of(bytes));
    BOOST_REQUIRE(at);
    check_harmless(*at);
    BOOST_TEST(read_file(*at / std::string(150, 'n')) == "long name");
    BOOST_TEST(read_file(*at / "a/b/from the header") == "pax name");
  }

  BOOST_AUTO_TEST_SUITE_END()
