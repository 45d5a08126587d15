#include "functions/plugin/plugin.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdlib>
#include <fstream>

using namespace faas;

namespace {

std::filesystem::path build() {
  return std::getenv("PETREL_BUILD");
}

std::filesystem::path fake(int fault) {
  return build() / "lib" / ("libpetrel_fake_" + std::to_string(fault) + ".so");
}

void refused(const std::filesystem::path& library, errc code,
             std::string_view message, std::string_view next_step) {
  const auto loaded = load_plugin(library);
  BOOST_REQUIRE(!loaded);
  const auto& why = loaded.error();
  BOOST_TEST(name(why.code) == name(code));
  BOOST_TEST(why.message.find(message) != std::string::npos, why.message);
  BOOST_TEST(why.next_step.find(next_step) != std::string::npos, why.next_step);
  BOOST_TEST(why.message.find('\n') == std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(plugin_test)

  BOOST_AUTO_TEST_CASE(lies_beside_the_programs) {
    BOOST_TEST(plugin_path("torch", "/opt/petrel/bin")
               == "/opt/petrel/lib/libpetrel_torch.so");
  }

  BOOST_AUTO_TEST_CASE(runtime_of_a_plugin_is_made_with_the_options) {
    plugin_options options;
    options.threads_per_call = 3;
    auto loaded = load_plugin(fake(0), options);
    BOOST_REQUIRE_MESSAGE(
      static_cast<bool>(loaded),
      (loaded ? std::string{} : loaded.error().to_string()));
    BOOST_TEST(((*loaded)->kind() == runtime_kind::torch));
    const function_spec spec;
    const auto module = (*loaded)->load({{}, spec, {}});
    BOOST_REQUIRE(!module);
    BOOST_TEST(module.error().message == "threads 3");
  }

  BOOST_AUTO_TEST_CASE(missing_library_says_how_to_get_it) {
    refused("/nowhere/libpetrel_torch.so", errc::unavailable,
            "no plug-in /nowhere/libpetrel_torch.so", "tools/setup-torch");
  }

  BOOST_AUTO_TEST_CASE(file_that_is_no_library_is_refused) {
    const auto file = std::filesystem::temp_directory_path()
                      / ("petrel-no-library-" + std::to_string(::getpid()));
    std::ofstream{file} << "not a library";
    refused(file, errc::unavailable, "cannot load", "build");
    std::filesystem::remove(file);
  }

  BOOST_AUTO_TEST_CASE(library_without_the_symbol_is_refused) {
    refused("/lib/x86_64-linux-gnu/libm.so.6", errc::internal,
            "no symbol petrel_runtime_v1", "build");
  }

  BOOST_AUTO_TEST_CASE(plugin_of_another_version_is_refused) {
    refused(fake(1), errc::internal, "speaks plug-in version 2, this node 1",
            "build");
  }

  BOOST_AUTO_TEST_CASE(plugin_of_another_build_is_refused) {
    refused(fake(2), errc::internal, "another build", "build");
  }

  BOOST_AUTO_TEST_CASE(plugin_with_a_short_table_is_refused) {
    refused(fake(3), errc::internal, "shorter plug-in table", "build");
  }

  BOOST_AUTO_TEST_CASE(plugin_that_makes_no_runtime_is_refused) {
    refused(fake(4), errc::internal, "made no runtime", "memory");
  }

  BOOST_AUTO_TEST_CASE(torch_plugin_of_this_build_loads) {
#ifdef HAS_TORCH
    auto loaded = load_plugin(plugin_path("torch", build() / "bin"));
    BOOST_REQUIRE_MESSAGE(
      static_cast<bool>(loaded),
      (loaded ? std::string{} : loaded.error().to_string()));
    BOOST_TEST(((*loaded)->kind() == runtime_kind::torch));
#else
    BOOST_TEST_MESSAGE("skipped: built without libtorch (tools/setup-torch)");
#endif
  }

  BOOST_AUTO_TEST_CASE(package_of_aotinductor_runs_behind_the_plugin) {
#ifdef HAS_TORCH
    // Here, as in a node, libtorch is not the program's own library.
    auto loaded = load_plugin(plugin_path("torch", build() / "bin"));
    BOOST_REQUIRE(static_cast<bool>(loaded));
    function_spec spec;
    spec.name = function_name{"digits"};
    spec.petrel.runtime = runtime_kind::torch;
    spec.petrel.kind = artifact_kind::aoti;
    spec.petrel.artifact = "digits.pt2";
    spec.petrel.inputs = {{"x", "UINT8", {-1, 1, 8, 8}}};
    const std::filesystem::path source = std::getenv("PETREL_SOURCE");
    const auto module = (*loaded)->load(
      {{spec.name, 1}, spec, source / "tests/unit/torch/data"});
    BOOST_REQUIRE_MESSAGE(
      static_cast<bool>(module),
      (module ? std::string{} : module.error().to_string()));
    BOOST_TEST((*module)->facts().at("artifact") == "aoti");
#else
    BOOST_TEST_MESSAGE("skipped: built without libtorch (tools/setup-torch)");
#endif
  }

  BOOST_AUTO_TEST_SUITE_END()
