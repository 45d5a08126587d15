// The whole registry out of a controller and into another one.
#include "actors/control/controller.hpp"

#include "tests/support/actor_fixture.hpp"
#include "tests/support/catalog_commands.hpp"
#include "tests/support/memory_catalog.hpp"
#include "tests/support/memory_secrets.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace faas::testing;

namespace {

const wall_time noon{std::chrono::hours{12}};

struct import_world : actor_fixture {
  ~import_world() {
    stop(actor);
    actor = nullptr;
  }
  void start() {
    controller_config made;
    made.store = catalog;
    made.state = catalog->state();
    made.secrets = {secrets, std::make_shared<plain_sealer>("here"),
                    secrets->state(), catalog->state().at.history};
    made.counters = &counters;
    made.clock = &clock;
    made.publish = [this](local<cluster_view> view) { views.push_back(view); };
    actor = spawn_scheduled_controller(system, std::move(made));
    settle();
  }
  template <class T, class Call, class... Parts>
  result<T> ask(Parts... parts) {
    std::optional<result<T>> got;
    once<T> done{[&](result<T> value) { got = std::move(value); }};
    caf::anon_send(actor, make_local(Call{std::move(parts)..., done}));
    settle();
    BOOST_REQUIRE(got);
    return std::move(*got);
  }
  result<replace_registry_outcome> import(bool replace = false,
                                          const std::string& id = "import") {
    replace_registry_command command;
    command.id = request_id{id};
    command.copy = std::make_shared<const registry_copy>(copy);
    command.opener = travel;
    command.history = "new-history";
    command.replace = replace;
    return ask<replace_registry_outcome, replace_registry_call>(
      std::move(command));
  }
  result<secret_outcome> put(const std::string& name, std::string_view value) {
    return ask<secret_outcome, put_secret_call>(put_secret_command{
      request_id{}, secret_name{name}, secret_text{value}, {}, "ada"});
  }
  /// Two functions, one with a secret, as another registry had them.
  void make_copy() {
    copy.catalog.at = {"old-history", 30};
    auto with = deploy_of("f", 1);
    with.spec.secrets = {"key"};
    apply(copy.catalog, *plan(copy.catalog, with, noon));
    apply(copy.catalog, *plan(copy.catalog, deploy_of("g", 2), noon));
    copy.has_secrets = true;
    copy.secrets.at = {"old-history", 9};
    auto sealed = *travel->seal(secret_name{"key"}, 4, "value");
    sealed.created = sealed.changed = noon;
    sealed.by = "ada";
    copy.secrets.secrets[secret_name{"key"}] = sealed;
  }
  std::string value_here(const std::string& name) {
    const plain_sealer here{"here"};
    auto opened = here.open(secret_name{name},
                            secrets->state().secrets.at(secret_name{name}));
    BOOST_REQUIRE(opened);
    return std::string{opened->view()};
  }

  std::shared_ptr<memory_catalog> catalog = std::make_shared<memory_catalog>();
  std::shared_ptr<memory_secrets> secrets = std::make_shared<memory_secrets>();
  std::shared_ptr<plain_sealer> travel
    = std::make_shared<plain_sealer>("travel");
  registry_copy copy;
  census counters;
  std::vector<local<cluster_view>> views;
  controller_actor actor;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(controller_import_test, import_world)

