// Which build of a function a machine gets.
#include "libfaas/manifest/check.hpp"
#include "libfaas/manifest/manifest.hpp"
#include "libfaas/manifest/platform.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

digest id_of(uint8_t n) {
  digest made;
  made.bytes[0] = n;
  return made;
}

function_spec spec_of(std::vector<platform_build> builds) {
  function_spec made;
  made.name = function_name{"f"};
  made.petrel.artifact = "f.so";
  uint8_t n = 1;
  for (auto& build : builds) {
    if (build.artifact.empty())
      build.artifact = "f.so";
    build.bundle = id_of(n++);
  }
  made.petrel.platforms = std::move(builds);
  return made;
}

platform_build build(std::string arch, std::string isa,
                     artifact_kind kind = artifact_kind::native) {
  return {"linux", std::move(arch), std::move(isa), kind, {}, {}, {}};
}

int chosen(const function_spec& spec, const machine_platform& machine) {
  const auto made = choose_build(spec, id_of(99), machine);
  return made ? made->bundle.bytes[0] : 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(platform_test)

  BOOST_AUTO_TEST_CASE(without_an_index_every_machine_gets_the_one_bundle) {
    const auto spec = spec_of({});
    BOOST_TEST(chosen(spec, {}) == 99);
    BOOST_TEST(chosen(spec, {"linux", "riscv64", ""}) == 99);
  }

  BOOST_AUTO_TEST_CASE(the_best_that_runs_is_chosen_whatever_the_order) {
    const auto spec
      = spec_of({build("x86_64", "x86-64-v2"), build("x86_64", "x86-64-v4"),
                 build("x86_64", ""), build("aarch64", "armv8-a")});
    BOOST_TEST(chosen(spec, {"linux", "x86_64", "x86-64-v4"}) == 2);
    BOOST_TEST(chosen(spec, {"linux", "x86_64", "x86-64-v3"}) == 1);
    BOOST_TEST(chosen(spec, {"linux", "x86_64", "x86-64"}) == 3);
    BOOST_TEST(chosen(spec, {"linux", "x86_64", ""}) == 3);
    BOOST_TEST(chosen(spec, {"linux", "aarch64", "armv9-a"}) == 4);
    BOOST_TEST(chosen(spec, {"linux", "aarch64", ""}) == 0);
    BOOST_TEST(chosen(spec, {"linux", "riscv64", ""}) == 0);
    BOOST_TEST(chosen(spec, {"freebsd", "x86_64", "x86-64-v4"}) == 0);
    BOOST_TEST(chosen(spec, {}) == 0);
  }

  BOOST_AUTO_TEST_CASE(a_machine_without_a_match_is_told_what_there_is) {
    const auto spec = spec_of({build("x86_64", "x86-64-v4"),
                               build("aarch64", "")});
    auto none = choose_build(spec, {}, {"linux", "x86_64", "x86-64-v2"});
    BOOST_REQUIRE(!none);
    BOOST_TEST(none.error().message
               == "no build for linux/x86_64 (x86-64-v2); there are "
                  "linux/x86_64 (x86-64-v4), linux/aarch64");
    none = choose_build(spec, {}, {});
    BOOST_TEST(none.error().message.find("does not say its platform")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(between_equals_aoti_goes_before_torchscript) {
    auto spec = spec_of({build("x86_64", "", artifact_kind::torchscript),
                         build("x86_64", "", artifact_kind::aoti),
                         build("x86_64", "", artifact_kind::aoti)});
    const auto made
      = choose_build(spec, {}, {"linux", "x86_64", "x86-64"});
    BOOST_REQUIRE(made);
    BOOST_TEST((made->bundle == id_of(2)));
    BOOST_TEST((made->kind == artifact_kind::aoti));
  }

  BOOST_AUTO_TEST_CASE(labels_carry_the_platform) {
    const machine_platform machine{"linux", "x86_64", "x86-64-v3"};
    auto labels = platform_labels(machine);
    labels["zone"] = "hall";
    BOOST_TEST((platform_of(labels) == machine));
    BOOST_TEST((platform_of({}) == machine_platform{}));
  }

  BOOST_AUTO_TEST_CASE(the_index_survives_json) {
    auto spec = spec_of({build("x86_64", "x86-64-v3"), build("aarch64", "")});
    spec.petrel.platforms[1].artifact = "arm/f.so";
    spec.petrel.platforms[1].bundle.reset();
    const auto back = spec_from_json(to_json(spec));
    BOOST_REQUIRE_MESSAGE(back, (back ? "" : back.error().to_string()));
    BOOST_TEST((*back == spec));
    BOOST_TEST(!spec_from_json(R"({"name":"f","petrel":{"platforms":[1]}})"));
    BOOST_TEST(!spec_from_json(
      R"({"name":"f","petrel":{"platforms":[{"arch":"x86_64","bundle":"1"}]}})"));
    BOOST_TEST(!spec_from_json(
      R"({"name":"f","petrel":{"platforms":[{"arch":"vax"}]}})"));
  }

  BOOST_AUTO_TEST_CASE(wrong_builds_are_named) {
    const auto keys = [](const function_spec& spec) {
      std::string all;
      for (const auto& problem : check(spec))
        all += problem.key + " ";
      return all;
    };
    BOOST_TEST(keys(spec_of({build("x86_64", "x86-64-v3")})).empty());
    BOOST_TEST(keys(spec_of({build("vax", "")}))
               == "petrel.platforms[0].arch ");
    BOOST_TEST(keys(spec_of({build("x86_64", ""), build("x86_64", "armv8-a")}))
               == "petrel.platforms[1].isa ");
    BOOST_TEST(keys(spec_of({build("x86_64", "", artifact_kind::aoti)}))
               == "petrel.platforms[0].artifact_kind ");
    auto spec = spec_of({build("x86_64", "")});
    spec.petrel.platforms[0].artifact = "../f.so";
    spec.petrel.platforms[0].os = "plan9";
    BOOST_TEST(keys(spec) == "petrel.platforms[0].os "
                             "petrel.platforms[0].artifact ");
    BOOST_TEST(keys(spec_of({build("x86_64", ""), build("aarch64", ""),
                             build("x86_64", "")}))
               == "petrel.platforms[2] ");
    BOOST_TEST(keys(spec_of(std::vector<platform_build>(
                      17, build("x86_64", ""))))
                 .starts_with("petrel.platforms "));
  }

  BOOST_AUTO_TEST_CASE(bundles_of_a_version_are_named_once) {
    auto spec = spec_of({build("x86_64", ""), build("aarch64", "")});
    BOOST_TEST(all_bundles(spec, id_of(1)).size() == 2u);
    BOOST_TEST(all_bundles(spec, id_of(7)).size() == 3u);
    BOOST_TEST(all_bundles(spec_of({}), id_of(7)).size() == 1u);
  }

  BOOST_AUTO_TEST_SUITE_END()
