#include "functions/torch/model.hpp"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <fstream>

namespace faas::torch_runtime {
namespace {

namespace fs = std::filesystem;
namespace jit = torch::jit;

const char* const how_to_save
  = "save the model with torch.jit.save(torch.jit.script(model.eval()), path)";

error bad(const fs::path& file, const std::string& what) {
  return {errc::bad_bundle, file.filename().string() + " " + what, how_to_save};
}

bool is_zip(const fs::path& file) {
  char head[4] = {};
  std::ifstream stream{file, std::ios::binary};
  stream.read(head, sizeof head);
  return stream && std::string_view{head, 4} == "PK\3\4";
}

/// Lays out the 4-D tensors among the constants of a block.
size_t move_constants(jit::Block& block, memory_layout layout) {
  size_t moved = 0;
  for (auto* node : block.nodes()) {
    for (auto* inner : node->blocks())
      moved += move_constants(*inner, layout);
    if (node->kind() != c10::prim::Constant
        || !node->hasAttribute(c10::attr::value)
        || node->kindOf(c10::attr::value) != jit::AttributeKind::t)
      continue;
    const auto& value = node->t(c10::attr::value);
    if (value.dim() != 4)
      continue;
    node->t_(c10::attr::value, in_layout(value, layout));
    ++moved;
  }
  return moved;
}

/// Frozen when that is possible; the module as it was when not.
jit::Module frozen(jit::Module module) {
  if (!module.hasattr("training"))
    return module; // was saved frozen
  module.eval();
  try {
    return jit::freeze(module);
  } catch (const std::exception&) {
    return module; // runs all the same, with its attributes in place
  }
}

} // namespace

result<void> check_archive(const fs::path& file) {
  std::error_code failed;
  if (!fs::is_regular_file(file, failed))
    return error{errc::bad_bundle,
                 "the bundle has no file " + file.filename().string(),
                 "check petrel.artifact in stack.yml"};
  if (!is_zip(file))
    return bad(file, "is no TorchScript archive");
  try {
    caffe2::serialize::PyTorchStreamReader archive{file.string()};
    if (archive.hasRecord("constants.pkl"))
      return {};
    if (archive.hasRecord("data.pkl"))
      return bad(file, "holds weights or a pickled object, not a model");
    return bad(file, "is an archive, but no TorchScript");
  } catch (const std::exception& thrown) {
    return bad(file, "is no readable archive: " + reason(thrown));
  }
}

result<model> model::load(const fs::path& file, memory_layout layout,
                          c10::Device to) {
  if (auto fits = check_archive(file); !fits)
    return fits.error();
  try {
    model made{frozen(jit::load(file.string(), to)), layout, to};
    if (!made.module_.find_method("forward"))
      return bad(file, "has no method forward");
    if (layout != memory_layout::nchw)
      made.move_weights();
    return made;
  } catch (const std::exception& thrown) {
    return bad(file, "cannot be loaded: " + reason(thrown));
  }
}

result<model> model::open(const model_source& source, memory_layout layout) {
  if (source.kind != artifact_kind::aoti)
    return load(source.file, layout);
  auto package = aoti_package::load(source.file, source.runners);
  if (!package)
    return package.error();
  model made{torch::jit::Module{"package"}, memory_layout::nchw, at::kCPU};
  made.package_ = *std::move(package);
  return made;
}

void model::move_weights() {
  for (const auto& parameter : module_.parameters())
    if (parameter.dim() == 4) {
      parameter.set_data(in_layout(parameter, layout_));
      ++moved_;
    }
  auto graph = module_.get_method("forward").graph();
  moved_ += move_constants(*graph->block(), layout_);
}

model model::copy() const {
  if (package_)
    return *this;
  auto copied = *this;
  copied.module_ = module_.deepcopy();
  return copied;
}

bool model::stateful() const {
  if (package_)
    return false;
  for (const auto& attribute : module_.named_attributes(true))
    if (!attribute.value.isModule() && attribute.name != "training")
      return true;
  return false;
}

result<at::Tensor> model::run(std::vector<c10::IValue> inputs) noexcept try {
  const c10::InferenceMode inference;
  if (package_)
    return package_->run(std::move(inputs));
  auto output = output_tensor(module_.forward(std::move(inputs)));
  if (output && output->device() != place_)
    *output = output->to(place_);
  return output;
} catch (const std::exception& thrown) {
  const auto why = reason(thrown);
  // The interpreter of TorchScript keeps the text of an exception, not its
  // type.
  if (why.find("CUDA out of memory") != why.npos)
    return error{errc::unavailable, why, ""};
  return error{errc::function_failed, "the model failed: " + why,
               "see the function's log"};
} catch (...) {
  return error{errc::function_failed, "the model failed", ""};
}

void prepare_thread(int threads_per_call) noexcept {
  torch::jit::setGraphExecutorOptimize(false);
  // libtorch's OpenMP pools count per thread, too.
  if (at::get_num_threads() != threads_per_call)
    at::set_num_threads(threads_per_call);
}

} // namespace faas::torch_runtime