  BOOST_AUTO_TEST_CASE(an_empty_controller_takes_everything) {
    start();
    make_copy();
    const auto done = import();
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().to_string()));
    BOOST_TEST(done->functions == 2u);
    BOOST_TEST(done->secrets == 1u);
    BOOST_TEST(done->missing.empty());
    BOOST_TEST((done->at == revision{"new-history", copy.catalog.at.number + 1}));
    BOOST_TEST((catalog->state().functions == copy.catalog.functions));
    BOOST_TEST(value_here("key") == "value");
    BOOST_TEST(secrets->state().at.history == "new-history");
    BOOST_TEST(views.back()->versions.size() == 2u);
    // It goes on from there.
    BOOST_TEST(!!put("other", "x"));
    const auto more
      = ask<command_outcome, deploy_call>(deploy_of("h", 3, "after"));
    BOOST_REQUIRE(more);
    BOOST_TEST(more->at.number == done->at.number + 1);
  }

  BOOST_AUTO_TEST_CASE(what_is_here_goes_only_when_told_so) {
    start();
    BOOST_REQUIRE((ask<command_outcome, deploy_call>(deploy_of("mine", 1))));
    BOOST_REQUIRE(put("mine", "x"));
    make_copy();
    const auto before = catalog->state();
    const auto refused = import();
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::conflict));
    BOOST_TEST(refused.error().message.find("1 functions") != std::string::npos);
    BOOST_TEST(refused.error().next_step.find("--replace") != std::string::npos);
    BOOST_TEST((catalog->state() == before));
    BOOST_TEST(value_here("mine") == "x");
    BOOST_REQUIRE(import(true));
    BOOST_TEST((catalog->state().functions == copy.catalog.functions));
    BOOST_TEST(secrets->state().secrets.size() == 1u);
    // Nodes take nothing away for another history: they were told before.
    BOOST_REQUIRE(views.size() > 1);
    const auto& leave = *views[views.size() - 2];
    BOOST_TEST((leave.at == before.at));
    BOOST_TEST(leave.versions.empty());
    BOOST_TEST(views.back()->at.history == "new-history");
    BOOST_TEST(views.back()->versions.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(an_import_that_is_repeated_has_one_effect) {
    start();
    make_copy();
    BOOST_REQUIRE(import());
    const auto after = catalog->state();
    const auto again = import(); // not refused as "not empty", either
    BOOST_REQUIRE(again);
    BOOST_TEST(again->repeated);
    BOOST_TEST((catalog->state() == after));
  }

  BOOST_AUTO_TEST_CASE(a_failure_on_the_way_changes_nothing) {
    start();
    BOOST_REQUIRE(put("mine", "x"));
    make_copy();
    const error full{errc::storage_full, "no room"};
    secrets->fail_next_commit(full); // nothing is staged
    BOOST_TEST((import(true).error().code == errc::storage_full));
    catalog->fail_next_commit(full); // staged, but the catalog does not come
    BOOST_TEST((import(true).error().code == errc::storage_full));
    BOOST_TEST(catalog->state().functions.empty());
    BOOST_TEST(value_here("mine") == "x");
    // A start drops what was staged.
    BOOST_REQUIRE(secrets->settle(catalog->state().at.history));
    BOOST_TEST(value_here("mine") == "x");
    BOOST_TEST(!!put("mine", "y"));
    BOOST_REQUIRE(import(true));
    BOOST_TEST(value_here("key") == "value");
  }

  BOOST_AUTO_TEST_CASE(secrets_that_cannot_settle_now_are_those_of_the_import) {
    start();
    BOOST_REQUIRE(put("mine", "x"));
    make_copy();
    secrets->fail_next_settle({errc::storage_full, "no room"});
    BOOST_REQUIRE(import(true));
    // The store still has the old ones; nobody is given those.
    BOOST_TEST(secrets->state().secrets.contains(secret_name{"mine"}));
    const auto listed
      = ask<std::vector<secret_status>, secrets_call>();
    BOOST_REQUIRE(listed);
    BOOST_REQUIRE(listed->size() == 1);
    BOOST_TEST(listed->front().name.str() == "key");
    BOOST_TEST(!!put("more", "x")); // settles first
    BOOST_TEST(!secrets->state().secrets.contains(secret_name{"mine"}));
    BOOST_TEST(value_here("key") == "value");
  }

  BOOST_AUTO_TEST_CASE(a_lost_answer_of_the_store_is_found_out) {
    start();
    BOOST_REQUIRE(put("mine", "x"));
    make_copy();
    // As if the answer to the catalog's step had been lost.
    catalog->fail_next_commit({errc::unavailable, "lost"});
    BOOST_TEST((import(true).error().code == errc::unavailable));
    auto next = copy.catalog;
    next.at = {"new-history", 99};
    BOOST_REQUIRE(catalog->replace(next, request_id{"import"}));
    BOOST_TEST(!!put("more", "x")); // to those that came
    BOOST_TEST(value_here("more") == "x");
    const auto again = import(true);
    BOOST_REQUIRE(again);
    BOOST_TEST(again->repeated);
    BOOST_TEST(value_here("key") == "value");
    BOOST_TEST(!secrets->state().secrets.contains(secret_name{"mine"}));
  }

  BOOST_AUTO_TEST_CASE(another_key_or_a_changed_secret_changes_nothing) {
    start();
    make_copy();
    travel = std::make_shared<plain_sealer>("another");
    BOOST_TEST((import().error().code == errc::unavailable));
    travel = std::make_shared<plain_sealer>("travel");
    copy.secrets.secrets[secret_name{"key"}].box = "other|eulav";
    BOOST_TEST((import().error().code == errc::internal));
    BOOST_TEST(catalog->state().functions.empty());
    BOOST_TEST(secrets->state().secrets.empty());
  }

  BOOST_AUTO_TEST_CASE(secrets_that_were_left_out_stay_and_missing_are_named) {
    start();
    BOOST_REQUIRE(put("mine", "x"));
    make_copy();
    copy.has_secrets = false;
    copy.secrets.secrets.clear();
    const auto done = import(true);
    BOOST_REQUIRE(done);
    BOOST_TEST(value_here("mine") == "x");
    BOOST_REQUIRE(done->missing.size() == 1);
    BOOST_TEST(done->missing[0].str() == "key");
  }

  BOOST_AUTO_TEST_CASE(a_copy_is_that_of_one_moment_and_sealed_anew) {
    start();
    BOOST_REQUIRE((ask<command_outcome, deploy_call>(deploy_of("f", 1))));
    BOOST_REQUIRE(put("key", "value"));
    const auto without = ask<registry_copy, copy_registry_call>(
      std::shared_ptr<const secret_sealer>{});
    BOOST_REQUIRE(without);
    BOOST_TEST(!without->has_secrets);
    BOOST_TEST(without->secrets.secrets.empty());
    const auto with = ask<registry_copy, copy_registry_call>(
      std::shared_ptr<const secret_sealer>{travel});
    BOOST_REQUIRE(with);
    BOOST_TEST((with->catalog == catalog->state()));
    const secret_name name{"key"};
    const auto opened = travel->open(name, with->secrets.secrets.at(name));
    BOOST_REQUIRE(opened);
    BOOST_TEST(opened->view() == "value");
    BOOST_TEST(!!check(*with));
  }

  BOOST_AUTO_TEST_CASE(what_no_controller_could_have_made_is_refused) {
    start();
    make_copy();
    const auto good = copy;
    const auto refused = [&](const auto& spoil) {
      copy = good;
      auto& f = copy.catalog.functions.at(function_name{"f"});
      spoil(f);
      const auto done = import();
      BOOST_REQUIRE(!done);
      BOOST_TEST((done.error().code == errc::invalid_argument));
      BOOST_TEST(catalog->state().functions.empty());
    };
    refused([](auto& f) { f.current = 7; });
    refused([](auto& f) { f.traffic.weights = {{1, 60}}; });
    refused([](auto& f) { f.traffic.weights = {{1, 60}, {9, 40}}; });
    refused([](auto& f) { f.traffic.aliases = {{"prod", 5}}; });
    refused([](auto& f) { f.traffic.aliases = {{"BAD NAME", 1}}; });
    refused([](auto& f) { f.last = 0; });
    refused([](auto& f) { f.versions.at(1).number = 2; });
    refused([](auto& f) { f.versions.at(1).spec.name = function_name{"x"}; });
    refused([](auto& f) { f.name = function_name{"x"}; });
    copy = good;
    copy.catalog.functions[function_name{"../x"}]
      = copy.catalog.functions.at(function_name{"f"});
    BOOST_TEST(!import());
    copy = good;
    copy.secrets.secrets[secret_name{"../x"}]
      = copy.secrets.secrets.at(secret_name{"key"});
    BOOST_TEST(!import());
    copy = good;
    copy.secrets.secrets.at(secret_name{"key"}).box.resize(100'000);
    BOOST_TEST(!import());
  }

  BOOST_AUTO_TEST_SUITE_END()
