// The catalog's contract, for the engines that exist (Redis with a server of
// its own) and for the fake that other tests rely on.
#include "registry/redis/redis_catalog.hpp"
#include "registry/sqlite/sqlite_catalog.hpp"
#include "tests/support/memory_catalog.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

namespace {

using namespace faas;

struct memory_engine {
  static constexpr size_t remembered = 50;
  catalog_store& store() { return catalog_; }
  void reopen() {}

private:
  testing::memory_catalog catalog_{"memory", remembered};
};

struct sqlite_engine {
  static constexpr size_t remembered = 50;
  sqlite_engine() { reopen(); }
  catalog_store& store() { return *catalog_; }
  void reopen() {
    catalog_.reset();
    registry::sqlite_catalog_options options{folder_ / "catalog.db"};
    options.remembered_requests = remembered;
    auto opened = registry::sqlite_catalog::open(options, random_);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    catalog_ = std::move(*opened);
  }

private:
  testing::scratch_folder folder_{testing::memory_folder()};
  random_source random_{1};
  std::unique_ptr<catalog_store> catalog_;
};

struct redis_engine {
  static constexpr size_t remembered = 50;
  redis_engine() { reopen(); }
  catalog_store& store() { return *catalog_; }
  void reopen() {
    catalog_.reset();
    registry::redis_catalog_options options;
    options.client = server_.client();
    options.witness = server_.folder() / "witness";
    options.remembered_requests = remembered;
    auto opened = registry::redis_catalog::open(options, clock_, random_);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().to_string()));
    catalog_ = std::move(*opened);
  }

private:
  testing::redis_server server_;
  system_clock_source clock_;
  random_source random_{1};
  std::unique_ptr<catalog_store> catalog_;
};

using catalog_engines
  = std::tuple<memory_engine, sqlite_engine, redis_engine>;

} // namespace

BOOST_AUTO_TEST_SUITE(catalog_contract_test)

#include "tests/contract/catalog/catalog_contract.hpp"

  BOOST_AUTO_TEST_SUITE_END()
