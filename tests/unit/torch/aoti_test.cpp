// AOTInductor packages: what runs, and what is refused before it can do harm.
// data/digits.pt2 is made by tools/train/aoti_package.py.
#include "functions/torch/aoti_package.hpp"
#include "functions/torch/elf_needs.hpp"
#include "tests/unit/torch/models.hpp"

#include <boost/test/unit_test.hpp>
#include <caffe2/serialize/inline_container.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

using namespace faas;
using namespace torch_test;
using namespace faas::torch_runtime;

namespace {

namespace fs = std::filesystem;

fs::path digits() {
  const char* source = std::getenv("PETREL_SOURCE");
  return fs::path{source ? source : "."} / "tests/unit/torch/data/digits.pt2";
}

function_spec package_spec(std::vector<int64_t> shape = {-1, 1, 8, 8}) {
  auto made = spec("UINT8", std::move(shape), "tensor");
  made.petrel.kind = artifact_kind::aoti;
  made.petrel.artifact = "model.pt";
  return made;
}

/// Two images of 8x8.
std::vector<uint8_t> images() {
  std::vector<uint8_t> made(128);
  for (size_t i = 0; i < made.size(); ++i)
    made[i] = static_cast<uint8_t>(i * 37 % 256);
  return made;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The records of the package, changed by the test.
using records = std::map<std::string, std::string>;

records read(const fs::path& file) {
  caffe2::serialize::PyTorchStreamReader archive{file.string()};
  records all;
  for (const auto& name : archive.getAllRecords())
    if (name.starts_with("data/")) {
      const auto [data, size] = archive.getRecord(name);
      all[name].assign(static_cast<const char*>(data.get()), size);
    }
  return all;
}

void write(const fs::path& file, const records& all) {
  caffe2::serialize::PyTorchStreamWriter writer{file.string()};
  for (const auto& [name, bytes] : all)
    writer.writeRecord(name, bytes.data(), bytes.size());
  writer.writeEndOfFile();
}

std::string& library_of(records& all) {
  for (auto& [name, bytes] : all)
    if (name.ends_with(".so"))
      return bytes;
  throw std::runtime_error("no library in the package");
}

/// Replaces text of the same length everywhere.
void replace(std::string& in, const std::string& from, const std::string& to) {
  BOOST_REQUIRE(from.size() == to.size());
  for (auto at = in.find(from); at != in.npos; at = in.find(from, at + 1))
    in.replace(at, from.size(), to);
}

size_t folders_left() {
  size_t count = 0;
  for (const auto& one : fs::directory_iterator{fs::temp_directory_path()})
    count += one.path().filename().string().starts_with("petrel-aoti-");
  return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(aoti_test)

  BOOST_AUTO_TEST_CASE(package_gives_what_python_gave) {
    const bundle files;
    fs::copy_file(digits(), files.file());
    loaded model{files, package_spec()};
    const auto scores = elements<float>(model.invoke(images()));
    const std::vector<float> expected{0.0670f,  -1.9792f, -1.7923f, 1.1627f,
                                      -0.0235f, -2.0414f, -1.7971f, 1.2848f};
    BOOST_REQUIRE(scores.size() == expected.size());
    for (size_t i = 0; i < scores.size(); ++i)
      BOOST_TEST(std::abs(scores[i] - expected[i]) < 2e-4f);
    const auto facts = model.module().facts();
    BOOST_TEST(facts.at("artifact") == "aoti");
    BOOST_TEST(facts.at("isa") == "x86-64-v2");
    BOOST_TEST(facts.at("device") == "cpu");
  }

  BOOST_AUTO_TEST_CASE(nothing_is_left_in_the_temporary_folder) {
    const auto before = folders_left();
    auto package = aoti_package::load(digits(), 1);
    BOOST_REQUIRE(static_cast<bool>(package));
    BOOST_TEST(folders_left() == before);
    BOOST_TEST(!aoti_package::load(digits().parent_path() / "none", 1));
    BOOST_TEST(folders_left() == before);
  }

  BOOST_AUTO_TEST_CASE(instances_run_side_by_side) {
    const bundle files;
    fs::copy_file(digits(), files.file());
    auto manifest = package_spec();
    manifest.petrel.concurrency = 2;
    loaded model{files, manifest};
    const auto expected = elements<float>(model.invoke(images()));
    int wrong[2] = {};
    {
      std::vector<std::jthread> threads;
      for (auto& count : wrong)
        threads.emplace_back([&, one = model.instance()] {
          context calls;
          for (int i = 0; i < 50; ++i)
            count += elements<float>(one->invoke(event(images()), calls))
                     != expected;
        });
    }
    BOOST_TEST(wrong[0] + wrong[1] == 0);
  }

  BOOST_AUTO_TEST_CASE(wrong_tensors_are_refused_by_the_trial_run) {
    const bundle files;
    fs::copy_file(digits(), files.file());
    auto manifest = package_spec({-1, 1, 9, 9});
    BOOST_TEST(has(load_error(files, manifest).message, "trial run"));
    manifest = package_spec();
    manifest.petrel.inputs[0].datatype = "INT32";
    BOOST_TEST(has(load_error(files, manifest).message, "trial run"));
    manifest.petrel.inputs[0].datatype = "FP32";
    BOOST_TEST(has(load_error(files, manifest).message, "trial run"));
  }

  BOOST_AUTO_TEST_CASE(archive_without_a_compiled_model_is_refused) {
    const bundle files;
    write_model(files, "def forward(self, x):\n    return x\n");
    const auto why = load_error(files, package_spec());
    BOOST_TEST(has(why.message, "no model compiled by AOTInductor"),
               why.message);
    std::ofstream{files.file()} << "no zip";
    BOOST_TEST(
      has(load_error(files, package_spec()).message, "cannot be loaded"));
  }

  BOOST_AUTO_TEST_CASE(package_that_wants_libtorch_is_refused_with_advice) {
    const bundle files;
    auto all = read(digits());
    // As a package compiled with the defaults has it.
    replace(library_of(all), std::string{"libgcc_s.so.1\0", 14},
            std::string{"libtorch.so\0\0\0", 14});
    write(files.file(), all);
    const auto why = load_error(files, package_spec());
    BOOST_TEST(has(why.message, "needs libtorch.so"), why.message);
    BOOST_TEST(has(why.next_step, "link_libtorch"), why.next_step);
  }

  BOOST_AUTO_TEST_CASE(package_for_another_machine_is_refused) {
    const bundle files;
    auto all = read(digits());
    for (auto& [name, bytes] : all)
      if (name.ends_with("_metadata.json"))
        replace(bytes, "x86-64-v2", "x86-64-v9");
    write(files.file(), all);
    const auto why = load_error(files, package_spec());
    BOOST_TEST(has(why.message, "x86-64-v9"), why.message);
  }

  BOOST_AUTO_TEST_CASE(broken_library_is_refused_before_it_is_opened) {
    const bundle files;
    auto all = read(digits());
    library_of(all).resize(100);
    write(files.file(), all);
    const auto why = load_error(files, package_spec());
    BOOST_TEST(has(why.message, "broken"), why.message);
  }

  BOOST_AUTO_TEST_CASE(machines_are_compared_by_level) {
    const auto why = [](const char* wanted, const char* machine) {
      return wrong_machine({{"petrel_isa", wanted}}, machine);
    };
    BOOST_TEST(why("x86-64-v3", "x86-64-v3").empty());
    BOOST_TEST(why("x86-64", "x86-64-v4").empty());
    BOOST_TEST(has(why("x86-64-v4", "x86-64-v3"), "this machine is x86-64-v3"));
    BOOST_TEST(has(why("avx10", "x86-64-v4"), "unknown"));
    BOOST_TEST(wrong_machine({}, "x86-64").empty());
    BOOST_TEST(has(wrong_machine({{"AOTI_DEVICE_KEY", "cuda"}}, "x86-64-v4"),
                   "for cuda"));
    BOOST_TEST(!machine_isa().empty());
  }

  BOOST_AUTO_TEST_CASE(needs_are_read_from_bytes_that_cannot_be_trusted) {
    auto all = read(digits());
    const auto good = library_of(all);
    const auto needs = elf_needs(good);
    BOOST_REQUIRE(static_cast<bool>(needs));
    BOOST_TEST(std::count(needs->begin(), needs->end(), "libc.so.6") == 1);
    BOOST_TEST(!elf_needs(""));
    BOOST_TEST(!elf_needs("\x7f"
                          "ELF"));
    // Nothing that is cut or turned over in the head reads out of bounds.
    for (size_t size = 0; size < 2048; size += 7)
      static_cast<void>(elf_needs(std::string_view{good}.substr(0, size)));
    for (size_t at = 0; at < 1024; ++at) {
      auto bad = good;
      bad[at] = static_cast<char>(~bad[at]);
      static_cast<void>(elf_needs(bad));
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
