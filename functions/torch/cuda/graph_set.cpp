#include "functions/torch/cuda/graph_set.hpp"

#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>

#include <mutex>

namespace faas::torch_runtime {
namespace {

/// Recording changes settings of the allocator: one at a time per process.
std::mutex& recording() {
  static std::mutex mutex;
  return mutex;
}

std::vector<c10::IValue> values(const std::vector<at::Tensor>& tensors) {
  std::vector<c10::IValue> made;
  for (const auto& one : tensors)
    made.emplace_back(one);
  return made;
}

/// After a recording that failed the allocator still asks the graph, which will
/// be gone, whether memory is for it.
void stop_allocating(c10::DeviceIndex index, c10::MempoolId_t pool) noexcept {
  try {
    c10::cuda::CUDACachingAllocator::endAllocateToPool(index, pool);
  } catch (const std::exception&) { // it knew already
  }
}

} // namespace

recorded_graph* graph_set::find(int64_t n) {
  const auto found = graphs_.find(n);
  return found == graphs_.end() ? nullptr : found->second.get();
}

void graph_set::offer(int64_t n, const std::vector<at::Tensor>& like,
                      const forward_call& forward) {
  if (!wanted_ || !rule_.record_now(n))
    return;
  auto made = std::make_unique<recorded_graph>();
  std::string why;
  try {
    auto done = record(*made, like, forward);
    if (done) {
      graphs_.emplace(n, std::move(made));
      return;
    }
    why = done.error().message;
  } catch (const std::exception& thrown) {
    why = reason(thrown);
  }
  static_cast<void>(cudaGetLastError()); // the next call must not find it
  drop("its work cannot be recorded: " + why);
}

result<void> graph_set::record(recorded_graph& made,
                               const std::vector<at::Tensor>& like,
                               const forward_call& forward) {
  const std::lock_guard lock{recording()};
  const auto stream = c10::cuda::getCurrentCUDAStream();
  for (const auto& one : like)
    made.inputs.push_back(at::empty_like(one).copy_(one));
  // Once more on this stream: libraries make their workspaces now.
  if (auto warm = forward(values(made.inputs)); !warm)
    return warm.error();
  stream.synchronize();
  if (pool_ == c10::MempoolId_t{0, 0})
    pool_ = at::cuda::graph_pool_handle();
  made.graph.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
  auto output = forward(values(made.inputs));
  try {
    if (output)
      made.output = output->contiguous();
    made.graph.capture_end();
  } catch (const std::exception&) {
    stop_allocating(stream.device_index(), pool_);
    if (output)
      throw;
  }
  if (!output)
    return output.error();
  return {};
}

void graph_set::drop(std::string why) {
  wanted_ = false;
  refused_ = std::move(why);
  graphs_.clear();
}

} // namespace faas::torch_runtime
