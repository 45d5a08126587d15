// A registry as text and back; anything that is cut or changed is noticed.
#include "registry/copy/copy_text.hpp"

#include "registry/copy/porter.hpp"
#include "registry/trust/folder_trust_store.hpp"
#include "registry/trust/restored.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_trust_store.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::registry;
using namespace faas::testing;

namespace {

const std::string key(64, 'a');

registry_copy sample(const secret_sealer& seal) {
  registry_copy copy;
  copy.catalog.at = {"history", 5};
  for (int i = 0; i < 60; ++i)
    apply(copy.catalog, nth_change(copy.catalog, 4));
  copy.has_secrets = true;
  copy.secrets.at = {"history", 12};
  const std::string bytes("any \0 \xff bytes", 13);
  for (const auto* name : {"one", "two"})
    copy.secrets.secrets[secret_name{name}]
      = *seal.seal(secret_name{name}, 3, bytes);
  copy.trust = *seal.seal(secret_name{"trust/ca"}, 1, "keys");
  return copy;
}

result<registry_copy> read(std::string_view text, size_t piece = 100) {
  auto reader = make_copy_reader();
  while (!text.empty()) {
    if (auto ok = reader->add(text.substr(0, piece)); !ok)
      return ok.error();
    text.remove_prefix(std::min(piece, text.size()));
  }
  return reader->end();
}

struct fixture {
  porter here{porter_options{nullptr, {}, 7}};
  std::shared_ptr<const secret_sealer> seal = *here.sealer_of(key);
  registry_copy copy = sample(*seal);
  std::string text = copy_to_text(copy, [](const digest& id) {
    return id.bytes[0] % 2 ? std::optional<uint64_t>{10} : std::nullopt;
  });
};

trust::ledger some_ledger() {
  trust::ledger ledger;
  trust::certificate_entry one;
  one.serial = "01ab";
  one.node = node_name{"edge-1"};
  one.revoked = true;
  one.pem = "PEM";
  ledger.certificates.push_back(one);
  return ledger;
}

result<trust::authority_keys> none() {
  return error{errc::internal, "must not be made"};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(copy_text_test, fixture)

  BOOST_AUTO_TEST_CASE(it_comes_back_as_it_was_in_pieces_of_any_size) {
    for (const size_t piece : {size_t{1}, size_t{77}, text.size()}) {
      const auto back = read(text, piece);
      BOOST_REQUIRE_MESSAGE(back, (back ? "" : back.error().to_string()));
      BOOST_TEST((back->catalog == copy.catalog));
      BOOST_TEST((back->secrets == copy.secrets));
      BOOST_TEST(back->has_secrets);
      BOOST_TEST((back->trust == copy.trust));
    }
    BOOST_TEST(text.find("bytes") == std::string::npos); // no value in clear
    copy.has_secrets = false;
    copy.secrets.secrets.clear();
    copy.trust.reset();
    const auto back = read(copy_to_text(copy, [](auto&) {
      return std::nullopt;
    }));
    BOOST_REQUIRE(back);
    BOOST_TEST(!back->has_secrets);
    BOOST_TEST(!back->trust);
  }

  BOOST_AUTO_TEST_CASE(cut_anywhere_it_is_refused) {
    for (size_t size = 0; size < text.size(); size += 13) {
      const auto back = read(std::string_view{text}.substr(0, size), 5000);
      BOOST_REQUIRE(!back);
    }
    BOOST_TEST(!read(text.substr(0, text.size() - 1)));
    BOOST_TEST(!read(text + "{}\n"));
    // A whole line less.
    auto less = text;
    const auto second = less.find('\n') + 1;
    less.erase(second, less.find('\n', second) + 1 - second);
    const auto refused = read(less);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::digest_mismatch));
  }

  BOOST_AUTO_TEST_CASE(any_changed_byte_is_noticed) {
    for (size_t at = 0; at < text.size(); at += 7) {
      auto changed = text;
      changed[at] ^= 4;
      const auto back = read(changed, 5000);
      BOOST_TEST(!back, "byte " << at);
    }
  }

  BOOST_AUTO_TEST_CASE(a_newer_format_and_strangers_are_told_so) {
    auto newer = text;
    newer.replace(newer.find("\"petrel_registry\":1"), 19,
                  "\"petrel_registry\":2");
    const auto refused = read(newer);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    BOOST_TEST(refused.error().message.find("newer Petrel")
               != std::string::npos);
    for (const auto* other : {"hello\n", "{}\n", "[1]\n", "{\"end\":0}\n",
                              "{\"petrel_registry\":\"x\"}\n", "\n"})
      BOOST_TEST(!read(other));
    BOOST_TEST(!read(std::string(copy_limits::line_bytes + 10, 'x'), 1 << 20));
  }

  BOOST_AUTO_TEST_CASE(keys_of_copies_are_64_hex_digits) {
    BOOST_TEST(!!here.sealer_of(key));
    for (const auto& bad : {std::string{}, key + "a", key.substr(1),
                            std::string(64, 'g'), key.substr(1) + "\n"})
      BOOST_TEST(!here.sealer_of(bad));
    BOOST_TEST(here.new_history() != here.new_history());
  }

  BOOST_AUTO_TEST_CASE(an_authority_travels_sealed_and_waits_for_a_start) {
    test::memory_trust_store from, to;
    const trust::authority_keys old{"old-1", "KEY", "CERTIFICATE"};
    BOOST_REQUIRE(from.authority([&] { return result{old}; }));
    BOOST_REQUIRE(from.change([&](trust::ledger& ledger) -> result<void> {
      ledger = some_ledger();
      return {};
    }));
    BOOST_REQUIRE(to.authority(
      [] { return result{trust::authority_keys{"new-1", "K", "C"}}; }));
    const scratch_folder folder{memory_folder()};
    porter sender{porter_options{&from, {}, 1}};
    porter receiver{porter_options{&to, folder.path(), 2}};
    const auto sealed = sender.copy_trust(*seal);
    BOOST_REQUIRE(sealed);
    BOOST_TEST(sealed->box.find("KEY") == std::string::npos);
    const auto staged = receiver.stage_trust(*sealed, *seal);
    BOOST_REQUIRE(staged);
    BOOST_TEST(*staged == "old-1");
    // Again, and broken off in between: the same.
    BOOST_REQUIRE(receiver.stage_trust(*sealed, *seal));
    BOOST_TEST(*take_over_restored(folder.path()) == "old-1");
    BOOST_TEST(take_over_restored(folder.path())->empty());
    auto store = *folder_trust_store::open(folder.path());
    BOOST_TEST((*store->authority(none) == old));
    BOOST_TEST((store->read() == some_ledger()));
    // Its own authority is not taken over.
    porter itself{porter_options{&from, folder.path(), 3}};
    BOOST_TEST((itself.stage_trust(*sealed, *seal).error().code
                == errc::conflict));
    // A key that is another one, a node that has none.
    BOOST_TEST(!receiver.stage_trust(
      *sealed, **here.sealer_of(std::string(64, 'b'))));
    BOOST_TEST((here.copy_trust(*seal).error().code == errc::unavailable));
    BOOST_TEST(!here.stage_trust(*sealed, *seal));
  }

  BOOST_AUTO_TEST_CASE(a_damaged_authority_that_waits_is_an_error) {
    const scratch_folder folder{memory_folder()};
    write_file(folder / "restored.json", R"({"version":1,"authority":{}})");
    std::filesystem::permissions(folder / "restored.json",
                                 std::filesystem::perms{0600});
    BOOST_TEST(!take_over_restored(folder.path()));
    BOOST_TEST(!std::filesystem::exists(folder / "authority.json"));
  }

  BOOST_AUTO_TEST_SUITE_END()
