// Models for benchmarks, written as TorchScript. Random weights: only their
// time means something.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <string>

namespace torch_bench {

struct bench_model {
  std::string name;
  std::filesystem::path folder; ///< holds model.pt
  faas::tensor_spec input;
  size_t item_bytes = 0;
  /// What a program without Petrel does before the model: from the bytes of n
  /// items on the device to the model's argument.
  std::function<at::Tensor(const at::Tensor& bytes, int64_t n)> prepare;
};

/// Two convolutions on 28x28 grey images, 10 scores; the model divides by 255.
bench_model small_cnn(const std::filesystem::path& folder);
/// A ResNet-18 without batch norm (folded into the convolutions, as a deployed
/// one is): 11.7 M weights, 224x224 colour images with mean and deviation, 1000
/// scores.
bench_model resnet18(const std::filesystem::path& folder);

} // namespace torch_bench
