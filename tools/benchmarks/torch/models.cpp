#include "tools/benchmarks/torch/models.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <cmath>

namespace torch_bench {
namespace {

/// Collects the source of a forward method and its weights.
class writer {
public:
  writer() {
    module_.register_attribute("training", c10::BoolType::get(), false);
    at::manual_seed(5);
  }

  void line(const std::string& text) { source_ += "    " + text + "\n"; }

  std::string weight(std::vector<int64_t> shape, double scale = 1) {
    int64_t fan_in = 1;
    for (size_t i = 1; i < shape.size(); ++i)
      fan_in *= shape[i];
    const auto name = "w" + std::to_string(count_++);
    module_.register_buffer(
      name, at::randn(shape)
              * (scale * std::sqrt(2.0 / static_cast<double>(fan_in))));
    return "self." + name;
  }

  /// to = conv(from) + bias
  void conv(const std::string& to, const std::string& from, int64_t in,
            int64_t out, int64_t size, int64_t stride, double scale = 1) {
    const auto w = weight({out, in, size, size}, scale), b = weight({out}, 0);
    const auto s = std::to_string(stride), p = std::to_string(size / 2);
    line(to + " = torch.conv2d(" + from + ", " + w + ", " + b + ", [" + s + ", "
         + s + "], [" + p + ", " + p + "])");
  }

  void save(const std::filesystem::path& folder) {
    module_.define(source_);
    std::filesystem::create_directories(folder);
    module_.save((folder / "model.pt").string());
  }

private:
  torch::jit::Module module_{"model"};
  std::string source_ = "def forward(self, x):\n";
  int count_ = 0;
};

void block(writer& to, int64_t in, int64_t out, int64_t stride) {
  to.conv("y", "x", in, out, 3, stride);
  to.conv("y", "torch.relu(y)", out, out, 3, 1, 0.5);
  if (in != out)
    to.conv("x", "x", in, out, 1, stride);
  to.line("x = torch.relu(x + y)");
}

} // namespace

bench_model small_cnn(const std::filesystem::path& folder) {
  writer to;
  to.line("x = x.float() / 255.0");
  to.conv("x", "x", 1, 32, 3, 1);
  to.line("x = torch.max_pool2d(torch.relu(x), [2, 2])");
  to.conv("x", "x", 32, 64, 3, 1);
  to.line("x = torch.max_pool2d(torch.relu(x), [2, 2])");
  to.line("x = torch.relu(torch.matmul(torch.flatten(x, 1), "
          + to.weight({3136, 112}, 0.2) + "))");
  to.line("return torch.matmul(x, " + to.weight({112, 10}) + ")");
  to.save(folder / "small_cnn");
  return {"small CNN 28x28",
          folder / "small_cnn",
          {"x", "UINT8", {-1, 1, 28, 28}, {}, {}},
          784,
          [](const at::Tensor& bytes, int64_t n) {
            return bytes.view({n, 1, 28, 28});
          }};
}

bench_model resnet18(const std::filesystem::path& folder) {
  writer to;
  to.conv("x", "x", 3, 64, 7, 2);
  to.line("x = torch.max_pool2d(torch.relu(x), [3, 3], [2, 2], [1, 1])");
  int64_t in = 64;
  for (const int64_t out : {64, 128, 256, 512})
    for (const int64_t stride : {out == 64 ? 1 : 2, 1}) {
      block(to, in, out, stride);
      in = out;
    }
  to.line("x = torch.flatten(torch.adaptive_avg_pool2d(x, [1, 1]), 1)");
  to.line("return torch.matmul(x, " + to.weight({512, 1000}) + ")");
  to.save(folder / "resnet18");
  const auto constants = [](std::initializer_list<float> values) {
    return at::tensor(values).view({1, 3, 1, 1});
  };
  auto mean = constants({0.485f, 0.456f, 0.406f}),
       deviation = constants({0.229f, 0.224f, 0.225f});
  return {"ResNet-18 224x224",
          folder / "resnet18",
          {"x",
           "UINT8",
           {-1, 224, 224, 3},
           {0.485, 0.456, 0.406},
           {0.229, 0.224, 0.225}},
          150528,
          [mean, deviation](const at::Tensor& bytes, int64_t n) mutable {
            if (mean.device() != bytes.device()) {
              mean = mean.to(bytes.device());
              deviation = deviation.to(bytes.device());
            }
            return bytes.view({n, 224, 224, 3})
              .permute({0, 3, 1, 2})
              .to(at::kFloat)
              .div(255)
              .sub(mean)
              .div(deviation);
          }};
}

} // namespace torch_bench
