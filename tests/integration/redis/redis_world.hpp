// A Redis server, catalogs on it, and what they should hold.
#pragma once

#include "registry/redis/redis_catalog.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/redis_server.hpp"

namespace faas::testing {

using registry::redis_catalog;
using registry::redis_catalog_options;

struct redis_world {
  /// What a node on that machine would open.
  redis_catalog_options options(const redis_server& server) {
    redis_catalog_options made;
    made.client = server.client();
    made.witness = notes / "witness";
    made.log = [this](const std::string& line) { log += line + "\n"; };
    return made;
  }
  std::unique_ptr<redis_catalog> open(redis_catalog_options with) {
    auto opened = redis_catalog::open(std::move(with), clock, random);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    return std::move(*opened);
  }

  scratch_folder notes{memory_folder()};
  system_clock_source clock;
  random_source random{7};
  std::string log;
};

inline catalog_state loaded(catalog_store& store) {
  auto state = store.load();
  BOOST_REQUIRE_MESSAGE(state, (state ? "" : state.error().to_string()));
  return *state;
}

/// Commits so many changes of the seeded history.
inline void advance(catalog_store& store, catalog_state& state, int changes,
                    uint64_t seed = 5) {
  for (int i = 0; i < changes; ++i) {
    const auto change = nth_change(state, seed);
    const auto done = store.commit(change);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
    apply(state, change);
  }
}

/// The error must have this code, say these words and what to do.
inline void check_error(const error& failed, errc code, const char* words) {
  BOOST_TEST_CONTEXT(failed.to_string()) {
    BOOST_TEST((failed.code == code));
    BOOST_TEST(failed.message.find(words) != std::string::npos);
    BOOST_TEST(!failed.next_step.empty());
  }
}

template <class T>
void check_refused(const result<T>& outcome, errc code, const char* words) {
  BOOST_REQUIRE(!outcome);
  check_error(outcome.error(), code, words);
}

} // namespace faas::testing
