// The model of examples/classify on the real test images.
#include "libfaas/manifest/manifest.hpp"
#include "tests/unit/torch/models.hpp"

#include <boost/test/unit_test.hpp>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace faas;
using namespace torch_test;

namespace {

constexpr size_t image_bytes = 784;
constexpr size_t images_read = 1200;

/// The first test images of Fashion-MNIST; empty when it is not installed.
std::string test_images() {
  const auto file = ::gzopen("/usr/share/datasets/fashion-mnist/"
                             "t10k-images-idx3-ubyte.gz",
                             "rb");
  if (!file)
    return {};
  std::string bytes(16 + images_read * image_bytes, '\0');
  const auto got
    = ::gzread(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  ::gzclose(file);
  return got == static_cast<int>(bytes.size()) ? bytes.substr(16)
                                               : std::string{};
}

std::filesystem::path example() {
  return std::filesystem::path{std::getenv("PETREL_SOURCE")}
         / "examples/classify";
}

/// What its stack.yml says.
function_spec example_spec() {
  std::ifstream file{example() / "stack.yml"};
  const std::string yaml{std::istreambuf_iterator<char>{file}, {}};
  const auto parsed
    = parse_manifest(yaml, [](auto) { return std::nullopt; });
  BOOST_REQUIRE_MESSAGE(
    static_cast<bool>(parsed),
    (parsed ? std::string{} : parsed.error().to_string()));
  BOOST_REQUIRE(parsed->functions.size() == 1u);
  return parsed->functions.front();
}

std::string expected_labels(size_t first, size_t count) {
  std::ifstream file{example() / "expected-labels.bin", std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{file}, {}};
  BOOST_REQUIRE(all.size() == 10'000u);
  std::string text = "{\"labels\":[";
  for (size_t i = first; i < first + count; ++i)
    text += (i == first ? "" : ",") + std::to_string(all[i]);
  return text + "]}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(classify_test)

  BOOST_AUTO_TEST_CASE(labels_are_the_offline_ones_whatever_the_batch) {
    const auto images = test_images();
    if (images.empty()) {
      BOOST_TEST_MESSAGE("skipped: apt-get install dataset-fashion-mnist");
      return;
    }
    const auto manifest = example_spec();
    torch_runtime::runtime runtime{1};
    auto module = runtime.load({{manifest.name, 1}, manifest, example()});
    BOOST_REQUIRE_MESSAGE(
      static_cast<bool>(module),
      (module ? std::string{} : module.error().to_string()));
    auto instance = (*module)->create_instance();
    BOOST_REQUIRE(instance);
    context calls;
    size_t first = 0;
    for (const size_t n : {1, 2, 8, 38, 300, 17, 64, 100, 250, 47, 48, 49}) {
      BOOST_REQUIRE(first + n <= images_read);
      invocation asked;
      asked.body = blob{images.substr(first * image_bytes, n * image_bytes)};
      BOOST_TEST(text((*instance)->invoke(asked, calls))
                 == expected_labels(first, n));
      first += n;
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
