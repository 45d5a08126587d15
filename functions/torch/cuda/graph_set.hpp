// Recorded work of a model per batch size, replayed instead of launched kernel
// by kernel.
#pragma once

#include "functions/torch/device.hpp"
#include "functions/torch/graph_rule.hpp"

#include <ATen/cuda/CUDAGraph.h>

#include <map>

namespace faas::torch_runtime {

struct recorded_graph {
  at::cuda::CUDAGraph graph;
  std::vector<at::Tensor> inputs; ///< filled before each replay
  at::Tensor output;
};

/// The graphs of one lane; they share memory, for they run one at a time. Used
/// with the lane's stream current.
class graph_set {
public:
  explicit graph_set(bool wanted) : wanted_(wanted) {}

  /// The graph for n; null: run it kernel by kernel.
  recorded_graph* find(int64_t n);
  /// After a run without graph, with the arguments of that run: records one
  /// when n came often enough. A model that cannot be recorded (it waits for
  /// the GPU in the middle) turns this off.
  void offer(int64_t n, const std::vector<at::Tensor>& like,
             const forward_call& forward);
  /// Out of memory: gives the graphs' memory back and records no more.
  void drop(std::string why);

  size_t size() const noexcept { return graphs_.size(); }
  const std::string& refused() const noexcept { return refused_; }

private:
  result<void> record(recorded_graph& made, const std::vector<at::Tensor>& like,
                      const forward_call& forward);

  bool wanted_;
  std::string refused_;
  graph_rule rule_;
  c10::MempoolId_t pool_{0, 0};
  std::map<int64_t, std::unique_ptr<recorded_graph>> graphs_;
};

} // namespace faas::torch_runtime
