// What loads, what is refused and why.
#include "tests/unit/torch/models.hpp"

#include <boost/test/unit_test.hpp>
#include <caffe2/serialize/inline_container.h>

#include <fstream>

using namespace faas;
using namespace torch_test;

namespace {

const char* const largest = R"(
def forward(self, x):
    return torch.argmax(x, 1)
)";

void expect_bad(const error& why, std::string_view message,
                std::string_view next_step) {
  BOOST_TEST(name(why.code) == "bad_bundle");
  BOOST_TEST(has(why.message, message), why.message);
  BOOST_TEST(has(why.next_step, next_step), why.next_step);
}

/// An archive of PyTorch with these records.
void write_archive(const bundle& to, const std::vector<std::string>& records) {
  caffe2::serialize::PyTorchStreamWriter writer{to.file().string()};
  for (const auto& record : records)
    writer.writeRecord(record, "x", 1);
  writer.writeEndOfFile();
}

} // namespace

BOOST_AUTO_TEST_SUITE(torch_runtime_test)

  BOOST_AUTO_TEST_CASE(module_loads_and_says_what_it_is) {
    const bundle files;
    write_model(files, largest);
    loaded model{files, spec("FP32", {-1, 3})};
    const auto facts = model.module().facts();
    BOOST_TEST(facts.at("artifact") == "torchscript");
    BOOST_TEST(facts.at("input") == "FP32 [n,3], 12 bytes per item");
    BOOST_TEST(facts.at("layout") == "nchw");
    BOOST_TEST(facts.at("stateful") == "no");
    BOOST_TEST(facts.at("threads_per_call") == "1");
    BOOST_TEST(has(facts.at("libtorch"), "."));
  }

  BOOST_AUTO_TEST_CASE(text_file_is_no_torchscript) {
    const bundle files;
    std::ofstream{files.file()} << "weights: none";
    expect_bad(load_error(files, spec("FP32", {-1, 3})),
               "model.pt is no TorchScript archive", "torch.jit.save");
  }

  BOOST_AUTO_TEST_CASE(empty_file_is_no_torchscript) {
    const bundle files;
    std::ofstream{files.file()};
    expect_bad(load_error(files, spec("FP32", {-1, 3})),
               "is no TorchScript archive", "torch.jit.save");
  }

  BOOST_AUTO_TEST_CASE(weights_alone_are_no_model) {
    const bundle files;
    write_archive(files, {"data.pkl"});
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "holds weights",
               "torch.jit.save");
  }

  BOOST_AUTO_TEST_CASE(other_archive_is_no_torchscript) {
    const bundle files;
    write_archive(files, {"models/model.json"});
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "no TorchScript",
               "torch.jit.save");
  }

  BOOST_AUTO_TEST_CASE(archive_with_broken_content_is_refused) {
    const bundle files;
    write_archive(files, {"constants.pkl", "data.pkl"});
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "cannot be loaded",
               "torch.jit.save");
  }

  BOOST_AUTO_TEST_CASE(truncated_archive_is_refused) {
    const bundle files;
    write_model(files, largest);
    std::filesystem::resize_file(files.file(),
                                 std::filesystem::file_size(files.file()) / 2);
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "no readable archive",
               "torch.jit.save");
  }

  BOOST_AUTO_TEST_CASE(missing_or_unnamed_artifact_is_refused) {
    const bundle files;
    auto manifest = spec("FP32", {-1, 3});
    expect_bad(load_error(files, manifest), "no file model.pt",
               "petrel.artifact");
    manifest.petrel.artifact.clear();
    expect_bad(load_error(files, manifest), "names no model",
               "petrel.artifact");
  }

  BOOST_AUTO_TEST_CASE(artifact_outside_the_bundle_is_refused) {
    const bundle files;
    auto manifest = spec("FP32", {-1, 3});
    for (const auto* path :
         {"../model.pt", "a/../../model.pt", "/etc/passwd"}) {
      manifest.petrel.artifact = path;
      expect_bad(load_error(files, manifest), "leaves the bundle", "inside");
    }
  }

  BOOST_AUTO_TEST_CASE(native_artifact_is_refused) {
    const bundle files;
    auto manifest = spec("FP32", {-1, 3});
    manifest.petrel.kind = artifact_kind::native;
    expect_bad(load_error(files, manifest), "kind native", "torchscript");
  }

  BOOST_AUTO_TEST_CASE(
    manifest_without_inputs_or_with_other_output_is_refused) {
    const bundle files;
    write_model(files, largest);
    expect_bad(load_error(files, spec("FP32", {-1, 3}, "picture")), "picture",
               "labels or tensor");
    auto manifest = spec("FP32", {-1, 3});
    manifest.petrel.inputs.clear();
    expect_bad(load_error(files, manifest), "no inputs", "petrel.inputs");
  }

  BOOST_AUTO_TEST_CASE(model_that_fails_its_trial_run_is_refused) {
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    return torch.matmul(x, self.w)
)",
                {{"w", {4, 2}}});
    expect_bad(load_error(files, spec("FP32", {-1, 3})),
               "fails its trial run on FP32 [n,3]", "petrel.inputs");
  }

  BOOST_AUTO_TEST_CASE(model_with_another_result_than_promised_is_refused) {
    const bundle files;
    write_model(files, "def forward(self, x):\n    return \"a label\"\n");
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "returned String",
               "petrel.output");
    write_model(files, "def forward(self, x):\n    return x.unsqueeze(0)\n");
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "FP32 [1,1,3]",
               "petrel.output");
  }

  BOOST_AUTO_TEST_CASE(module_without_forward_is_refused) {
    const bundle files;
    write_model(files, "def predict(self, x):\n    return x\n");
    expect_bad(load_error(files, spec("FP32", {-1, 3})), "no method forward",
               "torch.jit.save");
  }

  BOOST_AUTO_TEST_SUITE_END()
