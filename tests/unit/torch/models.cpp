#include "tests/unit/torch/models.hpp"

#include <ATen/ATen.h>
#include <boost/test/unit_test.hpp>
#include <torch/csrc/jit/api/module.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>

namespace torch_test {

using namespace faas;

namespace {

/// The same numbers in every run, about -0.5..0.5 / sqrt(fan-in).
at::Tensor weights(std::vector<int64_t> shape) {
  int64_t count = 1, fan_in = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    count *= shape[i];
    fan_in *= i == 0 ? 1 : shape[i];
  }
  return at::arange(count, at::kLong)
    .mul_(40503)
    .bitwise_and_(1023)
    .to(at::kFloat)
    .div_(1024)
    .sub_(0.5)
    .div_(std::sqrt(static_cast<double>(fan_in)))
    .reshape(shape);
}

} // namespace

bundle::bundle() {
  auto name = std::filesystem::temp_directory_path() / "petrel-torch-XXXXXX";
  auto text = name.string();
  BOOST_REQUIRE(::mkdtemp(text.data()));
  folder_ = text;
}

bundle::~bundle() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void write_model(
  const bundle& to, const std::string& source,
  const std::vector<std::pair<std::string, std::vector<int64_t>>>& tensors) {
  torch::jit::Module module{"model"};
  module.register_attribute("training", c10::BoolType::get(), false);
  for (const auto& [name, shape] : tensors)
    module.register_buffer(name, weights(shape));
  module.define(source);
  module.save(to.file().string());
}

void write_cnn(const bundle& to, int64_t channels) {
  write_model(
    to, R"(
def forward(self, x):
    x = x.float() / 255.0
    x = torch.relu(torch.conv2d(x, self.w1, None, [1, 1], [1, 1]))
    x = torch.max_pool2d(x, [2, 2])
    x = torch.relu(torch.conv2d(x, self.w2, None, [1, 1], [1, 1]))
    x = torch.max_pool2d(x, [4, 4])
    return torch.matmul(torch.flatten(x, 1), self.w3)
)",
    {{"w1", {16, channels, 3, 3}}, {"w2", {32, 16, 3, 3}}, {"w3", {288, 10}}});
}

function_spec spec(const std::string& datatype, std::vector<int64_t> shape,
                   const std::string& output) {
  function_spec made;
  made.name = function_name{"model"};
  made.petrel.runtime = runtime_kind::torch;
  made.petrel.kind = artifact_kind::torchscript;
  made.petrel.artifact = "model.pt";
  made.petrel.inputs = {{"x", datatype, std::move(shape)}};
  made.petrel.output = output;
  return made;
}

std::string text(const reply& answer) {
  return answer.code == errc::ok ? std::string{answer.body.view()}
                                 : answer.message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

loaded::loaded(const bundle& from, const function_spec& spec) {
  torch_runtime::runtime runtime{1};
  auto module = runtime.load({{spec.name, 1}, spec, from.folder()});
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(module),
                        (module ? std::string{} : module.error().to_string()));
  module_ = *std::move(module);
  instance_ = instance();
}

reply loaded::invoke(const invocation& event) {
  return instance_->invoke(event, calls);
}

std::unique_ptr<function_instance> loaded::instance() {
  auto made = module_->create_instance();
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(made),
                        (made ? std::string{} : made.error().to_string()));
  return *std::move(made);
}

error load_error(const bundle& from, const function_spec& spec) {
  torch_runtime::runtime runtime{1};
  const auto module = runtime.load({{spec.name, 1}, spec, from.folder()});
  BOOST_REQUIRE(!module);
  BOOST_TEST(!module.error().next_step.empty());
  BOOST_TEST(!has(module.error().message, "\n"));
  return module.error();
}

} // namespace torch_test
